"""A sweep on disk, as Python sees it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leyden.api.run import Run
from leyden.errors import ConfigError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from leyden.sweeps.record import JobEntry, SweepRecord


@dataclass(frozen=True, repr=False)
class Sweep:
    """A sweep on disk.

    Attributes:
        record: Content of its `sweep.json`.
    """

    record: "SweepRecord"

    @property
    def folder(self) -> Path:
        """Folder of the sweep."""
        return self.record.folder

    @property
    def status(self) -> str:
        """`completed`, `failed` (a job did not end well), `interrupted`, `running`, `crashed`."""
        return self.record.status

    @property
    def jobs(self) -> "list[JobEntry]":
        """The jobs, with the state and the objective of each."""
        return self.record.jobs

    def runs(self) -> list[Run]:
        """The runs of the jobs that were started."""
        from leyden.run.record import Record

        folders = [self.folder / job.folder for job in self.jobs if job.folder is not None]
        return [Run(Record.read(one)) for one in folders if (one / "run.json").is_file()]

    def table(self) -> "pd.DataFrame":
        """A row a job: what it was set to, its state, its objectives, its test metrics."""
        import pandas as pd

        from leyden.run.record import Record

        rows = []
        for job in self.jobs:
            row: dict[str, object] = {}
            for text in job.overrides:
                key, _, value = text.partition("=")
                row[key.lstrip("+~")] = value
            row["status"] = job.state
            names = [one.metric for one in self.record.objectives]
            row |= dict(zip(names, job.objective, strict=False))
            folder = None if job.folder is None else self.folder / job.folder
            if folder is not None and (folder / "run.json").is_file():
                metrics = Record.read(folder).metrics
                row |= {name: value for name, value in metrics.items() if name.startswith("test/")}
            rows.append({**row, "seconds": job.seconds, "folder": folder and str(folder)})
        return pd.DataFrame(rows)

    def best(self) -> Run:
        """The run of the job with the best objective.

        Raises:
            ConfigError: No job has one.
        """
        from leyden.run.record import Record

        objective = self.record.objectives[0]
        found = [
            (objective.sign * job.objective[0], place)
            for place, job in enumerate(self.jobs)
            if job.state == "completed" and job.objective and job.objective[0] is not None
        ]
        if not found:
            message = f"no job has completed with a value of {objective.metric}"
            raise ConfigError([Problem("sweep", message, str(self.folder))])
        job = self.jobs[min(found)[1]]
        assert job.folder is not None
        return Run(Record.read(self.folder / job.folder))

    def report(self) -> Path:
        """Writes the report anew, and gives the path of its page."""
        from leyden.sweeps.report import write_report

        return write_report(self.folder)

    def __repr__(self) -> str:
        return f"Sweep({str(self.folder)!r}, {self.status}, {len(self.jobs)} jobs)"

    def _repr_html_(self) -> str:
        """The table, in a notebook."""
        columns = self.table().drop(columns="folder", errors="ignore")
        html: str = columns.to_html(index=False, float_format=lambda value: f"{value:.4g}")
        return html
