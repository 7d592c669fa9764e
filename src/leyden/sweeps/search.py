"""A search: which trials come next, by Optuna."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge

from leyden.config.axes import Assignment, Axes, Axis, text_of
from leyden.ranges import Count, PositiveInt
from leyden.sweeps.record import Objective
from leyden.sweeps.storage import open_storage
from leyden.sweeps.trial import Trial

if TYPE_CHECKING:
    from optuna import Study
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as OptunaTrial

SamplerName = Literal["random", "sobol", "halton", "tpe", "cma_es", "nsga_ii"]
PrunerName = Literal["median", "asha", "hyperband"]
STUDY = "leyden"
JOURNAL = "study.journal"
DIRECTIONS: dict[str, Literal["minimize", "maximize"]] = {"min": "minimize", "max": "maximize"}


@dataclass(frozen=True)
class Pruner:
    """What stops trials that do badly.

    Attributes:
        name: Which rule.
        min_validations: That a trial has in any case.
        reduction_factor: One in so many goes on (asha, hyperband).
    """

    name: PrunerName
    min_validations: int
    reduction_factor: int

    def build(self) -> "BasePruner":
        """Optuna's; a validation is its unit of resource."""
        from optuna import pruners

        with quiet_optuna():
            if self.name == "median":
                return pruners.MedianPruner(n_warmup_steps=self.min_validations)
            if self.name == "asha":
                return pruners.SuccessiveHalvingPruner(
                    min_resource=self.min_validations, reduction_factor=self.reduction_factor
                )
            return pruners.HyperbandPruner(
                min_resource=self.min_validations, reduction_factor=self.reduction_factor
            )


class Search:
    """Settings of a search.

    Args:
        sampler: What proposes: at random, by a low-discrepancy sequence (sobol, halton), by a
            tree-structured Parzen estimator (tpe), by CMA-ES, or by NSGA-II (several objectives).
        n_trials: In all, those of earlier starts included.
        seed: Of the sampler.
        pruner: What stops trials that do badly; None: nothing.
        min_validations: That a trial has in any case.
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
        min_validations: PositiveInt = 1,
        reduction_factor: Annotated[int, Ge(2)] = 3,
        storage: str | None = None,
        objectives: dict[str, Literal["min", "max"]] | None = None,
    ) -> None:
        several = objectives is not None and len(objectives) > 1
        if several and pruner is not None:
            raise ValueError("several objectives can't be pruned; leave `pruner` out")
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


class Trials:
    """The trials of a search, kept in Optuna's storage.

    Args:
        search: Its settings.
        folder: The sweep's.
        axes: What it searches over.
        objectives: What it optimises.
    """

    def __init__(
        self, search: Search, *, folder: Path, axes: Axes, objectives: list[Objective]
    ) -> None:
        import optuna

        self.search = search
        self.axes = axes.grid
        self.storage = search.storage or str(folder.absolute() / JOURNAL)
        self.name = STUDY if search.storage is None else str(folder)
        with quiet_optuna():
            self.study: Study = optuna.create_study(
                study_name=self.name,
                storage=open_storage(self.storage),
                load_if_exists=True,
                directions=[DIRECTIONS[objective.mode] for objective in objectives],
            )
            self.study.sampler = self._sampler()
            if not self.study.trials:
                for start in axes.listed:
                    self.study.enqueue_trial(self._parameters(start))

    def left(self) -> int:
        """Trials that are still to be begun."""
        return self.search.n_trials - sum(trial.state.name != "WAITING" for trial in self._trials())

    def unfinished(self) -> list[tuple[int, Assignment]]:
        """Trials that an earlier start began and did not end."""
        found = []
        for trial in [trial for trial in self._trials() if trial.state.name == "RUNNING"]:
            try:
                values = self._assignment(partial(known, trial))
            except KeyError:  # its process died while it was being asked for
                self.tell(trial.number, [None])
            else:
                found.append((trial.number, values))
        return found

    def ask(self) -> tuple[int, Assignment]:
        """The next trial: its number, and the values to try."""
        with quiet_optuna():
            trial = self.study.ask()
            return trial.number, self._assignment(partial(suggest, trial))

    def tell(self, number: int, values: list[float | None], *, is_pruned: bool = False) -> None:
        """What became of a trial; without a value for each objective it has failed."""
        from optuna.trial import TrialState

        given = [value for value in values if value is not None]
        with quiet_optuna():
            if is_pruned:
                self.study.tell(number, state=TrialState.PRUNED)
            elif given and len(given) == len(values):
                self.study.tell(number, given)
            else:
                self.study.tell(number, state=TrialState.FAIL)

    def trial(self, number: int) -> Trial | None:
        """What the job needs to report to the search; None where nothing is pruned."""
        if self.search.pruner is None:
            return None
        return Trial(self.storage, self.name, number, self.search.pruner)

    def _trials(self) -> "list[FrozenTrial]":
        return self.study.get_trials(deepcopy=False)

    def _assignment(self, value_of: Callable[[Axis], Any]) -> Assignment:
        found = Assignment()
        for axis in self.axes:
            if axis.condition is None or axis.condition.holds(found):
                found = found.with_step(axis, (text_of(value_of(axis)),))
        return found

    def _parameters(self, start: Assignment) -> dict[str, Any]:
        """An explicit job as a point of the search."""
        parameters: dict[str, Any] = {}
        for axis in self.axes:
            text = start.values.get(axis.keys[0])
            if text is not None and (axis.condition is None or axis.condition.holds(start)):
                is_number = axis.interval is not None or is_evenly_spaced(axis)
                parameters[name_of(axis)] = float(text) if is_number else text
        return parameters

    def _sampler(self) -> "BaseSampler":
        from optuna import samplers

        search, seed = self.search, self.search.seed
        if search.sampler in ("sobol", "halton"):
            # Its place in the sequence is kept in the study, so the seed stays.
            return samplers.QMCSampler(
                qmc_type=search.sampler,
                scramble=True,
                seed=seed,
                warn_asynchronous_seeding=False,
                warn_independent_sampling=False,
            )
        seed += len(self._trials())  # the same seed would propose the first trials again
        match search.sampler:
            case "random":
                return samplers.RandomSampler(seed=seed)
            case "cma_es":
                return samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
            case "nsga_ii":
                return samplers.NSGAIISampler(seed=seed)
            case _:
                return samplers.TPESampler(seed=seed, constant_liar=True)


def suggest(trial: "OptunaTrial", axis: Axis) -> Any:
    """A trial's value for an axis."""
    interval = axis.interval
    if interval is None and is_evenly_spaced(axis):
        numbers = [int(text) for (text,) in axis.values]
        step = numbers[1] - numbers[0]
        return trial.suggest_int(name_of(axis), numbers[0], numbers[-1], step=step)
    if interval is None:
        return trial.suggest_categorical(name_of(axis), [text for (text,) in axis.values])
    low, high, is_log = interval.start, interval.end, "log" in interval.tags
    assert low is not None
    assert high is not None
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name_of(axis), low, high, log=is_log)
    return trial.suggest_float(name_of(axis), low, high, log=is_log)


def known(trial: "FrozenTrial", axis: Axis) -> Any:
    """The value for an axis that a trial has already."""
    return trial.params[name_of(axis)]


def name_of(axis: Axis) -> str:
    """An axis's name in the study: the same key may have other values under other conditions."""
    condition = axis.condition
    suffix = f" [{condition.key}={','.join(condition.values)}]" if condition else ""
    return f"{axis.keys[0]}{suffix}"


def is_evenly_spaced(axis: Axis) -> bool:
    """Whether choices are whole numbers in steps, as those of `range(1, 9, 2)` are."""
    texts = [text for (text,) in axis.values]
    if len(texts) < 3 or not all(text.lstrip("-").isdigit() for text in texts):
        return False
    numbers = [int(text) for text in texts]
    steps = {after - before for before, after in pairwise(numbers)}
    return len(steps) == 1 and min(steps) > 0


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Drops Optuna's remarks on each trial, and that parts of it are experimental."""
    from optuna.exceptions import ExperimentalWarning

    logging.getLogger("optuna").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield
