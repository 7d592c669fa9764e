"""Running statistics of a network that is split over processes."""

from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.parallel import share_buffers


class SharedBuffers(Callback):
    """Gives all processes the first one's running statistics before they are used.

    Each process has seen other samples. DDP does the same before every forward pass; what is
    validated is then what a checkpoint keeps.
    """

    def on_validation_start(self, trainer: Trainer, task: LightningModule) -> None:
        share_buffers(task)
