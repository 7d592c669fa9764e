"""Settings of a search by Optuna."""

from typing import Annotated, Any, Literal

from annotated_types import Ge

from leyden.sweeps.objective import COSTS
from leyden.sweeps.pruner import Pruner, PrunerName
from leyden.types import Count, PositiveInt

SamplerName = Literal["random", "sobol", "halton", "tpe", "cma_es", "nsga_ii"]
JOURNAL = "study.journal"


class OptunaSearch:
    """Settings of a search.

    Args:
        sampler: What proposes: at random, by a low-discrepancy sequence (sobol, halton), by a
            tree-structured Parzen estimator (tpe), by CMA-ES, or by NSGA-II (several objectives).
        n_trials: Number of trials in all, those of earlier starts included.
        seed: Seed of the sampler.
        pruner: What stops trials that do badly; None: nothing.
        min_validations: Validations that a trial has in any case before it may be pruned; None: up
            to the first one after a third of its optimizer steps, since the first values say little
            of the last: a small learning rate begins slowly.
        reduction_factor: One in so many goes on (asha, hyperband).
        storage: A URL that Optuna takes; None: a journal in the sweep's folder.
        objectives: Metrics, or `params`, `flops`, `seconds`, each `min` or `max`; None: the
            monitor.

    Raises:
        ValueError: The settings don't go together.
    """

    def __init__(
        self,
        *,
        sampler: SamplerName = "tpe",
        n_trials: PositiveInt = 20,
        seed: Count = 0,
        pruner: PrunerName | None = None,
        min_validations: PositiveInt | None = None,
        reduction_factor: Annotated[int, Ge(2)] = 3,
        storage: str | None = None,
        objectives: dict[str, Literal["min", "max"]] | None = None,
    ) -> None:
        several = objectives is not None and len(objectives) > 1
        if several and pruner is not None:
            raise ValueError("several objectives can't be pruned; leave `pruner` out")
        if pruner is not None and objectives is not None:
            unseen = [name for name in objectives if name in COSTS]
            if unseen:
                raise ValueError(
                    f"a pruner goes by a metric of each validation, and {unseen[0]} is none; "
                    "leave `pruner` out"
                )
        if several and sampler == "cma_es":
            raise ValueError("cma_es knows one objective; take nsga_ii or tpe")
        self.sampler = sampler
        self.n_trials = n_trials
        self.seed = seed
        self.pruner = pruner and Pruner(pruner, min_validations, reduction_factor)
        self.storage = storage
        self.objectives = objectives

    def described(self) -> dict[str, Any]:
        """As the sweep's record keeps it; a URL may hold a password and is left out."""
        return {
            "sampler": self.sampler,
            "n_trials": self.n_trials,
            "seed": self.seed,
            "pruner": self.pruner and self.pruner.name,
            "storage": JOURNAL if self.storage is None else self.storage.partition("://")[0],
        }
