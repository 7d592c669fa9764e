"""The steps that are logged."""

from pytorch_lightning import Trainer


def is_log_step(trainer: Trainer, step: int) -> bool:
    """Whether Lightning writes the values of `step`, counted from 1, into the log.

    What is only logged need not be computed in the others.
    """
    return step % int(trainer.log_every_n_steps) == 0  # type: ignore[attr-defined]
