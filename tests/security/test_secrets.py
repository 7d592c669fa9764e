"""What comes from the environment is used and never written."""

import json

import pytest
from omegaconf import OmegaConf

from leyden.config.environment import recordable, register, without_values
from leyden.config.secrets import typed_secrets

SECRET = "canary-8c1f0a77e2"

MODEL = """
import torch
from torch import nn

class Asking(nn.Module):
    def __init__(
        self, *, input_shape: tuple, num_outputs: int, api_token: str, crash: bool = False
    ) -> None:
        super().__init__()
        self.api_token, self.crash = api_token, crash
        assert api_token == "canary-8c1f0a77e2", "not passed on"
        self.head = nn.Linear(64, num_outputs)

    def forward(self, x):
        if self.crash and self.training and not x.is_meta:
            raise RuntimeError(f"bad token {self.api_token}")
        return self.head(x.flatten(1))
"""


@pytest.fixture
def asking(tmp_path, user_package, monkeypatch):
    """Words that choose a model that wants a token."""
    user_package("asking", MODEL)
    monkeypatch.setenv("MY_TOKEN", SECRET)
    monkeypatch.delenv("LEYDEN_ENV", raising=False)
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "mine" / "model" / "asking.yaml").write_text(
        "_target_: asking.Asking\napi_token: ???\ncrash: false\n"
    )
    return (
        *("--config-dir", "mine", "model=asking", "model.api_token=${oc.env:MY_TOKEN}"),
        *("trainer.max_steps=2", "trainer.accelerator=cpu", "trainer.log_every_n_steps=1"),
    )


def files_with(secret, folder):
    return [str(p) for p in folder.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()]


def test_a_run_writes_it_nowhere(leyden, asking, tmp_path):
    result = leyden("train", *asking)
    assert result.status == 0, result.err
    assert files_with(SECRET, tmp_path / "outputs") == []
    assert SECRET not in result.out + result.err
    cfg = (result.folder / "config.yaml").read_text()
    assert "api_token: ${oc.env:MY_TOKEN}" in cfg
    assert json.loads((result.folder / "run.json").read_text())["status"] == "completed"
    assert leyden("eval", str(result.folder)).status == 0


def test_a_crash_writes_it_nowhere(leyden, asking, tmp_path):
    result = leyden("train", *asking, "model.crash=true")
    assert result.status == 1
    assert files_with(SECRET, tmp_path / "outputs") == []
    assert SECRET not in result.err
    (log,) = (tmp_path / "outputs").rglob("train.log")
    assert "RuntimeError: bad token ***" in log.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["local", "slurm"])
def test_a_sweep_writes_it_nowhere(leyden, asking, tmp_path, launcher):
    words = ["hydra/launcher=slurm", "hydra.launcher.cluster=local"] if launcher == "slurm" else []
    result = leyden("train", "-m", *asking, "model.crash=false,true", *words)
    assert result.status == 3, result.err
    assert files_with(SECRET, tmp_path / "outputs") == []
    states = [
        job["state"] for job in json.loads((result.folder / "sweep.json").read_text())["jobs"]
    ]
    assert sorted(states) == ["completed", "failed"]


@pytest.mark.parametrize(
    "word",
    [
        "+callbacks.best.token=canary-1",
        "+callbacks.best.api_key=canary-1",
        "+callbacks.best.hf_token=canary-1",
        "+logger.tensorboard.password=canary-1",
        "+model.client_secret=canary-1",
        "+data.credentials=canary-1",
        "+data.url='postgres://user:canary-1@host/db'",
    ],
)
def test_a_secret_that_is_typed_is_refused_and_not_repeated(leyden, tmp_path, word):
    result = leyden("train", word)
    assert result.status == 2
    assert "${oc.env:NAME}" in result.err
    assert "canary-1" not in result.err
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    ("key", "is_secret"),
    [
        *[(key, True) for key in ("token", "hf_token", "API_KEY", "db.password", "client-secret")],
        *[(key, False) for key in ("max_tokens", "mask_token", "eos_token", "tokenizer", "key")],
    ],
)
def test_tokens_of_texts_are_no_secrets(key, is_secret):
    assert bool(list(typed_secrets({key: "text"}))) == is_secret


@pytest.mark.parametrize("value", [None, 5, True, "", "${oc.env:NAME}", "Bearer ${oc.env:NAME}"])
def test_what_is_no_text_or_refers_to_the_environment_is_no_secret(value):
    assert list(typed_secrets({"token": value})) == []


class TestRecordable:
    @pytest.fixture(autouse=True)
    def variables(self, monkeypatch):
        monkeypatch.setenv("MY_TOKEN", SECRET)
        monkeypatch.setenv("WIDTH", "64")
        monkeypatch.delenv("UNSET", raising=False)
        register()

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("${oc.env:MY_TOKEN}", "${oc.env:MY_TOKEN}"),
            ("a ${oc.env:MY_TOKEN} b", "a ${oc.env:MY_TOKEN} b"),
            ("${oc.env:MY_TOKEN,other}", "${oc.env:MY_TOKEN}"),
            ("${oc.env:UNSET,other}", "other"),
            ("${oc.decode:${oc.env:WIDTH}}", 64),
            ("${first}", "${oc.env:MY_TOKEN}"),
            ("${inner.list[0]}", "${oc.env:MY_TOKEN}"),
            ("${inner}", {"list": ["${oc.env:MY_TOKEN}"]}),
            ("${oc.select:first}", "${oc.env:MY_TOKEN}"),
            ("${number}", 3),
            (None, None),
        ],
    )
    def test_it_keeps_the_name_of_a_text_and_resolves_the_rest(self, text, kept):
        cfg = OmegaConf.create(
            {
                "first": "${oc.env:MY_TOKEN}",
                "inner": {"list": ["${oc.env:MY_TOKEN}"]},
                "number": 3,
                "x": text,
            }
        )
        found = recordable(cfg)
        assert found["x"] == kept
        assert SECRET not in json.dumps(found)
        again = OmegaConf.create(found)
        assert recordable(again) == found
        assert OmegaConf.to_container(again, resolve=True) == OmegaConf.to_container(
            cfg, resolve=True
        )

    def test_what_was_read_is_taken_out_of_texts_unless_it_is_short(self):
        cfg = OmegaConf.create({"a": "${oc.env:MY_TOKEN}", "b": "${oc.env:WIDTH}"})
        OmegaConf.to_container(cfg, resolve=True)
        assert without_values(f"bad {SECRET}, 64") == "bad ***, 64"
