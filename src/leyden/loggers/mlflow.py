"""MLflow: one run of theirs for a run, in a data base beside the runs."""

import logging
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from filelock import FileLock
from pytorch_lightning.loggers import MLFlowLogger
from pytorch_lightning.utilities import rank_zero_only

from leyden.errors import ConfigError, Problem
from leyden.files.atomic import write_atomically
from leyden.files.regular import read_text
from leyden.loggers.names import RunNames
from leyden.loggers.repeats import Repeats
from leyden.run.folder import outputs_folder

SECONDS_BETWEEN = 1.0
"""To write into the data base takes as long as several steps of a small network."""

MOST_AT_ONCE = 1000
"""Values that MLflow takes together."""

DATABASE = "mlflow.db"
RUN_ID = "mlflow_run.txt"
"""In the folder of a run: which run of MLflow's it is, and where."""

FOLDER_TAG, GROUP_TAG = "leyden.folder", "leyden.group"


class MLFlow(MLFlowLogger):
    """Lightning's logger with the data base `outputs/mlflow.db`, which all runs share.

    A continuation of a run takes over what MLflow has of the steps before, under a new run of
    MLflow's: it can take no step out of a run. The earlier one is deleted, as in MLflow's pages.

    Args:
        save_dir: Folder of the run.
        experiment_name: Name of MLflow's experiment; null: what the run is called.
        run_name: Name of the run; null: its folder.
        tracking_uri: Address of a server; null: the variable MLFLOW_TRACKING_URI, or else the data
            base on this machine.
        tags: Further tags of the run.
        prefix: Stands before the names of metrics.
    """

    package: ClassVar[str] = "mlflow"
    """Package, and extra, that this needs."""

    def __init__(
        self,
        save_dir: Path,
        *,
        experiment_name: str | None = None,
        run_name: str | None = None,
        tracking_uri: str | None = None,
        tags: Mapping[str, str] | None = None,
        prefix: str = "",
    ) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        self.folder = Path(save_dir).absolute()
        names = RunNames.of(self.folder)
        uri = _address(tracking_uri) or os.environ.get("MLFLOW_TRACKING_URI")
        database = None if uri else self._database()
        with _quiet(), FileLock(f"{database}.lock") if database else _quiet():
            super().__init__(
                experiment_name=experiment_name or names.experiment,
                run_name=run_name or names.run,
                # Jobs of a sweep write at the same time.
                tracking_uri=uri or f"sqlite:///{database}?timeout=60",
                tags={**(tags or {}), FOLDER_TAG: str(self.folder), GROUP_TAG: names.group},
                prefix=prefix,
            )
            self._require_experiment(database)
        self.repeats = Repeats()
        self.waiting: list[Any] = []
        self.handed_over_when = 0.0
        self.params: set[str] = set()
        self.is_failed = False

    def _database(self) -> Path:
        """The data base that the run is in already, or that of the folder of all runs."""
        uri = self._earlier()[0].partition("?")[0]
        known = Path(uri.removeprefix("sqlite:///"))
        if uri.startswith("sqlite:///") and known.is_file():
            return known
        folder = outputs_folder().absolute()
        folder.mkdir(parents=True, exist_ok=True)
        return folder / DATABASE

    def _earlier(self) -> tuple[str, str]:
        """Address and id of the run of MLflow's that the last part of this run has written."""
        try:
            uri, _, run_id = read_text(self.folder / RUN_ID).strip().partition("\n")
        except OSError:
            return "", ""
        return uri, run_id

    def _require_experiment(self, database: Path | None) -> None:
        """Makes MLflow's experiment, where it is not there."""
        client, name = self._mlflow_client, self._experiment_name
        if client.get_experiment_by_name(name) is None:
            place = None
            if database is not None:
                place = (database.parent / "mlflow_artifacts" / name).as_uri()
            client.create_experiment(name, artifact_location=place)

    @rank_zero_only
    def resume_from(self, step: int | None) -> None:
        """Begins a run of MLflow's with the first `step` steps of the earlier one."""
        client, new = self.experiment, self.run_id
        uri, old = self._earlier()
        tagged = f"tags.`{FOLDER_TAG}` = '{self.folder}'" if "'" not in str(self.folder) else ""
        others = client.search_runs([self.experiment_id], tagged) if tagged else []
        if step and uri == self._tracking_uri and old in [run.info.run_id for run in others]:
            self._take_over(client.get_run(old), step)
        write_atomically(self.folder / RUN_ID, f"{self._tracking_uri}\n{new}\n")
        for run in others:
            if run.info.run_id != new:
                client.delete_run(run.info.run_id)

    def _take_over(self, old: Any, step: int) -> None:
        """Copies what another run has of the first steps, and the tags that it was given."""
        from mlflow.entities import RunTag

        client, run_id = self.experiment, old.info.run_id
        points = [
            point
            for name in old.data.metrics
            for point in client.get_metric_history(run_id, name)
            if point.step < step
        ]
        self._write(points)
        own = client.get_run(self.run_id).data.tags
        tags = [RunTag(key, value) for key, value in old.data.tags.items() if key not in own]
        client.log_batch(self.run_id, tags=tags)

    @rank_zero_only
    def log_hyperparams(self, params: Any) -> None:
        """The first value of each: MLflow takes no other after it."""
        given = {name: value for name, value in dict(params).items() if name not in self.params}
        self.params |= given.keys()
        super().log_hyperparams(given)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """All values of a second together."""
        from mlflow.entities import Metric

        for name, value in self.repeats.new(metrics, step).items():
            known = re.sub(r"[^\w/. -]", "_", f"{self._prefix}-{name}" if self._prefix else name)
            self.waiting.append(Metric(known, float(value), int(time.time() * 1000), step or 0))
        if time.monotonic() > self.handed_over_when + SECONDS_BETWEEN:
            self.keep()

    @rank_zero_only
    def keep(self) -> None:
        """Writes what waits into the data base."""
        waiting, self.waiting = self.waiting, []
        self._write(waiting)
        self.handed_over_when = time.monotonic()

    def _write(self, points: list[Any]) -> None:
        for start in range(0, len(points), MOST_AT_ONCE):
            part = points[start : start + MOST_AT_ONCE]
            self.experiment.log_batch(self.run_id, metrics=part)

    @rank_zero_only
    def finalize(self, status: str = "success") -> None:
        """Writes what waits. The run stays open: the test comes after training."""
        self.keep()
        self.is_failed = status == "failed"

    @rank_zero_only
    def close_file(self) -> None:
        """Ends the run."""
        if self._initialized:
            self.keep()
            super().finalize("failed" if self.is_failed else "success")


def _address(uri: str | None) -> str | None:
    """The address of a server.

    Raises:
        ConfigError: It is something else: a config names no files outside the folder of the runs.
    """
    if uri and not re.match("https?://", uri):
        message = "must be an address that begins with https:// or http://; null: outputs/mlflow.db"
        raise ConfigError([Problem("logger.mlflow.tracking_uri", message, uri)])
    return uri


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps MLflow from telling how it makes its tables."""
    import mlflow  # noqa: F401 (it sets the level)

    log = logging.getLogger("mlflow")
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(before)
