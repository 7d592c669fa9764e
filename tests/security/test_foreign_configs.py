"""Configs of strangers: bombs, references, and paths that lead elsewhere."""

import resource
import time

import pytest
from omegaconf import OmegaConf

from leyden.run.folder import read_frozen

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)
)
BOMBS = {
    "aliases": BOMB,
    "merged aliases": BOMB.replace("[", "{p: [").replace("]", "]}"),
    "depth": "a: " + "[" * 5000 + "]" * 5000,
    "some depth": "a: " + "[" * 40 + "]" * 40,
    "depth that is never closed": "a: " + "[" * 5000,
    "depth of inline mappings": "a: " + "{b: " * 3000 + "}" * 3000,
    "depth of sequences": "- " * 3000,
    "depth of mappings": "".join(f"{' ' * i}a:\n" for i in range(500)),
    "size": "a: " + "x" * 1_500_000,
    "many keys": "".join(f"k{i}: 0\n" for i in range(30_000)),
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_in_a_run_folder_is_refused_at_once(leyden, foreign_run, text):
    (foreign_run / "config.yaml").write_text(text)
    assert_refused_at_once(lambda: leyden("eval", str(foreign_run)))


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_in_a_folder_of_configs_is_refused_at_once(leyden, tmp_path, text):
    (tmp_path / "theirs" / "model").mkdir(parents=True)
    (tmp_path / "theirs" / "model" / "big.yaml").write_text(text)
    assert_refused_at_once(lambda: leyden("train", "--config-dir", "theirs", "model=big"))
    assert not (tmp_path / "outputs").exists()


def assert_refused_at_once(run):
    """The processor's time, since others use the machine too; memory in KiB."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    seconds = time.process_time()
    result = run()
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert result.status == 2
    (line,) = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert "no config needs that" in line
    assert time.process_time() - seconds < 5
    assert after.ru_maxrss - before.ru_maxrss < 200_000


def test_a_broken_file_with_many_brackets_in_its_texts_is_not_called_too_deep(leyden, tmp_path):
    (tmp_path / "theirs" / "model").mkdir(parents=True)
    text = "".join(f"k{i}: '[0, 1)'  # or [1, 2)\n" for i in range(50)) + "a: [\n"
    (tmp_path / "theirs" / "model" / "broken.yaml").write_text(text)
    result = leyden("train", "--config-dir", "theirs", "model=broken")
    assert result.status == 2
    assert "no config needs that" not in result.err


def test_aliases_of_people_are_read(leyden, tmp_path):
    (tmp_path / "theirs" / "data").mkdir(parents=True)
    text = "_target_: leyden.data.Digits\nbatch_size: &size 16\neval_batch_size: *size\n"
    (tmp_path / "theirs" / "data" / "twice.yaml").write_text(text)
    result = leyden("plan", "--config-dir", "theirs", "data=twice", "model.width=8")
    assert result.status == 0, result.err


RESOLVERS = [
    "${eval:__import__('os').mkdir('canary')}",
    "${eval:1+1}",
    "${oc.eval:1}",
    "${python:1}",
    "${shell:mkdir canary}",
    "${import:os}",
    "${oc.create:{_target_:os.system}}",
    "${oc.decode:'[1,2]'}",
    "${oc.select:seed}",
    "${hydra:runtime.cwd}",
    "${now:%Y}",
    "${seed}",
    "${..seed}",
    "${oc.env:HOME",
    "${oc.env:${oc.env:HOME}}",
    "${oc.env:HOME,${seed}}",
]


@pytest.mark.parametrize("text", RESOLVERS)
def test_a_saved_config_refers_to_nothing(leyden, foreign_run, canary, text):
    with (foreign_run / "config.yaml").open("a") as file:
        file.write(f"name: {text!r}\n".replace("name:", "zzz:"))
    result = leyden("eval", str(foreign_run))
    assert result.status == 2
    assert "error: " in result.err
    assert not canary.exists()


@pytest.mark.parametrize("text", RESOLVERS[:6])
def test_no_resolver_runs_code_from_the_command_line(leyden, canary, text):
    result = leyden("train", f"name={text!r}" if "'" not in text else f'name="{text}"')
    assert result.status == 2
    assert not canary.exists()


def test_only_omegaconfs_and_hydras_own_resolvers_are_there(leyden):
    leyden("plan", "model.width=8")
    known = {
        *("oc.env", "oc.create", "oc.decode", "oc.deprecated", "oc.select"),
        *("oc.dict.keys", "oc.dict.values", "now", "hydra", "python_version"),
    }
    from omegaconf.basecontainer import BaseContainer

    assert set(BaseContainer._resolvers) <= known


def test_a_saved_config_does_not_read_the_environment(leyden, changed, monkeypatch):
    monkeypatch.setenv("THEIR_GOAL", "canary-5021")
    monkeypatch.delenv("LEYDEN_ENV", raising=False)
    folder = changed(lambda cfg: cfg.update({"name": "${oc.env:THEIR_GOAL}"}))
    result = leyden("eval", str(folder))
    assert result.status == 2
    assert "canary-5021" not in result.err
    assert "LEYDEN_ENV=THEIR_GOAL" in result.err


def test_it_reads_what_the_user_allows(changed, monkeypatch):
    monkeypatch.setenv("THEIR_GOAL", "canary-5021")
    monkeypatch.setenv("LEYDEN_ENV", "OTHER,THEIR_GOAL")
    folder = changed(lambda cfg: cfg.update({"name": "${oc.env:THEIR_GOAL}"}))
    assert read_frozen(folder).name == "canary-5021"


@pytest.mark.parametrize(
    "text", ["[1, 2]", "just text", "a: [", "\x00", "", "!!python/object:os.x {}"]
)
def test_a_config_that_is_none_gives_one_line(leyden, foreign_run, text):
    (foreign_run / "config.yaml").write_text(text)
    result = leyden("eval", str(foreign_run))
    assert result.status == 2
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dirpath", "/tmp/theirs"),
        ("dirpath", "../theirs"),
        ("dirpath", "checkpoints"),
        ("filename", "../../theirs"),
        ("filename", "/tmp/theirs"),
        ("filename", "a/../../../theirs"),
    ],
)
def test_checkpoints_stay_in_the_runs_folder(leyden, changed, key, value):
    target = "pytorch_lightning.callbacks.ModelCheckpoint"
    node = {"_target_": target, key: value}
    folder = changed(lambda cfg: OmegaConf.update(cfg, "callbacks.theirs", node, force_add=True))
    for words in (
        ("eval", str(folder)),
        ("train", f"+callbacks.theirs={{_target_:{target},{key}:'{value}'}}"),
    ):
        result = leyden(*words)
        assert result.status == 2
        assert f"error: callbacks.theirs.{key}=" in result.err


@pytest.mark.parametrize("key", ["name", "version", "sub_dir"])
def test_loggers_stay_in_the_runs_folder(leyden, key):
    node = f"{{_target_:pytorch_lightning.loggers.TensorBoardLogger,{key}:'../../theirs'}}"
    result = leyden("train", f"+logger.theirs={node}")
    assert result.status == 2
    assert f"error: logger.theirs.{key}=" in result.err
