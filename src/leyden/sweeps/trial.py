"""A trial of a search, as the job that runs it sees it."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from leyden.compat.optuna import take_up
from leyden.sweeps.pruner import Pruner
from leyden.sweeps.storage import open_storage

if TYPE_CHECKING:
    from optuna.trial import Trial as OptunaTrial
    from pytorch_lightning import Callback


@dataclass
class TrialReporter:
    """Reports the validations of a run to the search that it is a trial of.

    Attributes:
        storage: Where the search keeps its trials, as `open_storage` takes it.
        study: Name of the search there.
        number: Number of the trial.
        pruner: Decides which trials end early.
        metric: Name of the objective, which is reported at each validation.
    """

    storage: str
    study: str
    number: int
    pruner: Pruner
    metric: str

    def callbacks(self) -> list["Callback"]:
        """The callback that reports, for the process of the run."""
        from leyden.callbacks import Pruning

        first = self.pruner.min_validations
        return [Pruning(self.should_stop, monitor=self.metric, min_validations=first)]

    def should_stop(self, step: int, value: float, min_validations: int | None) -> bool:
        """Reports a validation and asks whether the trial is to end.

        Args:
            step: Number of the validation, from 1 on.
            value: Value of the objective.
            min_validations: The first validation at which the trial may end; None as long as it is
                not reached.
        """
        from optuna.pruners import NopPruner

        self._trial.report(value, step)
        if min_validations is None:
            return False
        study = self._trial.study
        if isinstance(study.pruner, NopPruner):
            study.pruner = self.pruner.build(min_validations)
        return self._trial.should_prune()

    @cached_property
    def _trial(self) -> "OptunaTrial":
        import optuna

        study = optuna.load_study(
            study_name=self.study,
            storage=open_storage(self.storage),
            pruner=optuna.pruners.NopPruner(),  # until it is known from where on to prune
            sampler=optuna.samplers.RandomSampler(),  # nothing is drawn here
        )
        (found,) = (trial for trial in study.trials if trial.number == self.number)
        return take_up(study, found)
