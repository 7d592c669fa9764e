"""What Lightning 2.6 keeps private and Leyden needs, each with its reason.

`tests/compat/test_lightning.py` fails when one of them changes.
"""

from collections.abc import Mapping
from typing import Any, cast

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loops.fetchers import _DataFetcher
from pytorch_lightning.loops.fit_loop import _FitLoop
from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

__all__ = [
    "DataFetcher",
    "FitLoop",
    "TrainingEpochLoop",
    "count_last_batch",
    "evaluation_names",
    "finish_batch",
    "full_checkpoint",
    "leave_restart",
    "log_metrics",
    "logged_names",
    "module_of",
    "note_metrics",
    "running_results",
    "start_batch",
    "training_loaders",
    "update_step_metrics",
    "validates_by_time",
    "validates_next",
]

DataFetcher = _DataFetcher
FitLoop = _FitLoop
TrainingEpochLoop = _TrainingEpochLoop
"""The loops over epochs and over their batches: `training.fit_loop` looks at the generators before
loaders are made, `training.epoch_loop` takes a faster path. There is no public way to replace
them."""


def note_metrics(trainer: Trainer, values: Mapping[str, Any]) -> None:
    """Gives values to `trainer.callback_metrics`, which callbacks read.

    `LightningModule.log` does the same for twenty times the price.
    """
    trainer._logger_connector._callback_metrics.update(values)


def log_metrics(trainer: Trainer, values: Mapping[str, Any]) -> None:
    """Gives values to the loggers, with the step that Lightning counts."""
    trainer._logger_connector.log_metrics(dict(values))


def running_results(trainer: Trainer) -> dict[str, Any]:
    """What `LightningModule.log` adds up in the training epoch, by hook and name.

    Tensors alone: of a metric of torchmetrics the sums are in the metric itself.
    """
    results = trainer.fit_loop.epoch_loop._results
    return {
        key: result
        for key, result in results.items()
        if result.is_tensor and result.meta.on_epoch and not result.has_reset
    }


def logged_names(trainer: Trainer) -> set[str]:
    """Names that `LightningModule.log` has been given since the epoch began."""
    results = trainer._results
    return set() if results is None else {result.meta.name for result in results.values()}


def evaluation_names(trainer: Trainer) -> list[str]:
    """Names under which callbacks will find what a validation has logged by Lightning's way.

    `callback_metrics` lacks those of several loaders in the validation before the training.
    """
    results, names = trainer._results, []
    if results is not None:
        logged = [one for one in results.values() if one.meta.on_epoch]
        names = [results._forked_name(one, on_step=False)[0] for one in logged]
    return [*dict.fromkeys([*names, *trainer.callback_metrics])]


def update_step_metrics(trainer: Trainer) -> None:
    """Logs what `LightningModule.log` has collected, which otherwise comes after all callbacks."""
    trainer._logger_connector.update_train_step_metrics()


def start_batch(trainer: Trainer, *, is_first: bool) -> None:
    """Notes that a batch begins, for `LightningModule.log`."""
    trainer._logger_connector._first_loop_iter = is_first


def finish_batch(trainer: Trainer) -> None:
    """Notes that a batch is over, for `LightningModule.log`."""
    trainer._logger_connector.on_batch_end()


def full_checkpoint(trainer: Trainer) -> dict[str, Any]:
    """All that a checkpoint holds, without writing it.

    `Trainer.save_checkpoint` writes at once, and its barrier waits for ever for a process that has
    failed.
    """
    checkpoint: dict[str, Any] = trainer._checkpoint_connector.dump_checkpoint(weights_only=False)
    return checkpoint


def validates_next(trainer: Trainer) -> bool:
    """Whether a validation or the end of the epoch follows this batch."""
    loop = trainer.fit_loop
    fetcher = loop._data_fetcher
    assert fetcher is not None
    return trainer.is_last_batch or loop.epoch_loop._should_check_val_fx(fetcher)


def validates_by_time(trainer: Trainer) -> bool:
    """Whether `val_check_interval` is a time."""
    return trainer._val_check_time_interval is not None  # type: ignore[attr-defined]


def module_of(trainer: Trainer) -> LightningModule:
    """The LightningModule, without the look for a wrapper that `trainer.lightning_module` takes."""
    return cast(LightningModule, trainer.strategy._lightning_module)


PER_BATCH = tuple(
    f"on_{moment}"
    for moment in (
        *("before_zero_grad", "before_backward", "after_backward", "before_optimizer_step"),
        *(
            f"{part}_batch_{end}"
            for part in ("train", "validation", "test")
            for end in ("start", "end")
        ),
    )
)
"""Hooks of callbacks that Lightning calls for each batch."""


def skip_empty_hooks(trainer: Trainer) -> None:
    """Lets Lightning pass over hooks of callbacks that do nothing.

    It calls every hook of every callback within a block of the profiler, some 2 microseconds each:
    with the callbacks that a run has, a fifth of a small network's step. A hook that is not
    callable is passed over (`_call_callback_hooks`, Lightning 2.6). Callbacks of the user's keep
    theirs.
    """
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        kind = type(callback)
        if kind.__module__.partition(".")[0] not in ("leyden", "pytorch_lightning"):
            continue
        for name in PER_BATCH:
            if getattr(kind, name) is getattr(Callback, name):
                vars(callback)[name] = None


def leave_restart(trainer: Trainer) -> None:
    """Lets the loops begin an epoch anew, though they were loaded from a checkpoint."""
    loop = trainer.fit_loop
    loop._restarting = loop.epoch_loop.restarting = False
    loop.reset_restart_stage()
    loop.epoch_loop.reset_restart_stage()


def training_loaders(trainer: Trainer) -> list[Any]:
    """The training loaders, of which batches come together; none before they are made."""
    combined = trainer.fit_loop._combined_loader
    return [] if combined is None else list(combined.flattened)


def count_last_batch(trainer: Trainer, steps: int) -> None:
    """Counts the last step of a run that was killed right after it; loggers ask for the number."""
    trainer.fit_loop.epoch_loop._batches_that_stepped = steps
