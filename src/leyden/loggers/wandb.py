"""Weights & Biases: a run of theirs for each part of a run, in the run's folder."""

import shutil
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar

from lightning_fabric.loggers.logger import rank_zero_experiment
from pytorch_lightning.loggers import WandbLogger
from pytorch_lightning.utilities import rank_zero_only

from leyden.compat.wandb import STEP, file_of, names_of, read_records, step_of
from leyden.errors import ConfigError, Problem
from leyden.files.atomic import replacing
from leyden.files.regular import read_bytes
from leyden.loggers.csv import read_rows
from leyden.loggers.names import RunNames
from leyden.loggers.repeats import Repeats


class Wandb(WandbLogger):
    """Lightning's logger, which touches no network unless `offline` is false.

    wandb can't go on with a run offline. So each continuation of a run is a run of wandb's of its
    own; all share a group, and no step is in two of them. The jobs of a sweep share a group, too.
    Neither the terminal's output nor code or git are recorded: they are in the run's folder.

    Args:
        save_dir: Folder of the run.
        project: Name of the project.
        entity: Name of the user or team; null: the default one.
        group: Name of the group; null: the sweep's folder, or the run's.
        name: Name of the run; null: its folder.
        tags: Words by which runs are found.
        notes: What is to be said of the run.
        job_type: A further word to group by.
        offline: Whether all stays on this machine, until `wandb sync`.
        prefix: Stands before the names of metrics.
    """

    package: ClassVar[str] = "wandb"
    """Package, and extra, that this needs."""

    def __init__(
        self,
        save_dir: Path,
        *,
        project: str = "leyden",
        entity: str | None = None,
        group: str | None = None,
        name: str | None = None,
        tags: tuple[str, ...] = (),
        notes: str | None = None,
        job_type: str | None = None,
        offline: bool = True,
        prefix: str = "",
    ) -> None:
        # Not `offline`: Lightning would set it for all that comes later in this process.
        super().__init__(save_dir=save_dir, project=project, prefix=prefix)
        self.folder = Path(save_dir)
        self.own_group, self.own_name = group, name
        self.options: dict[str, Any] = {
            "project": project,
            "entity": entity,
            "notes": notes,
            "job_type": job_type,
            "tags": list(tags),
            "mode": "offline" if offline else "online",
        }
        self.repeats = Repeats()
        self.first_step = 0
        self.is_failed = False

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The run of wandb's; it begins when it is first asked for."""
        if self._experiment is None:
            self._experiment = self._begun()
        return self._experiment

    def _begun(self) -> Any:
        """A new run of wandb's.

        Raises:
            ConfigError: wandb can't begin one, as without an account.
        """
        import wandb

        names = RunNames.of(self.folder)
        number = 1 + len(_segments(self.folder))
        name = self.own_name or names.run
        settings = wandb.Settings(
            silent=True,
            console="off",
            disable_code=True,
            disable_git=True,
            save_code=False,
            symlink=False,
            x_transaction_log_flush_interval=1.0,
        )
        segment = {"folder": names.run, "segment": number, "first_step": self.first_step}
        try:
            run = wandb.init(
                dir=self.folder.absolute(),
                name=name if number == 1 else f"{name} ({number})",
                group=self.own_group or names.group,
                reinit="create_new",  # runs may be trained together
                config={"run": segment},
                settings=settings,
                **self.options,
            )
        except wandb.Error as error:
            reason = str(error).partition("\n")[0]
            message = f"wandb can't begin: {reason}; log in with `wandb login`, or type true"
            raise ConfigError([Problem("logger.wandb.offline", message, "false")]) from error
        for log in Path(run.dir).parent.glob("logs/*"):
            if log.is_symlink():  # of a log in the user's cache: links lead out of no run's folder
                log.unlink()
        run.define_metric(STEP)
        run.define_metric("*", step_metric=STEP, step_sync=True)
        return run

    @rank_zero_only
    def resume_from(self, step: int | None) -> None:
        """Takes what was logged after `step` out of the earlier parts, and begins a new one.

        It begins with what a process of wandb's had not written yet when it was killed.
        """
        offline = [part for part in _segments(self.folder) if part.name.startswith("offline-")]
        self.first_step = step or 0
        if step is None:
            for part in offline:
                shutil.rmtree(part)
        else:
            found = [keep_before(path, step) for part in offline for path in part.glob("*.wandb")]
            if found:
                self._add_missing(*max(found, key=itemgetter(0)))
        _ = self.experiment

    def _add_missing(self, last: int, names: set[str]) -> None:
        """Logs the rows of `metrics.csv` that the earlier parts lack.

        Args:
            last: Last step that they have.
            names: Names that they have of it.
        """
        table = self.folder / "metrics.csv"
        rows = read_rows(table)[1] if table.is_file() else []
        for row in rows:
            step = int(row.pop("step"))
            if last <= step < self.first_step:
                known = names if step == last else set()
                new = {name: text for name, text in row.items() if self._full(name) not in known}
                self.log_metrics({name: float(text) for name, text in new.items() if text}, step)

    def _full(self, name: str) -> str:
        """A metric's name in wandb."""
        return f"{self._prefix}{self.LOGGER_JOIN_CHAR}{name}" if self._prefix else name

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        new = self.repeats.new(metrics, step)
        if new:
            super().log_metrics(new, step)

    @rank_zero_only
    def keep(self) -> None:
        """Nothing: a process of wandb's writes what was logged, also when this one has died."""

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Leaves the run open: the test comes after training."""
        self.is_failed = status == "failed"

    @rank_zero_only
    def close_file(self) -> None:
        """Ends the run."""
        if self._experiment is not None:
            self._experiment.finish(exit_code=int(self.is_failed))


def _segments(folder: Path) -> list[Path]:
    """Folders of the parts of a run."""
    return sorted(path for path in folder.glob("wandb/*run-*") if path.is_dir())


def keep_before(path: Path, step: int) -> tuple[int, set[str]]:
    """Takes the steps from `step` on, counted from 0, out of a file of wandb's.

    Returns:
        The last step that is left, -1 for none, and the names of its values.
    """
    found = [(step_of(record), record) for record in read_records(read_bytes(path))]
    kept = [(at, record) for at, record in found if at is None or at < step]
    if len(kept) < len(found):
        with replacing(path) as file:
            file.write(file_of(record for _, record in kept))
    last = max((at for at, _ in kept if at is not None), default=-1)
    return last, {name for at, record in kept if at == last for name in names_of(record)}
