"""How runs end other than well, and what the record says then."""

import json
import signal

import pytest

from leyden.run.checkpoints import LAST, find_intact, read_step


def record_of(folder):
    return json.loads((folder / "run.json").read_text())


@pytest.fixture
def broken_model(tmp_path, user_package):
    """A user's model that raises in its forward pass."""
    user_package(
        "broken_models",
        "from torch import nn\n"
        "class Broken(nn.Module):\n"
        "    def __init__(self, *, input_shape, num_outputs):\n"
        "        super().__init__()\n"
        "        self.head = nn.Linear(64, num_outputs)\n"
        "    def forward(self, x):\n"
        "        if not x.is_meta: raise RuntimeError('out of ideas')\n"
        "        return self.head(x.flatten(1))\n",
    )
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "mine" / "model" / "broken.yaml").write_text("_target_: broken_models.Broken\n")


def test_a_run_that_diverges_says_so(leyden):
    result = leyden("train", "optimizer=sgd", "optimizer.lr=1e30", "trainer.gradient_clip_val=null")
    assert result.status == 4
    assert record_of(result.folder)["status"] == "diverged"
    assert "lower optimizer.lr" in result.err


@pytest.mark.usefixtures("broken_model")
def test_a_run_that_raises_is_failed_and_its_log_has_the_traceback(leyden):
    result = leyden("train", "--config-dir", "mine", "model=broken")
    assert result.status == 1
    assert record_of(result.folder)["status"] == "failed"
    assert record_of(result.folder)["error"]["message"] == "out of ideas"
    assert "Traceback" in (result.folder / "train.log").read_text()
    assert "Traceback" not in result.err


def test_one_diverging_job_costs_the_sweep_no_other(leyden):
    result = leyden(
        "train",
        "-m",
        "optimizer=sgd",
        "optimizer.lr=1e30,0.1",
        "trainer.gradient_clip_val=null",
        "trainer.max_steps=5",
    )
    statuses = {record_of(path.parent)["status"] for path in result.folder.glob("*/run.json")}
    assert result.status == 3
    assert statuses == {"diverged", "completed"}


@pytest.fixture
def start_long_run(commands):
    """Starts a run that lasts."""

    def start(*words):
        length = ("trainer.max_epochs=100000", "resume.every_steps=20")
        process = commands.start("run_dir=run", *length, *words)
        checkpoints = commands.folder / "run" / "checkpoints"
        commands.wait_for(lambda: list(checkpoints.glob("step-*.json")))
        return process

    return start


def assert_interrupted(process, folder):
    """It ended by itself, with a checkpoint of the step that it had reached."""
    process.communicate(timeout=60)
    record = record_of(folder)
    checkpoint, _ = find_intact(folder, LAST)
    assert process.returncode == 75
    assert record["status"] == "interrupted"
    assert read_step(checkpoint) == record["steps"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_ends_a_run_after_a_step_with_a_checkpoint(number, start_long_run, tmp_path):
    process = start_long_run()
    process.send_signal(number)
    assert_interrupted(process, tmp_path / "run")


@pytest.mark.slow
def test_a_signal_to_a_run_of_two_processes_ends_both_with_a_checkpoint(start_long_run, tmp_path):
    words = ("strategy=ddp", "trainer.devices=2", "trainer.accelerator=cpu")
    process = start_long_run(*words)
    process.send_signal(signal.SIGTERM)
    assert_interrupted(process, tmp_path / "run")


@pytest.mark.slow
def test_a_killed_run_is_listed_as_crashed(start_long_run, leyden):
    process = start_long_run()
    (before,) = json.loads(leyden("runs", ".", "--json").out)
    process.kill()
    process.communicate(timeout=60)
    (after,) = json.loads(leyden("runs", ".", "--json").out)
    assert (before["status"], after["status"]) == ("running", "crashed")
