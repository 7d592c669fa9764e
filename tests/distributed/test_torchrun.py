"""torchrun starts the processes of a run, here on one machine as if it were two."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

TINY = (
    *("model=gpt", "model.width=16", "model.depth=1", "model.head_dim=8", "optimizer=adamw"),
    *("data=stdlib_text", "data.max_bytes=60000", "data.context=16", "data.batch_size=8"),
    *("trainer.max_steps=3", "trainer.accelerator=cpu", "trainer.timeout=60", "baselines=null"),
)
TORCHRUN = (sys.executable, "-m", "torch.distributed.run")


def start(*words):
    return subprocess.Popen(
        [*TORCHRUN, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_machines_share_a_run_in_one_folder(tmp_path, strategy):
    meet = (f"--rdzv-endpoint=127.0.0.1:{free_port()}", "--rdzv-backend=c10d", "--rdzv-id=test")
    words = (*TINY, f"strategy={strategy}", "trainer.num_nodes=2")
    machines = [
        start("--nnodes=2", "--nproc-per-node=1", *meet, "-m", "leyden", "train", *words)
        for _ in range(2)
    ]
    answers = [machine.communicate(timeout=150) for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], answers
    (said,) = [out for out, _ in answers if out]  # the first process speaks for all
    (folder,) = tmp_path.glob("outputs/[!.]*/*")  # not the baselines
    assert folder == Path(said.splitlines()[-1]).absolute()
    record = json.loads((folder / "run.json").read_text())
    assert (record["status"], record["steps"]) == ("completed", 3)


@pytest.mark.slow
def test_another_number_of_processes_than_the_config_says_is_refused(tmp_path):
    words = (*TINY, "strategy=ddp", "trainer.devices=3")
    process = start("--standalone", "--nproc-per-node=2", "-m", "leyden", "train", *words)
    _, err = process.communicate(timeout=100)
    assert err.count("x num_nodes=1 are 3 processes, torchrun has started 2") == 1
    assert not (tmp_path / "outputs").exists()
