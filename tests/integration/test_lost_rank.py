"""One of two processes raises, is killed or hangs: the job ends soon and says which and why."""

import json

import pytest

MODEL = '''
"""A line whose second process fails in the third step."""
import os, signal, time

import torch
from torch import nn


class Failing(nn.Module):
    def __init__(self, *, input_shape: tuple[int, ...], num_outputs: int, fault: str) -> None:
        super().__init__()
        self.fault, self.steps, self.scale = fault, 0, 1.0
        self.head = nn.Linear(input_shape[0] * input_shape[1] * input_shape[2], num_outputs)

    def forward(self, x):
        if self.training and not x.is_meta:
            self.steps += 1
            if self.steps == 3 and os.environ["RANK"] == "1":
                getattr(self, self.fault)()
        return self.head(x.flatten(1)) * self.scale

    def diverge(self): self.scale = float("nan")
    def throw(self): raise ArithmeticError("out of ideas")
    def exhaust(self): raise torch.OutOfMemoryError("no more")
    def kill(self): os.kill(os.getpid(), signal.SIGKILL)
    def hang(self): time.sleep(1000)
'''

FAULTS = {
    "diverge": ("diverged", "Diverged", "train/loss is NaN or infinite at step 3"),
    "throw": ("failed", "ArithmeticError", "rank 1: out of ideas"),
    "exhaust": ("oom", "OutOfMemoryError", "rank 1: no more"),
    "kill": ("failed", "SIGKILL", "rank 1: the process was killed by SIGKILL"),
    "hang": ("failed", "timeout", "rank 1 did not answer within trainer.timeout"),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strategy", "fault"), [*(("ddp", fault) for fault in FAULTS), ("fsdp", "hang")]
)
def test_a_process_that_is_lost_ends_the_run_with_its_reason(
    commands, user_package, strategy, fault
):
    user_package("failing", MODEL)
    (commands.folder / "mine" / "model").mkdir(parents=True)
    file = commands.folder / "mine" / "model" / "failing.yaml"
    file.write_text(f"_target_: failing.Failing\nfault: {fault}\n")
    code, _, err = commands.run(
        *("--config-dir", "mine", "model=failing", f"strategy={strategy}", "trainer.devices=2"),
        *("trainer.accelerator=cpu", "trainer.timeout=8", "run_dir=run", "optimizer=sgd"),
        "baselines=null",
    )
    assert code == (4 if fault == "diverge" else 1)
    record = json.loads((commands.folder / "run" / "run.json").read_text())
    status, kind, message = FAULTS[fault]
    assert (record["status"], record["error"]["type"]) == (status, kind)
    assert record["error"]["message"].startswith(message)
    assert message in err
    assert not commands.left_after()
    assert not list((commands.folder / "run").glob(".rank-*"))
