"""The same samples make the same step, however they are dealt out."""

import resource
import sys
from subprocess import run as run_command

import pytest
import torch

from leyden.run.record import Record

GPT = (
    *("model=gpt", "model.width=16", "model.depth=2", "model.head_dim=8", "optimizer=adamw"),
    *("data=stdlib_text", "data.max_bytes=60000", "data.context=16", "data.batch_size=8"),
)


@pytest.mark.slow
def test_the_loss_curve_does_not_depend_on_the_split_of_the_batch(run, losses):
    whole = torch.tensor(losses(run("one", *GPT)))
    splits = [("one", 8), ("one", 4), ("one", 2), ("ddp", 4), ("ddp", 2), ("fsdp", 2)]
    for strategy, micro_batch in splits:
        split = losses(run(strategy, *GPT, f"trainer.micro_batch={micro_batch}"))
        torch.testing.assert_close(torch.tensor(split), whole, rtol=1e-5, atol=0.0)


MIXED = (
    *("model=cnn", "model.width=4", "optimizer=adamw", "data.batch_size=16", "task.mixup=0.4"),
    *("data.translate=1", "task.label_smoothing=0.1"),
)


@pytest.mark.slow
def test_the_loss_curve_of_mixed_images_does_not_depend_on_the_split(run, losses):
    whole = torch.tensor(losses(run("one", *MIXED)))
    for strategy, micro_batch in (("one", 4), ("ddp", 8), ("ddp", 2), ("fsdp", 4)):
        split = losses(run(strategy, *MIXED, f"trainer.micro_batch={micro_batch}"))
        torch.testing.assert_close(torch.tensor(split), whole, rtol=1e-5, atol=0.0)


@pytest.mark.slow
def test_a_run_goes_on_with_another_split(run, losses):
    whole = torch.tensor(losses(run("one", *GPT)))
    first = run("ddp", *GPT, "trainer.micro_batch=2") / "checkpoints" / "step-5.ckpt"
    for strategy, micro_batch in (("one", 8), ("one", 1), ("fsdp", 4)):
        words = (*GPT, f"trainer.micro_batch={micro_batch}")
        rest = torch.tensor(losses(run(strategy, *words, start=first)))
        torch.testing.assert_close(rest, whole[5:], rtol=1e-5, atol=0.0)


LIMITED = """
import os, resource, sys
import leyden.training.train
from leyden.cli import main
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * os.sysconf("SC_PAGE_SIZE") + 1_200_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS"), reason="memory can't be limited here")
def test_where_memory_runs_out_micro_batches_are_halved_and_the_batch_is_kept(tmp_path):
    words = (
        *("train", "run_dir=run", "model=gpt", "model.width=128", "optimizer=adamw"),
        *("data=stdlib_text", "data.batch_size=256", "data.eval_batch_size=2"),
        *("trainer.micro_batch=auto", "trainer.max_steps=1", "trainer.accelerator=cpu"),
        *("trainer.limit_val_batches=1", "trainer.limit_test_batches=1", "callbacks.samples=null"),
    )
    done = run_command(
        [sys.executable, "-c", LIMITED, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "memory ran out" in done.stderr
    assert "batch 256 samples," in done.stderr
    assert "batch 128 samples x 2," in done.stderr
    assert list((tmp_path / "run" / "checkpoints").glob("best-*.ckpt"))


@pytest.mark.slow
def test_an_evaluation_may_ask_for_fewer_samples_than_there_are_processes(run):
    words = (*GPT, "data.max_bytes=20000", "data.eval_batch_size=1", "trainer.max_steps=2")
    one, two = (Record.read(run(strategy, *words)).metrics for strategy in ("one", "ddp"))
    assert two["val/loss"] == pytest.approx(one["val/loss"], rel=1e-5)
    assert two["test/loss"] == pytest.approx(one["test/loss"], rel=1e-5)


def test_validation_comes_after_so_many_optimizer_steps(run):
    words = ("model.width=8", "trainer.accumulate_grad_batches=2", "trainer.max_steps=10")
    often = ("trainer.check_val_every_n_epoch=null", "trainer.val_check_interval=5")
    record = Record.read(run("one", *words, *often))
    assert [step for step, _ in record.monitored] == [5, 10]
