"""A stack of tiny runs in this process, and where its time goes.

python -m tests.bench.stack_profile 16 '["model.width=32"]'
"""

import contextlib
import cProfile
import io
import json
import sys
from pathlib import Path

import torch

from tests.bench.runs import shown


def main(size: str, words: str) -> None:
    torch.set_num_threads(1)  # as the launcher does
    from leyden.config.compose import compose_request
    from leyden.config.request import parse_request
    from leyden.distributed.worker import Rank
    from leyden.events import ignore
    from leyden.planning.resolve import resolve_config
    from leyden.stacked.stacked_work import StackedWork
    from leyden.training.run_work import RunWork
    from leyden.training.train import prepare

    seeds = f"seed={','.join(map(str, range(int(size))))}"
    plan = compose_request(parse_request(["-m", seeds, *json.loads(words)]))
    runs = []
    for number, job in enumerate(plan.jobs):
        folder = Path(f"run-{number}")
        prepare(job, resolve_config(job.cfg), command=[], folder=folder)
        runs.append(RunWork(folder, ignore))
    profile = cProfile.Profile()
    with contextlib.redirect_stderr(io.StringIO()):
        profile.runcall(StackedWork(runs[0].folder, tuple(runs)), Rank())
    sys.stdout.write("PROFILE\n" + shown(profile))


if __name__ == "__main__":
    main(*sys.argv[1:])
