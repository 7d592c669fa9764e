"""A run on disk, as Python sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from leyden.analysis.diff import diff
from leyden.config.references import in_run_folder
from leyden.errors import ConfigError, Diverged, Interrupted, Problem, RunFailed, suggestion
from leyden.formatting import format_number
from leyden.run.folder import read_frozen

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from pytorch_lightning import LightningDataModule
    from torch import nn

    from leyden.api.curves import Curves
    from leyden.run.record import Record

    Inputs = pd.DataFrame | np.ndarray | str | Path | Sequence[str | Path]


@dataclass(frozen=True, repr=False)
class Run:
    """A run on disk.

    Attributes:
        record: Content of its `run.json`.
    """

    record: "Record"

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        return self.record.folder

    @property
    def status(self) -> str:
        """`completed`, `failed`, `interrupted`, `running`, `crashed`, `diverged`, `oom`, ..."""
        from leyden.run.listing import status_of

        return status_of(self.record.status, self.record.process)

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each metric, by name."""
        return self.record.metrics

    @cached_property
    def config(self) -> DictConfig:
        """The frozen config that the run is executed from."""
        return read_frozen(self.folder)

    def predict(
        self,
        inputs: "Inputs",
        *,
        ckpt: str = "best",
        horizon: int | None = None,
        skip: bool = False,
        batch_size: int = 1024,
    ) -> "pd.DataFrame":
        """What the model says of new inputs, a row each; see `leyden predict`.

        Args:
            inputs: Rows of a table or a series (DataFrame), images (array), or paths of files.
            ckpt: `best` or `last`.
            horizon: Steps of a forecast; None: those that the model gives at once.
            skip: Whether what can't be read has an empty row with its `problem`.
            batch_size: Inputs that are computed together.

        Raises:
            ConfigError: The run has no model for new inputs, or an input can't be read.
        """
        import pandas as pd

        from leyden.inference.asked import PredictionConfig
        from leyden.inference.predict import predict_values

        config = PredictionConfig(which=ckpt, horizon=horizon, skip=skip, batch_size=batch_size)
        return pd.DataFrame(predict_values(self.folder, inputs, config))

    def history(self) -> "pd.DataFrame":
        """What was logged, from `metrics.csv`: a row a step, a column a metric.

        Raises:
            ConfigError: There is none, as with `logger=null`.
        """
        import pandas as pd

        file = self.folder / "metrics.csv"
        if not file.is_file():
            raise ConfigError([Problem("RUN", "has no metrics.csv", str(self.folder))])
        return pd.read_csv(file)

    def plot(self, *names: str) -> "Curves":
        """Curves of some metrics over the steps.

        Args:
            names: Metrics such as `val/loss`; none: the training and validation losses.

        Raises:
            ConfigError: A metric was not logged.
        """
        from leyden.api.curves import Curves

        table = self.history()
        wanted = names or tuple(one for one in ("train/loss", "val/loss") if one in table)
        for name in wanted:
            if name not in table:
                message = f"the run has logged no such metric; {suggestion(name, table.columns)}"
                raise ConfigError([Problem("name", message, name)])
        return Curves(table, wanted)

    def model(self, *, ckpt: str = "best") -> "nn.Module":
        """The network, or the user's LightningModule, with the weights of a checkpoint.

        Args:
            ckpt: `best` or `last`.

        Raises:
            ConfigError: There is no such checkpoint, or its data can't be had.
        """
        from leyden.inference.load import load_run

        return load_run(self.folder, ckpt).net

    def data(self) -> "LightningDataModule":
        """The data set of the run, read anew; of Leyden's own `data().splits` are its parts.

        Raises:
            ConfigError: It is gone, or no longer what the config says.
        """
        from leyden.planning.read_data import read_data

        return read_data(in_run_folder(self.config, self.folder), fetch=True)[0]

    def diff(self, other: "Run | str | Path") -> "pd.DataFrame":
        """What differs from another run: section, key, and the value in each.

        Args:
            other: The other run, or its folder.
        """
        import pandas as pd

        folder = other.folder if isinstance(other, Run) else Path(other)
        rows = [
            (section.name, key, here, there)
            for section in diff(self.folder, folder)
            for key, (here, there) in section.rows.items()
        ]
        return pd.DataFrame(rows, columns=["section", "key", "this", "other"])

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, {self.status})"

    def _repr_html_(self) -> str:
        """A short table, in a notebook."""
        best, rows = self.record.best, [("folder", str(self.folder)), ("status", self.status)]
        if best["value"] is not None:
            rows.append((f"best {best['metric']}", format_number(best["value"])))
        of_test = {name: value for name, value in self.metrics.items() if name.startswith("test")}
        rows += [(name, format_number(value)) for name, value in of_test.items()]
        cells = [f"<th>{escape(name)}</th><td>{escape(text)}</td>" for name, text in rows]
        return f"<table>{''.join(f'<tr>{one}</tr>' for one in cells)}</table>"

    def raise_for_status(self) -> None:
        """Raises an error unless the status is `completed`.

        Raises:
            Diverged: The loss or a weight became NaN or infinite.
            Interrupted: A signal stopped the run; `leyden resume` continues it.
            RunFailed: Anything else.
        """
        if self.status == "completed":
            return
        kinds = {"diverged": Diverged, "interrupted": Interrupted}
        reason = (self.record.error or {}).get("message") or "no error is recorded"
        raise kinds.get(self.status, RunFailed)(f"{self.folder}: {self.status}: {reason}")
