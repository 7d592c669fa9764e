"""The trials of a search: which come next, and what became of those before."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from leyden.compat.optuna import storage_id, take_up
from leyden.config.sweep_declaration import text_of
from leyden.config.sweep_space import Assignment, Axes, Axis
from leyden.errors import ConfigError, Problem
from leyden.sweeps.distributions import (
    distribution_of,
    incompatible,
    known,
    name_of,
    parsed,
    suggest,
)
from leyden.sweeps.pruner import quiet_optuna
from leyden.sweeps.record import JobEntry, Objective
from leyden.sweeps.search import JOURNAL, OptunaSearch
from leyden.sweeps.storage import DAMAGED, URL_IN_ENVIRONMENT, mend_journal, open_storage
from leyden.sweeps.trial import TrialReporter

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as OptunaTrial

STUDY = "leyden"
DIRECTIONS: dict[str, Literal["minimize", "maximize"]] = {"min": "minimize", "max": "maximize"}


class OptunaStudy:
    """The trials of a search, kept in Optuna's storage.

    Args:
        search: Settings of the search.
        folder: Folder of the sweep.
        axes: Axes that the search goes over.
        objectives: Objectives that the search optimises.
        earlier: Jobs of earlier starts: trials that the storage has lost are taken from them.

    Attributes:
        notes: What there is to say about the storage.

    Raises:
        ConfigError: An axis was searched over another kind of values before.
    """

    def __init__(
        self,
        search: OptunaSearch,
        *,
        folder: Path,
        axes: Axes,
        objectives: list[Objective],
        earlier: Sequence[JobEntry] = (),
    ) -> None:
        self.search = search
        self.axes, self.starts = axes.grid, axes.listed
        self.metric = objectives[0].metric
        self.directions = [DIRECTIONS[objective.mode] for objective in objectives]
        self.storage, self.name = str(folder.absolute() / JOURNAL), STUDY
        self.notes: list[str] = []
        if search.storage is None:
            self._open_journal(folder / JOURNAL)
        else:
            # Not handed on in the open: a URL may hold a password, and jobs may be kept in files.
            os.environ[URL_IN_ENVIRONMENT] = search.storage
            self.storage, self.name = URL_IN_ENVIRONMENT, str(folder.absolute())
            self._open()
        self._require_same_ranges()
        self._restore(earlier)
        self.begun = {entry.trial for entry in earlier if entry.trial is not None}
        with quiet_optuna():
            for start in self.starts:
                self.study.enqueue_trial(self._parameters(start), skip_if_exists=True)

    def _open_journal(self, path: Path) -> None:
        """Opens the journal, or a new one in the place of one that Optuna can't read."""
        note = mend_journal(path)
        self.notes += [] if note is None else [note]
        try:
            self._open()
        except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
            path.replace(path.with_name(path.name + DAMAGED))
            said = f"{path.name} can't be used ({type(error).__name__}: {error})"
            self.notes.append(f"{said}; it is now {path.name}{DAMAGED}")
            self._open()

    def _open(self) -> None:
        import optuna

        self.kept = open_storage(self.storage)
        with quiet_optuna():
            self.study: Study = optuna.create_study(
                study_name=self.name,
                storage=self.kept,
                load_if_exists=True,
                directions=self.directions,
            )

    def _require_same_ranges(self) -> None:
        for axis in self.axes:
            before = incompatible(axis, self._trials())
            if before is not None:
                message = f"was searched over {before} before; another run_dir begins a new search"
                raise ConfigError([Problem(axis.keys[0], message, str(distribution_of(axis)))])

    def _restore(self, entries: Sequence[JobEntry]) -> None:
        """Adds the trials of jobs that the storage does not know, or not wholly."""
        jobs = {entry.trial: entry for entry in entries if entry.trial is not None}
        trials = self._trials()
        partly = [
            trial
            for trial in trials
            if trial.number in jobs and not trial.state.is_finished() and not self._values(trial)
        ]
        missing = range(len(trials), max(jobs, default=-1) + 1)
        with quiet_optuna():
            for trial in partly:
                self._complete(trial, self._trial_of(jobs[trial.number]))
            for number in missing:
                self.study.add_trial(self._trial_of(jobs.get(number)))
        count = len(partly) + len(missing)
        if count:
            self.notes.append(f"trials that were taken from the jobs' records: {count}")

    def _complete(self, trial: "FrozenTrial", whole: "FrozenTrial") -> None:
        """Brings a trial that was being asked for when its process died to what is known of it."""
        from optuna.trial import TrialState

        if trial.state == TrialState.WAITING:
            self.kept.set_trial_state_values(storage_id(trial), TrialState.RUNNING)
        for name, distribution in whole.distributions.items():
            value = distribution.to_internal_repr(whole.params[name])
            self.kept.set_trial_param(storage_id(trial), name, value, distribution)
        if whole.state.is_finished():
            self.kept.set_trial_state_values(storage_id(trial), whole.state, whole.values)

    def _trial_of(self, entry: JobEntry | None) -> "FrozenTrial":
        """A trial as a job's entry tells it; a failed one without values where nothing does."""
        from optuna.trial import TrialState, create_trial

        if entry is None:
            return create_trial(state=TrialState.FAIL)
        given = Assignment(dict(text.split("=", 1) for text in entry.overrides))
        params = self._parameters(given)
        axes = [axis for axis in self.axes if name_of(axis) in params]
        starts = (s for s in self.starts if s.values.items() <= given.values.items())
        fixed = [{"fixed_params": self._parameters(start)} for start in starts]
        values = [value for value in entry.objective if value is not None]
        is_whole = len(values) == len(self.directions)
        state = {
            "completed": TrialState.COMPLETE if is_whole else TrialState.FAIL,
            "pruned": TrialState.PRUNED,
            "failed": TrialState.FAIL,
            "diverged": TrialState.FAIL,
            "oom": TrialState.FAIL,
        }.get(entry.state, TrialState.RUNNING)
        try:
            return create_trial(
                state=state,
                values=values if state == TrialState.COMPLETE else None,
                params=params,
                distributions={name_of(axis): distribution_of(axis) for axis in axes},
                system_attrs=fixed[0] if fixed else {},  # as Optuna keeps it: it is not asked again
            )
        except ValueError:  # it lies outside the ranges of today
            return create_trial(state=TrialState.FAIL)

    def close(self) -> None:
        """Gives back the connections to a database."""
        from optuna.storages import RDBStorage

        if isinstance(self.kept, RDBStorage):
            self.kept.remove_session()
            self.kept.engine.dispose()

    def left(self) -> int:
        """Trials that are still to be begun."""
        return self.search.n_trials - sum(self._is_begun(trial) for trial in self._trials())

    def unfinished(self) -> list[tuple[int, Assignment]]:
        """Trials that an earlier start began and did not end."""
        return [
            (trial.number, values)
            for trial in self._trials()
            if trial.state.name == "RUNNING" and (values := self._values(trial)) is not None
        ]

    def ask(self) -> tuple[int, Assignment]:
        """The next trial: its number, and the values to try.

        A trial whose process died while it was being asked for is resumed. Each value is
        drawn with a seed of its own, so that a search that was killed proposes the same.
        """
        with quiet_optuna():
            half = next((trial for trial in self._trials() if self._is_half_asked(trial)), None)
            self.study.sampler = self._sampler(len(self._trials()), 0)
            trial = self.study.ask() if half is None else take_up(self.study, half)
            self.begun.add(trial.number)
            return trial.number, self._assignment(partial(self._suggested, trial))

    def _suggested(self, trial: "OptunaTrial", axis: Axis) -> Any:
        self.study.sampler = self._sampler(trial.number, self.axes.index(axis))
        return suggest(trial, axis)

    def _is_begun(self, trial: "FrozenTrial") -> bool:
        """Whether a trial counts: it has values, or a job."""
        is_asked = trial.state.name != "WAITING" and self._values(trial) is not None
        return is_asked or trial.number in self.begun

    def _is_half_asked(self, trial: "FrozenTrial") -> bool:
        return trial.state.name == "RUNNING" and not self._is_begun(trial)

    def _values(self, trial: "FrozenTrial") -> Assignment | None:
        """The values of a trial; None where it has not all of them."""
        try:
            return self._assignment(partial(known, trial))
        except KeyError:
            return None

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

    def trial(self, number: int) -> TrialReporter | None:
        """What the job needs to report to the search; None where nothing is pruned."""
        if self.search.pruner is None:
            return None
        return TrialReporter(self.storage, self.name, number, self.search.pruner, self.metric)

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
                parameters[name_of(axis)] = parsed(axis, text)
        return parameters

    def _sampler(self, number: int, axis: int) -> "BaseSampler":
        """What proposes.

        Args:
            number: Number of the trial; the same seed would propose the same for each.
            axis: Place of the axis.
        """
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
        seed = int(np.random.SeedSequence([seed, number, axis]).generate_state(1)[0])
        match search.sampler:
            case "random":
                return samplers.RandomSampler(seed=seed)
            case "cma_es":
                return samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
            case "nsga_ii":
                return samplers.NSGAIISampler(seed=seed)
            case _:
                return samplers.TPESampler(seed=seed, constant_liar=True)
