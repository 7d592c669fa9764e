"""The weights that a run begins with, where they are not drawn."""

from omegaconf import DictConfig
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities.seed import isolate_rng
from torch import nn

from leyden.planning.initial_weights import fit_initial_weights, initial_weights
from leyden.run.checkpoints import set_weights
from leyden.run.record import Record


class InitialWeights(Callback):
    """Loads initial weights into layers that `configure_model` has made.

    Args:
        cfg: Config of the run.
        record: Record of the run.
    """

    def __init__(self, cfg: DictConfig, record: Record) -> None:
        self.cfg = cfg
        self.record = record

    def on_fit_start(self, trainer: Trainer, task: LightningModule) -> None:
        load_initial_weights(task, self.cfg, self.record)


def load_initial_weights(net: nn.Module, cfg: DictConfig, record: Record) -> None:
    """Gives a network or a LightningModule the weights that its config names, if it does.

    Args:
        net: The network, or the user's LightningModule.
        cfg: Config of the run.
        record: Record of the run, which says what was taken.

    Raises:
        ConfigError: They can't be read, or do not fit.
    """
    pretrained = initial_weights(cfg, net)
    if pretrained is None:
        return
    with isolate_rng():  # the draws of a run do not depend on how its weights are read
        fit, content = fit_initial_weights(cfg, net, pretrained)
    set_weights(net, fit.taken, strict=False)
    record.initial_weights = content
    record.write()
