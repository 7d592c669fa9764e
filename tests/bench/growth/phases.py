"""What a sweep of so many jobs costs besides its jobs.

python -m tests.bench.growth.phases '{"jobs": 100}'
python -m tests.bench.growth.phases '{"jobs": 300, "profile": "jobs"}'
"""

import cProfile
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from omegaconf import OmegaConf

from leyden.sweeps.record import SweepRecord
from tests.bench.fresh import most_bytes

INSTANT = "tests.bench.growth.instant.Instant"


def main(request: str) -> None:
    from leyden.config.compose import compose_request
    from leyden.config.request import parse_request
    from leyden.events import ignore
    from leyden.planning.resolve import resolve_jobs
    from leyden.sweeps.report import write_report
    from leyden.sweeps.run import run_sweep

    wish = json.loads(request)
    words = parse_request(words_of(wish["jobs"]))
    resolve_jobs(compose_request(parse_request(words_of(2))))  # imports
    sweeps: list[SweepRecord] = []

    def run() -> None:
        plan = compose_request(words)
        assert plan.sweep is not None
        instant = replace(plan.sweep, launcher=OmegaConf.create({"_target_": INSTANT}))
        sweeps.append(run_sweep(replace(plan, sweep=instant), command=[], observer=ignore))

    phases: dict[str, Callable[[], object]] = {
        "planning": lambda: resolve_jobs(compose_request(words)),
        "jobs": run,
        "again": run,
        "write": lambda: sweeps[0].write(),
        "report": lambda: write_report(sweeps[0].folder),
    }
    seconds = {}
    for name, phase in phases.items():
        profile, start = cProfile.Profile(), time.perf_counter()
        profile.runcall(phase) if wish.get("profile") == name else phase()
        seconds[name] = time.perf_counter() - start
        if wish.get("profile") == name:
            from tests.bench.runs import shown

            sys.stdout.write(shown(profile))
            return
    sizes = {"manifest": (sweeps[0].folder / "sweep.json").stat().st_size, "memory": most_bytes()}
    sys.stdout.write(json.dumps({**seconds, **sizes}) + "\n")


def words_of(jobs: int) -> list[str]:
    """A sweep over a learning rate, ten seeds each."""
    seeds = min(jobs, 10)
    rates = ",".join(f"{1e-4 * (number + 1):.4f}" for number in range(max(1, jobs // seeds)))
    return [
        *("-m", "sweep.report=false"),
        *(f"optimizer.adamw_lr={rates}", f"seed=range({seeds})"),
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
