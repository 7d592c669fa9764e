"""A launcher whose jobs end at once: what a sweep takes with it is what the sweep itself costs."""

import json
import random
from pathlib import Path

from leyden.sweeps.launchers import JobEnd, JobSpec

METRIC = "val/loss"
VALIDATIONS = 5
ROW = "{step},{step},{loss}\n"


class Instant:
    """Writes a record and curves such as a short run leaves."""

    slots = 2

    def __init__(self) -> None:
        self.ended: list[JobEnd] = []

    def prepare(self, sweep: Path, largest: JobSpec) -> None:
        """Nothing."""

    def start(self, task: JobSpec) -> None:
        write_result(task.folder)
        self.ended.append(JobEnd(task.folder))

    def wait(self, seconds: float) -> list[JobEnd]:
        ended, self.ended = self.ended, []
        return ended

    def stop(self) -> None:
        """Nothing: no job is running."""

    def kill(self) -> None:
        """Nothing: no job is running."""

    def close(self) -> None:
        """Nothing is held."""


def write_result(folder: Path) -> None:
    """Makes a prepared job a completed one."""
    losses = [random.Random(folder.name).random() / step for step in range(1, VALIDATIONS + 1)]
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    record |= {
        "status": "completed",
        "started": "2026-01-01T00:00:00+00:00",
        "ended": "2026-01-01T00:00:01+00:00",
        "seconds": 1.0,
        "train_seconds": 0.5,
        "steps": 10 * VALIDATIONS,
        "monitored": [[10 * number, loss] for number, loss in enumerate(losses, 1)],
        "metrics": {METRIC: losses[-1], "test/loss": losses[-1]},
        "best": {
            "metric": METRIC,
            "value": min(losses),
            "step": 10 * VALIDATIONS,
            "checkpoint": None,
        },
    }
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    rows = [ROW.format(step=10 * number, loss=loss) for number, loss in enumerate(losses, 1)]
    (folder / "metrics.csv").write_text("epoch,step,val/loss\n" + "".join(rows), encoding="utf-8")
