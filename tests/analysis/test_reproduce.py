"""A run is repeated to the bit, or it is said what differs."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from leyden.testing.faults import faulty

FAMILIES = {
    "mlp": ("model.width=16", "model.dropout=0.2", "data.translate=1"),
    "cnn": ("model=cnn", "model.width=4", "model.norm=batch"),
    "resnet": ("model=resnet", "model.width=4"),
    "vgg": ("model=vgg", "model.width=4"),
    "rnn": ("model=rnn", "model.width=8", "model.dropout=0.2"),
    "gpt": (
        "model=gpt",
        "data=stdlib_text",
        "model.width=16",
        "model.depth=1",
        "model.head_dim=8",
        "data.context=16",
        "data.max_bytes=60000",
    ),
}
LOGGED = ("trainer.log_every_n_steps=1",)
SHORT = (*LOGGED, "data.batch_size=64", "trainer.max_steps=12", "trainer.accelerator=cpu")
SHORT += ("callbacks.graph=null", "callbacks.predictions=null", "callbacks.samples=null")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return tmp_path_factory.mktemp("run") / "run"


@pytest.fixture
def run(made, leyden, tmp_path):
    """The folder of a finished run of an MLP."""
    if not made.exists():
        words = (*FAMILIES["mlp"], *SHORT, f"run_dir={made}")
        assert leyden("train", *words).status == 0
    shutil.copytree(made, tmp_path / "run")
    return Path("run")


def record_of(folder):
    return json.loads((Path(folder) / "run.json").read_text())


def change_record(folder, **values):
    (Path(folder) / "run.json").write_text(json.dumps(record_of(folder) | values))


def repetition():
    (folder,) = Path("outputs/reproduce").iterdir()
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_comes_out_the_same_to_the_bit(family, leyden):
    assert leyden("train", *FAMILIES[family], *SHORT, "run_dir=run").status == 0
    result = leyden("reproduce", "run")
    assert (result.status, result.out) == (
        0,
        "equal to the bit at all 11 recorded steps, and in all"
        f" {sum(name.startswith(('train/', 'val/', 'test/')) for name in metrics_of('run'))}"
        " final metrics\n",
    )
    assert record_of(repetition())["losses"] == record_of("run")["losses"]


def metrics_of(folder):
    return record_of(folder)["metrics"]


def test_fewer_steps_leave_the_schedule_as_it_was(run, leyden):
    result = leyden("reproduce", str(run), "--steps", "9")
    assert (result.status, result.out) == (0, "equal to the bit at all 9 recorded steps\n")
    assert record_of(repetition())["steps"] == 9


def test_a_loss_that_was_tampered_with_is_found(run, leyden):
    losses = record_of(run)["losses"]
    before = torch.tensor(float.fromhex(losses["4"]))
    other = float(torch.nextafter(before, torch.tensor(10.0)))
    change_record(run, losses=losses | {"4": other.hex()})
    result = leyden("reproduce", str(run), "--steps", "5")
    assert result.status == 1
    assert f"the loss at step 4 was {other!r}, now it is {float(before)!r}" in result.out
    assert "; 3 recorded steps before it are equal" in result.out


def test_a_final_metric_that_differs_is_found(run, leyden):
    change_record(run, metrics=metrics_of(run) | {"test/acc": 0.125})
    result = leyden("reproduce", str(run))
    assert result.status == 1
    assert "test/acc was 0.125" in result.out


def test_changed_code_is_named(run, leyden):
    code = json.loads((run / "code.json").read_text())
    (run / "code.json").write_text(json.dumps(code | {"leyden/models/mlp.py": "0" * 16}))
    result = leyden("reproduce", str(run), "--steps", "2")
    assert result.status == 0
    assert "leyden/models/mlp.py" in result.out


def test_another_version_is_named(run, leyden):
    change_record(run, versions=record_of(run)["versions"] | {"torch": "1.0"})
    lines = leyden("reproduce", str(run), "--steps", "2").out.splitlines()
    assert any(line.split()[:2] == ["torch", "1.0"] for line in lines)


def test_a_setting_that_differs_is_named(run, leyden):
    change_record(run, flags=record_of(run)["flags"] | {"matmul_precision": "medium"})
    result = leyden("reproduce", str(run), "--steps", "2")
    assert "matmul_precision" in result.out


def test_it_runs_on_as_many_threads_as_the_run_and_puts_them_back(run, leyden):
    change_record(run, flags=record_of(run)["flags"] | {"threads": 2})
    leyden("reproduce", str(run), "--steps", "2")
    assert record_of(repetition())["flags"]["threads"] == 2
    assert torch.get_num_threads() == 1


@pytest.mark.usefixtures("user_files")
def test_other_data_is_refused_and_named(leyden):
    words = ("data=csv", "data.path=houses.csv", "data.target=price", *LOGGED)
    assert leyden("train", *words, "trainer.max_steps=2", "run_dir=run").status == 0
    text = Path("houses.csv").read_text()
    Path("houses.csv").write_text(text.replace("1,Delft,", "2,Delft,", 1))
    result = leyden("reproduce", "run")
    assert result.status == 2
    assert "error: data (content)=" in result.err
    assert not Path("outputs").exists()


def test_a_run_without_losses_says_so(run, leyden):
    change_record(run, losses={})
    result = leyden("reproduce", str(run))
    assert result.status == 2
    assert "has recorded no losses to compare with" in result.err


@pytest.mark.parametrize("words", [("nowhere",), (), ("run", "--steps", "0"), ("run", "--fast")])
def test_a_wrong_request_is_refused_in_a_line(words, leyden):
    result = leyden("reproduce", *words)
    assert result.status == 2
    assert len(result.err.splitlines()) == 2


def test_a_run_that_did_not_end_is_repeated_as_far_as_it_came(run, leyden):
    losses = {step: loss for step, loss in record_of(run)["losses"].items() if int(step) <= 5}
    change_record(run, status="interrupted", losses=losses)
    result = leyden("reproduce", str(run))
    assert (result.status, result.out) == (0, "equal to the bit at all 5 recorded steps\n")


def test_a_step_that_was_not_reached_is_said(run, leyden):
    change_record(run, losses=record_of(run)["losses"] | {"99": "0x1p+0"})
    result = leyden("reproduce", str(run))
    assert result.status == 1
    assert "1 recorded steps were not reached, 11 are equal" in result.out


CHANCE = """
import os
from torch import nn


class Chance(nn.Module):
    def __init__(self, *, input_shape: tuple[int, ...], num_outputs: int) -> None:
        super().__init__()
        self.head = nn.Linear(input_shape[0] * input_shape[1] * input_shape[2], num_outputs)

    def forward(self, x):
        noise = int.from_bytes(os.urandom(4), "big") if not x.is_meta else 0
        return self.head(x.flatten(1)) * (1 + noise / 2**32)
"""


def test_chance_that_no_seed_decides_is_found_and_named(leyden, user_package):
    user_package("chance", CHANCE)
    Path("mine/model").mkdir(parents=True)
    Path("mine/model/chance.yaml").write_text("_target_: chance.Chance\n")
    words = ("--config-dir", "mine", "model=chance", *SHORT, "run_dir=run")
    assert leyden("train", *words).status == 0
    result = leyden("reproduce", "run", "--steps", "3")
    assert result.status == 1
    assert "not equal: the loss at step 1 was" in result.out
    assert "an operation is not deterministic" in result.out


def test_a_repetition_that_is_stopped_says_so(run, leyden):
    with faulty("SIGTERM@step:3"):
        result = leyden("reproduce", str(run))
    assert result.status == 75
    assert "interrupted: SIGTERM at step 3" in result.err


def test_a_run_that_was_made_longer_is_told_from_one_that_was_not(run, leyden):
    losses = record_of(run)["losses"] | {"4": "0x1p+0"}
    resumed = [{"at": "", "command": [], "changes": ["trainer.max_steps=12"]}]
    change_record(run, losses=losses, resumed=resumed)
    result = leyden("reproduce", str(run), "--steps", "5")
    assert "resumed under another config: trainer.max_steps=12" in result.out


@pytest.mark.slow
def test_a_resumed_run_is_repeated(leyden):
    with faulty("SIGTERM@step:6"):
        assert leyden("train", *FAMILIES["mlp"], *SHORT, "run_dir=run").status == 75
    assert leyden("resume", "run").status == 0
    result = leyden("reproduce", "run")
    assert result.status == 0
    assert "equal to the bit at all 11 recorded steps" in result.out


@pytest.mark.slow
def test_a_job_of_a_sweep_is_repeated(leyden):
    words = ("train", "-m", "optimizer=sgd,adamw", "model.width=16", *SHORT, "sweep.report=false")
    folder = leyden(*words).folder
    job = next(folder.glob("adamw*"))
    result = leyden("reproduce", str(job))
    assert result.status == 0
    assert "equal to the bit at all 11 recorded steps" in result.out


@pytest.mark.slow
@pytest.mark.parametrize("steps", [None, 5])
def test_a_run_of_two_processes_is_repeated(steps, leyden):
    words = (*FAMILIES["mlp"], *SHORT, "strategy=ddp", "trainer.devices=2", "run_dir=run")
    assert leyden("train", *words).status == 0
    result = leyden("reproduce", "run", *(() if steps is None else ("--steps", str(steps))))
    assert result.status == 0
    assert f"equal to the bit at all {steps or 11} recorded steps" in result.out
