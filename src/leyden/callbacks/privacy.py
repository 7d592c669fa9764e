"""How much privacy a run has spent: in its progress, its logs and its record."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.compat.lightning import log_metrics, note_metrics
from leyden.data import DataModule
from leyden.privacy.accounting import Accountant, SampledGaussian
from leyden.privacy.dp_sgd import PrivateOptimizer, require_whole_gradient
from leyden.privacy.guarantee import Guarantee
from leyden.run.record import Record
from leyden.tasks import Task
from leyden.tasks.step_count import steps_done

EPSILON = "privacy/epsilon"


class PrivacySpent(Callback):
    """Tells epsilon at each validation, and records the guarantee.

    The first step is checked: the gradients of its samples must be those of its loss.

    Args:
        record: Record of the run.
        batch_size: Expected number of samples of a batch.
        noise_multiplier: Deviation of the noise, in units of `max_grad_norm`.
        max_grad_norm: Norm to which the gradient of each sample is clipped.
        delta: Probability with which epsilon may not hold.
        accountant: How epsilon is computed.
    """

    def __init__(
        self,
        record: Record,
        *,
        batch_size: int,
        noise_multiplier: float,
        max_grad_norm: float,
        delta: float,
        accountant: Accountant,
    ) -> None:
        self.record = record
        self.batch_size = batch_size
        self.noise_multiplier = noise_multiplier
        self.max_grad_norm = max_grad_norm
        self.delta = delta
        self.accountant = accountant
        self.guarantee: Guarantee | None = None
        self.is_checked = False

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        data = trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(data, DataModule)
        mechanism = SampledGaussian(self.batch_size / data.train_samples, self.noise_multiplier)
        self.guarantee = Guarantee(mechanism, self.delta, self.accountant, self.max_grad_norm)

    def on_before_optimizer_step(
        self, trainer: Trainer, task: LightningModule, optimizer: Any
    ) -> None:
        if not self.is_checked:
            assert isinstance(task, Task)
            require_whole_gradient(task.net)
            self.is_checked = True

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        if not trainer.sanity_checking:
            self._tell(trainer)

    def on_train_end(self, trainer: Trainer, task: LightningModule) -> None:
        self._tell(trainer)
        if self.guarantee is not None and self.record.privacy is not None:
            self.record.privacy["by_accountant"] = self.guarantee.by_accountants(
                steps_done(trainer)
            )
        self._release(task)

    def on_exception(self, trainer: Trainer, task: LightningModule, error: BaseException) -> None:
        self._tell(trainer)
        self._release(task)

    @staticmethod
    def _release(task: LightningModule) -> None:
        """Other callbacks trace the network at the end."""
        if isinstance(task, Task) and isinstance(task.make_optimizer, PrivateOptimizer):
            task.make_optimizer.release()

    def _tell(self, trainer: Trainer) -> None:
        if self.guarantee is None:  # it has not begun to train
            return
        self.record.privacy = self.guarantee.as_plain(steps_done(trainer))
        values = {EPSILON: self.record.privacy["epsilon"]}
        note_metrics(trainer, values)
        log_metrics(trainer, values)
