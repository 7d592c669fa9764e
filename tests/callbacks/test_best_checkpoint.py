"""Which checkpoints are the best, and when they are written."""

import pytest
import torch

from leyden.callbacks import best_checkpoint
from leyden.run.checkpoints import BEST, checkpoints_in
from leyden.testing.faults import faulty

OFTEN = (
    *("model.width=8", "trainer.max_steps=30", "trainer.check_val_every_n_epoch=null"),
    *("trainer.val_check_interval=2", "callbacks.best.keep=2", "resume.every_steps=10"),
    *("callbacks.graph=null", "callbacks.predictions=null", "baselines=null"),
    "trainer.accelerator=cpu",
)


def steps_of(folder):
    return {marker.step for _, marker in checkpoints_in(folder / "checkpoints", BEST)}


def scores_in(path):
    callbacks = torch.load(path, weights_only=True)["callbacks"]
    return callbacks["BestCheckpoint"]["scores"]


def test_those_that_waited_are_those_that_would_have_been_written_at_once(leyden, monkeypatch):
    waited = leyden("train", *OFTEN, "run_dir=waited").folder
    monkeypatch.setattr(best_checkpoint, "SECONDS_BETWEEN", 0.0)
    at_once = leyden("train", *OFTEN, "run_dir=at_once").folder
    assert steps_of(waited) == steps_of(at_once)
    for step in steps_of(at_once):
        one, other = (
            torch.load(folder / f"checkpoints/best-{step}.ckpt", weights_only=True)
            for folder in (waited, at_once)
        )
        torch.testing.assert_close(one["state_dict"], other["state_dict"], rtol=0, atol=0)
        torch.testing.assert_close(
            one["optimizer_states"], other["optimizer_states"], rtol=0, atol=0
        )


@pytest.mark.parametrize("killed_at", [11, 21, 25])
def test_whoever_is_killed_has_all_that_a_checkpoint_to_go_on_from_knows(
    killed_at, leyden, tmp_path
):
    from leyden.config.compose import compose_request
    from leyden.config.request import Request
    from leyden.distributed.job import JobProcesses
    from leyden.planning.resolve import resolve_config
    from leyden.training.run_work import RunWork
    from leyden.training.train import prepare

    (job,) = compose_request(Request(OFTEN)).jobs
    folder = prepare(job, resolve_config(job.cfg), command=[], folder=tmp_path / "run").folder
    with faulty(f"SIGKILL@step:{killed_at}"):
        assert JobProcesses(RunWork(folder)).wait() == -9
    last = max((folder / "checkpoints").glob("step-*.ckpt"), key=lambda p: int(p.stem[5:]))
    assert steps_of(folder) == set(scores_in(last))
