"""What the processes of a run must agree on: the config, and running statistics."""

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import distributed

from leyden.distributed.sharding import share_buffers


class RequireSameConfig(Callback):
    """Raises before the first step if the processes do not have the same digest.

    Args:
        digest: Digest of the config that this process has read.
    """

    def __init__(self, digest: str) -> None:
        self.digest = digest

    def on_fit_start(self, trainer: Trainer, task: LightningModule) -> None:
        if trainer.world_size == 1:
            return
        digests: list[str | None] = [None] * trainer.world_size
        distributed.all_gather_object(digests, self.digest)
        if len(set(digests)) > 1:
            raise RuntimeError(f"the processes have different configs: {digests}")


class BufferBroadcast(Callback):
    """Gives all processes the first one's running statistics before they are used.

    Each process has seen other samples. DDP does the same before every forward pass; what is
    validated is then what a checkpoint keeps.
    """

    def on_validation_start(self, trainer: Trainer, task: LightningModule) -> None:
        share_buffers(task)
