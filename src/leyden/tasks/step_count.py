"""The steps of a run, as records, checkpoints and loggers count them."""

from typing import Any, cast

from pytorch_lightning import Trainer

from leyden.compat.lightning import module_of
from leyden.tasks.log_values import loop_of


def steps_done(trainer: Trainer) -> int:
    """Optimizer steps; under manual optimization the batches, whatever is stepped in each.

    Lightning's `global_step` counts the steps of all optimizers together then, two for each batch
    of a GAN, while its loggers count batches.
    """
    loop = loop_of(trainer)
    if getattr(loop, "is_fast", False):  # a task of Leyden's; each question counts in a small step
        return loop.global_step
    module = module_of(trainer)
    if module is None or module.automatic_optimization:
        return int(trainer.global_step)
    batches = cast(Any, trainer.fit_loop.epoch_loop.batch_progress.total)
    return int(batches.processed)
