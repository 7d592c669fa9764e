"""The processes of a run work from the same config, or not at all."""

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import distributed


class SameConfig(Callback):
    """Raises before the first step if the processes do not have the same digest.

    Args:
        digest: Of the config that this process has read.
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
