"""A trial of a search, as the job that runs it sees it."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.trial import Trial as OptunaTrial

    from leyden.sweeps.search import Pruner


@dataclass
class Trial:
    """Where a trial is kept, and what decides whether it goes on.

    Attributes:
        storage: As `open_storage` takes it.
        study: Its name there.
        number: Of the trial.
        pruner: Stops trials that do badly.
    """

    storage: str
    study: str
    number: int
    pruner: "Pruner"

    def should_stop(self, step: int, value: float) -> bool:
        """Reports a validation and asks whether the trial is to end.

        Args:
            step: Which validation, counted from 1.
            value: Of the monitored metric.
        """
        self._trial.report(value, step)
        return self._trial.should_prune()

    @cached_property
    def _trial(self) -> "OptunaTrial":
        import optuna

        from leyden.sweeps.storage import open_storage

        study = optuna.load_study(
            study_name=self.study,
            storage=open_storage(self.storage),
            pruner=self.pruner.build(),
            sampler=optuna.samplers.RandomSampler(),  # nothing is drawn here
        )
        (found,) = (trial for trial in study.trials if trial.number == self.number)
        return optuna.trial.Trial(study, found._trial_id)
