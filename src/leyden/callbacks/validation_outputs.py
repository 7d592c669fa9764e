"""What a network gives for the validation part, for callbacks that show it."""

from collections.abc import Iterator

import torch
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor

from leyden.tasks.losses import widened


@torch.no_grad()
def validation_outputs(trainer: Trainer, task: LightningModule) -> Iterator[tuple[Tensor, Tensor]]:
    """Outputs and targets of the whole validation part, batch by batch, on the CPU.

    In the precision of the run, and in 32 bits or more afterwards. A network whose parameters are
    split needs all processes to ask for it.
    """
    precision = trainer.precision_plugin
    was_training = task.training
    task.eval()
    for batch in trainer.datamodule.whole_val_dataloader():  # type: ignore[attr-defined]
        inputs, targets = precision.convert_input(batch)
        with precision.val_step_context():
            outputs = task(inputs.to(task.device))
        yield widened(outputs).cpu(), targets.cpu()
    task.train(was_training)
