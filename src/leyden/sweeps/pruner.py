"""What stops trials of a search; it goes to the jobs, whose launchers import no torch."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from optuna.pruners import BasePruner

PrunerName = Literal["median", "asha", "hyperband"]


@dataclass(frozen=True)
class Pruner:
    """What stops trials that do badly.

    Attributes:
        name: Name of the rule.
        min_validations: Validations that a trial has in any case; None: those of a third of its
            steps.
        reduction_factor: One in so many goes on (asha, hyperband).
    """

    name: PrunerName
    min_validations: int | None
    reduction_factor: int

    def build(self, min_validations: int) -> "BasePruner":
        """Optuna's; a validation is its unit of resource.

        Args:
            min_validations: Validations that the trial for which it is built has in any case.
        """
        from optuna import pruners

        with quiet_optuna():
            if self.name == "median":
                return pruners.MedianPruner(n_warmup_steps=min_validations)
            if self.name == "asha":
                return pruners.SuccessiveHalvingPruner(
                    min_resource=min_validations, reduction_factor=self.reduction_factor
                )
            return pruners.HyperbandPruner(
                min_resource=min_validations, reduction_factor=self.reduction_factor
            )


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Drops Optuna's remarks on each trial, and that parts of it are experimental."""
    from optuna.exceptions import ExperimentalWarning

    logging.getLogger("optuna").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield
