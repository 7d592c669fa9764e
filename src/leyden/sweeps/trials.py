"""The trials of a search: which come next, and what became of those before."""

import os
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from leyden.config.axes import Assignment, Axes, Axis
from leyden.config.declaration import text_of
from leyden.sweeps.record import Objective
from leyden.sweeps.search import JOURNAL, Search, quiet_optuna
from leyden.sweeps.storage import URL_IN_ENVIRONMENT, open_storage
from leyden.sweeps.trial import Trial

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as OptunaTrial

STUDY = "leyden"
DIRECTIONS: dict[str, Literal["minimize", "maximize"]] = {"min": "minimize", "max": "maximize"}


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
        self.metric = objectives[0].metric
        self.storage, self.name = str(folder.absolute() / JOURNAL), STUDY
        if search.storage is not None:
            # Not handed on in the open: a URL may hold a password, and jobs may be kept in files.
            os.environ[URL_IN_ENVIRONMENT] = search.storage
            self.storage, self.name = URL_IN_ENVIRONMENT, str(folder.absolute())
        self.kept = open_storage(self.storage)
        with quiet_optuna():
            self.study: Study = optuna.create_study(
                study_name=self.name,
                storage=self.kept,
                load_if_exists=True,
                directions=[DIRECTIONS[objective.mode] for objective in objectives],
            )
            self.study.sampler = self._sampler()
            if not self.study.trials:
                for start in axes.listed:
                    self.study.enqueue_trial(self._parameters(start))

    def close(self) -> None:
        """Gives back the connections to a database."""
        from optuna.storages import RDBStorage

        if isinstance(self.kept, RDBStorage):
            self.kept.remove_session()
            self.kept.engine.dispose()

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
        return Trial(self.storage, self.name, number, self.search.pruner, self.metric)

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
