"""How much memory training takes, next to what `leyden plan` says of it beforehand.

    python -m tests.bench.memory

Each row is a run of two steps in processes of its own, on CPUs. What counts is the most that its
first process held at a time, less the same of a run with a tiny net: Python, torch, the data. The
table goes to outputs/bench/memory.json too.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.distributed.job import JobProcesses
from leyden.distributed.resources import Resources
from leyden.planning.cache import Cache
from leyden.planning.memory import memory_bytes
from leyden.planning.resolve import resolve_config
from leyden.run.record import Record
from leyden.training.run_work import RunWork
from leyden.training.train import prepare

MEGABYTE = 10**6
RESULT = Path("outputs") / "bench" / "memory.json"
# Checkpoints, pictures and large validation batches would take memory of their own.
RUN = (
    *("model=gpt", "data=stdlib_text", "data.max_bytes=300000", "data.eval_batch_size=2"),
    *("optimizer=adamw", "trainer.max_steps=2", "trainer.accelerator=cpu"),
    *("trainer.limit_val_batches=1", "trainer.limit_test_batches=1"),
    *(f"callbacks.{name}=null" for name in ("best", "graph", "samples")),
    "resume.keep=0",
)
TINY = ("model.width=8", "model.depth=1", "model.head_dim=8")
BATCH = ("data.context=256", "data.batch_size=8")
LARGE_VOCABULARY = (
    *BATCH,
    *("model.width=256", "model.depth=4", "model.vocab_size=50257"),
)
ACTIVATIONS = {
    f"recompute {recompute}, loss_chunk {chunk}": (
        *LARGE_VOCABULARY,
        *(f"model.recompute={recompute}", f"task.loss_chunk={chunk}"),
    )
    for recompute in ("none", "block")
    for chunk in (0, 1024)
}
SHARED = ("data.context=16", "data.batch_size=2", "trainer.devices=2")
WEIGHTS = {
    f"{strategy}, 2 processes": (
        *SHARED,
        *("model.width=768", "model.depth=8", f"strategy={strategy}"),
    )
    for strategy in ("ddp", "fsdp")
}


def main() -> None:
    """Prints what was measured and what was planned, and their ratio."""
    # The processes give back what they free. Otherwise glibc keeps pieces of up to 32 MB, such as a
    # gathered block, and what it holds is far more than what is in use (mallopt(3)).
    os.environ["MALLOC_MMAP_THRESHOLD_"] = "65536"
    rows = [
        *compared(ACTIVATIONS, base=(*BATCH, *TINY)),
        *compared(WEIGHTS, base=(*SHARED, *TINY, "strategy=ddp")),
    ]
    sys.stdout.write(f"{'':<34}{'measured':>10}{'planned':>10}{'ratio':>7}\n")
    for row in rows:
        measured, planned = (row[name] / MEGABYTE for name in ("measured", "planned"))
        sizes = f"{measured:>7,.0f} MB{planned:>7,.0f} MB{measured / planned:>7.2f}"
        sys.stdout.write(f"{row['run']:<34}{sizes}\n")
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(rows, indent=2) + "\n")


def compared(runs: dict[str, tuple[str, ...]], *, base: tuple[str, ...]) -> list[dict[str, object]]:
    """A row a run: bytes measured and planned, less those of `base`."""
    least_measured, least_planned = both(base)
    rows = []
    for name, words in runs.items():
        measured, planned = both(words)
        rows.append(
            {
                "run": name,
                "measured": measured - least_measured,
                "planned": planned - least_planned,
            }
        )
    return rows


def both(words: tuple[str, ...]) -> tuple[int, int]:
    """Most bytes that a run's first process held, and what the plan says of it."""
    (job,) = compose_request(Request((*RUN, *words))).jobs
    fitted = resolve_config(job.cfg)
    planned = memory_bytes(fitted.cfg, fitted.spec, Cache())
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "run"
        prepare(job, fitted, command=[], folder=folder)
        devices = fitted.cfg.trainer.devices
        processes = JobProcesses(
            RunWork(folder), world_size=devices, start="cold", resources=Resources(threads=devices)
        )
        code = processes.wait()
        record = Record.read(folder)
    measured = record.peak_memory_bytes
    assert code == 0, record.error
    assert measured is not None
    assert planned is not None
    return measured, planned


if __name__ == "__main__":
    main()
