"""What checkpoints to go on from add to the time of `gpt_shakespeare`.

    python -m tests.bench.resume                        # with ../shared's text: data.path=FILE
    python -m tests.bench.resume data.path=FILE

Both sides are the experiment's own run of 400 steps in a process of its own, in turn; one writes a
checkpoint every 100 steps, the other none at all. Compared is the time of training alone. The
figures go to outputs/bench/resume.json too.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.distributed.job import JobProcesses
from leyden.distributed.resources import Resources
from leyden.planning.resolve import resolve_config
from leyden.run.record import Record
from leyden.training.run_work import RunWork
from leyden.training.train import prepare

REPETITIONS = 7
RESULT = Path("outputs") / "bench" / "resume.json"
RUN = (
    *("experiment=gpt_shakespeare", "trainer.max_steps=400", "trainer.val_check_interval=400"),
    *("callbacks.best=null", "callbacks.graph=null", "callbacks.samples=null"),
    *("trainer.limit_val_batches=1", "trainer.limit_test_batches=1", "resume.every_minutes=null"),
)
SIDES = {"without": "resume.keep=0", "every 100 steps": "resume.every_steps=100"}


def main() -> None:
    """Prints both medians, their ratio, and its spread."""
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    for number in range(REPETITIONS + 1):
        for side, word in SIDES.items():
            taken = train_seconds((*RUN, word, *sys.argv[1:]))
            if number:  # the first warms up
                seconds[side].append(taken)
    without, with_them = seconds.values()
    ratios = [ours / theirs for ours, theirs in zip(with_them, without, strict=True)]
    result = {
        "seconds": {side: round(statistics.median(times), 3) for side, times in seconds.items()},
        "ratio": round(statistics.median(ratios), 4),
        "spread": [round(min(ratios), 4), round(max(ratios), 4)],
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


def train_seconds(words: tuple[str, ...]) -> float:
    """Time that a run spends in training."""
    (job,) = compose_request(Request(words)).jobs
    with tempfile.TemporaryDirectory() as folder:
        prepare(job, resolve_config(job.cfg), command=[], folder=Path(folder))
        assert JobProcesses(RunWork(Path(folder)), resources=Resources(threads=1)).wait() == 0
        seconds = Record.read(Path(folder)).train_seconds
    assert seconds is not None
    return seconds


if __name__ == "__main__":
    main()
