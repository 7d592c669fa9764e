"""What a job of a sweep costs before its first step: warm, cold, and in this very process.

    python -m tests.bench.job_start

Each is the time of a job of one step, with all that surrounds it; a start is what a process of its
own adds to the same job run here.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.distributed.forkserver import start_forkserver
from leyden.distributed.job import JobProcesses, Start
from leyden.distributed.resources import Resources
from leyden.events import ignore
from leyden.planning.resolve import resolve_config
from leyden.training.execute import execute
from leyden.training.run_work import RunWork
from leyden.training.train import prepare

REPETITIONS = 5
ONE_STEP = ("trainer.max_steps=1", "trainer.log_every_n_steps=1", "trainer.accelerator=cpu")


def main() -> None:
    start_forkserver()
    (job,) = compose_request(Request(ONE_STEP)).jobs
    fitted = resolve_config(job.cfg)
    with tempfile.TemporaryDirectory() as root:

        def seconds(number: int, start: Start | None) -> float:
            folder = Path(root) / f"{start}-{number}"
            record = prepare(job, fitted, command=[], folder=folder)
            begin = time.perf_counter()
            if start is None:
                execute(record, observer=ignore)
            else:
                assert (
                    JobProcesses(
                        RunWork(folder), start=start, resources=Resources(threads=1)
                    ).wait()
                    == 0
                )
            return time.perf_counter() - begin

        seconds(-1, "warm"), seconds(-1, None)  # the first waits for the import
        kinds: tuple[Start | None, ...] = (None, "warm", "cold")
        times: dict[Start | None, list[float]] = {kind: [] for kind in kinds}
        for number in range(REPETITIONS):
            for kind in kinds:
                times[kind].append(seconds(number, kind))
    here = statistics.median(times[None])
    for kind in kinds:
        median = statistics.median(times[kind])
        extra = "" if kind is None else f"  start {median - here:.2f} s"
        sys.stdout.write(f"{kind or 'here':<5} {median:.2f} s{extra}\n")


if __name__ == "__main__":
    main()
