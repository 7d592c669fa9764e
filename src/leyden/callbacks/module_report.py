"""What becomes known of a LightningModule and its loaders once they are there."""

from typing import Any

from pytorch_lightning import Callback, LightningDataModule, LightningModule, Trainer
from pytorch_lightning.utilities.model_helpers import is_overridden
from pytorch_lightning.utilities.types import LRSchedulerConfig

from leyden.compat.lightning import training_loaders
from leyden.data import DataModule
from leyden.data.capabilities import gives_loader
from leyden.data.replay import ResumeExactness, exactness_of
from leyden.events import Note, Observer, ignore
from leyden.formatting import format_number
from leyden.run.record import Record
from leyden.tasks import Task

GRADES = ("exact", "replayed", "inexact")
WORDS = {
    "exact": "is exact: the loaders take up their position",
    "replayed": "is exact: the loaders draw the batches of the epoch again",
    "inexact": "is not exact: ",
}
"""What `leyden resume` will do, in words."""


class ModuleReport(Callback):
    """Tells by what a module is optimized, and how exactly its run can be resumed.

    Args:
        record: Record of the run; it keeps the latter.
        monitor: The metric that selects; None: there is none.

    Attributes:
        observer: Set before the run starts.
    """

    def __init__(self, record: Record, monitor: str | None = None) -> None:
        self.record = record
        self.monitor = monitor
        self.observer: Observer = ignore

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        found = least_exact(trainer)
        self.record.resume = {"exactness": found.exactness, "reason": found.reason}
        data = data_of(trainer)
        if trainer.world_size > 1 and not isinstance(data, DataModule):
            self._tell(
                f"note: the {trainer.world_size} processes have equally many samples of validation"
                " and test: Lightning repeats some where they do not divide, and metrics count both"
            )
        if isinstance(task, Task):
            return
        for config in trainer.lr_scheduler_configs:
            if getattr(config.scheduler, "counts_steps", False) and config.interval != "step":
                config.interval, config.frequency = "step", 1
                words = f"{type(task).__name__} would step it each epoch"
                self._tell(f"note: the schedule counts optimizer steps, and is stepped so; {words}")
        gives_validation = data is not None and gives_loader(data, task, "val_dataloader")
        if gives_validation and not is_overridden("validation_step", task):
            self._tell(f"note: {type(task).__name__} has no validation_step: nothing is validated")
        if self.monitor is not None and not gives_validation:
            self._tell(f"note: nothing is validated: monitor.metric={self.monitor} selects nothing")
        parts = [optimizer_words(trainer, place) for place in range(len(trainer.optimizers))]
        self._tell(f"  optim   {'; '.join(parts) or 'none'}")
        self._tell(f"  resume  {WORDS[found.exactness]}{found.reason}")

    def _tell(self, text: str) -> None:
        self.observer(Note(text))


def data_of(trainer: Trainer) -> LightningDataModule | None:
    """The data set of a run; None where the module has its loaders itself."""
    return getattr(trainer, "datamodule", None)


def least_exact(trainer: Trainer) -> ResumeExactness:
    """How exactly a run can be resumed: as its least exact loader."""
    if getattr(trainer, "reload_dataloaders_every_n_epochs", 0):
        return ResumeExactness(
            "inexact", "with reload_dataloaders_every_n_epochs loaders are made anew"
        )
    loaders = training_loaders(trainer)
    kinds = [exactness_of(loader) for loader in loaders]
    if len({kind.exactness for kind in kinds} & {"exact", "replayed"}) > 1:
        return ResumeExactness("inexact", "some loaders tell their position, others do not")
    return max(
        kinds, key=lambda kind: GRADES.index(kind.exactness), default=ResumeExactness("exact")
    )


def optimizer_words(trainer: Trainer, place: int) -> str:
    """An optimizer, its learning rates and its schedule, as `Adam lr 0.001, StepLR each epoch`."""
    optimizer: Any = trainer.optimizers[place]
    rates = dict.fromkeys(format_number(group["lr"]) for group in optimizer.param_groups)
    words = f"{type(optimizer).__name__} lr {' '.join(rates)}"
    configs = trainer.lr_scheduler_configs
    own = [config for config in configs if config.scheduler.optimizer is optimizer]
    return ", ".join([words, *map(schedule_words, own)])


def schedule_words(config: LRSchedulerConfig) -> str:
    """A schedule and when it is stepped."""
    every = config.interval if config.frequency == 1 else f"{config.frequency} {config.interval}s"
    by = f" by {config.monitor}" if config.reduce_on_plateau and config.monitor else ""
    return f"{type(config.scheduler).__name__} each {every}{by}"
