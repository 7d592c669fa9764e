"""The weights that a run begins with, where they are not drawn."""

from pathlib import Path

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import nn

from leyden.config.huggingface import WEIGHTS, is_hf
from leyden.interop.gpt2 import gpt2_weights
from leyden.models.hf_folder import CONFIG, locate
from leyden.run.checkpoints import find_checkpoint, load_weights, set_weights


class InitialWeights(Callback):
    """Loads initial weights into layers that `configure_model` has made.

    Args:
        source: See `load_initial_weights`.
    """

    def __init__(self, source: str) -> None:
        self.source = source

    def on_fit_start(self, trainer: Trainer, task: LightningModule) -> None:
        load_initial_weights(task, self.source)


def load_initial_weights(net: nn.Module, source: str) -> None:
    """Gives a network or a LightningModule the weights that a source names.

    Args:
        net: Has weights of these names and shapes.
        source: A run's folder, whose best checkpoint is taken; a checkpoint; or `hf:NAME`.
    """
    if is_hf(source):
        set_weights(net, gpt2_weights(locate(source, (*CONFIG, *WEIGHTS))))
        return
    path = find_checkpoint(Path(source))
    assert path is not None
    load_weights(net, path)
