"""What a sweep costs besides its jobs, over their number."""

import tempfile
from pathlib import Path

from tests.bench.fresh import answer_of
from tests.bench.growth.curve import Curve

JOBS = (1, 10, 30, 100, 300, 1000)
SECONDS = {
    "planning": "planning",
    "jobs": "jobs that end at once",
    "again": "the same command again",
    "write": "writing sweep.json once",
    "report": "report",
}
BYTES = {"manifest": "sweep.json", "memory": "memory with imports"}


def curves(*, quick: bool) -> list[Curve]:
    sizes, measured = JOBS[:-2] if quick else JOBS, []
    for jobs in sizes:
        with tempfile.TemporaryDirectory() as temporary:
            wish = {"jobs": jobs}
            measured.append(answer_of("tests.bench.growth.phases", Path(temporary), wish))
    over = "jobs of a sweep"
    return [
        *(
            Curve(of, over, "s", sizes, [one[phase] for one in measured])
            for phase, of in SECONDS.items()
        ),
        *(
            Curve(of, over, "MB", sizes, [one[thing] / 1e6 for one in measured])
            for thing, of in BYTES.items()
        ),
    ]
