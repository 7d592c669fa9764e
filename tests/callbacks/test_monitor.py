"""The monitored metric is found under the name that a module logs it by."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_lightning import Callback, LightningModule, Trainer
from torch.utils.data import DataLoader

from leyden.callbacks import MonitorName
from leyden.callbacks.monitor import folded
from leyden.errors import ConfigError

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers.*")
WORDS = st.lists(st.from_regex(r"[a-z0-9]+", fullmatch=True), min_size=1, max_size=4)
SIGNS = st.lists(st.from_regex(r"[/_.\-]{1,2}", fullmatch=True), min_size=3, max_size=3)


class Logs(LightningModule):
    """Logs the number of the validation under some names."""

    def __init__(self, *names, in_sanity_check=True):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.names, self.in_sanity_check = names, in_sanity_check
        self.validations = 0.0

    def on_validation_epoch_start(self):
        self.validations += not self.trainer.sanity_checking

    def training_step(self, batch, index):
        return self.layer(batch).mean()

    def validation_step(self, batch, index, dataloader_idx=0):
        if self.in_sanity_check or not self.trainer.sanity_checking:
            for name in self.names:
                self.log(name, self.validations + 10 * dataloader_idx, on_epoch=True, batch_size=1)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Reads(Callback):
    """Reads the monitored metric after each validation, as early stopping does."""

    def __init__(self, monitor):
        self.monitor, self.values = monitor, []

    def on_validation_end(self, trainer, task):
        if not trainer.sanity_checking:
            self.values.append(float(trainer.callback_metrics[self.monitor]))


def read(monitor, module, *, loaders=1, epochs=1, sanity=2):
    reads = Reads(monitor)
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        logger=False,
        num_sanity_val_steps=sanity,
        callbacks=[MonitorName(monitor), reads],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    data = DataLoader(torch.ones(2, 1))
    trainer.fit(module, data, [DataLoader(torch.ones(2, 1)) for _ in range(loaders)])
    return reads.values


@given(words=WORDS, one=SIGNS, other=SIGNS)
def test_names_that_differ_in_their_signs_only_are_one(words, one, other):
    def name(signs):
        return "".join(w + s for w, s in zip(words, [*signs[: len(words) - 1], ""], strict=True))

    assert folded(name(one)) == folded(name(other)) == "_".join(words)


@given(words=WORDS, other=WORDS)
def test_names_of_other_words_are_others(words, other):
    assert (folded("/".join(words)) == folded("_".join(other))) == (words == other)


@pytest.mark.parametrize("logged", ["val_loss", "val.loss", "val-loss", "val/loss", "val__loss"])
@pytest.mark.parametrize("sanity", [0, 2])
def test_each_validation_has_its_own_value_under_the_monitored_name(logged, sanity):
    assert read("val/loss", Logs(logged), epochs=3, sanity=sanity) == [1.0, 2.0, 3.0]


def test_a_metric_of_the_very_name_is_preferred():
    class Both(Logs):
        def validation_step(self, batch, index):
            self.log("val_loss", 5.0)
            self.log("val/loss", 7.0)

    assert read("val/loss", Both()) == [7.0]


def test_of_several_loaders_the_one_that_is_named_is_found():
    assert read("val/loss/dataloader_idx_1", Logs("val_loss"), loaders=2, epochs=2) == [11.0, 12.0]


@pytest.mark.parametrize("sanity", [0, 2])
def test_of_several_loaders_one_has_to_be_named(sanity):
    with pytest.raises(ConfigError, match="there is: val/loss/dataloader_idx_0"):
        read("val/loss", Logs("val/loss"), loaders=2, sanity=sanity)


@pytest.mark.parametrize("sanity", [0, 2])
def test_a_name_that_is_not_logged_is_refused_with_the_nearest_one(sanity):
    with pytest.raises(ConfigError, match=r"monitor.metric.*did you mean `val/accuracy`"):
        read("val/acuracy", Logs("val/accuracy", "val/loss"), sanity=sanity)


@pytest.mark.parametrize("sanity", [0, 2])
def test_a_validation_that_logs_nothing_is_said(sanity):
    with pytest.raises(ConfigError, match=r"logs nothing; type `monitor.metric=null`"):
        read("val/loss", Logs(), sanity=sanity)


def test_a_module_that_logs_nothing_before_the_training_is_monitored_in_it():
    """`if not self.trainer.sanity_checking: self.log(...)` is a usual line."""
    assert read("val/loss", Logs("val/loss", in_sanity_check=False)) == [1.0]
