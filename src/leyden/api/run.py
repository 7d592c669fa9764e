"""A run on disk, as Python sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from leyden.errors import Diverged, Interrupted, RunFailed
from leyden.run.folder import read_frozen

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from leyden.run.record import Record

    Inputs = pd.DataFrame | np.ndarray | str | Path | Sequence[str | Path]


@dataclass(frozen=True)
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
        """`completed`, `failed`, `interrupted`, `diverged`, `oom`, `pruned`, ..."""
        return self.record.status

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

        from leyden.inference.predict import PredictionConfig, predict_values

        config = PredictionConfig(which=ckpt, horizon=horizon, skip=skip, batch_size=batch_size)
        return pd.DataFrame(predict_values(self.folder, inputs, config))

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
