"""Steps are optimizer steps; under manual optimization batches."""

import pytest
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch.utils.data import DataLoader

from leyden.tasks.step_count import steps_done

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers.*")


class Automatic(LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, index):
        return self.layer(batch).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class TwoByHand(Automatic):
    """As a GAN: two optimizers, both of which step with each batch."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch, index):
        for optimizer in self.optimizers():
            optimizer.zero_grad()
            self.manual_backward(self.layer(batch).mean())
            optimizer.step()

    def configure_optimizers(self):
        return [torch.optim.SGD(self.parameters(), lr=0.1) for _ in range(2)]


class Counts(Callback):
    def __init__(self):
        self.steps, self.lightnings = [], []

    def on_train_batch_end(self, trainer, *_):
        self.steps.append(steps_done(trainer))
        self.lightnings.append(trainer.global_step)


def counted(module, **options):
    counts = Counts()
    trainer = Trainer(
        accelerator="cpu",
        logger=False,
        callbacks=[counts],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **{"max_epochs": 2} | options,
    )
    trainer.fit(module, DataLoader(torch.ones(3, 1)))
    return counts, trainer


def test_each_batch_is_a_step_in_all_epochs():
    assert counted(Automatic())[0].steps == [1, 2, 3, 4, 5, 6]


def test_batches_whose_gradients_are_added_up_are_one_step():
    """Of three batches in an epoch, the third is a step of its own."""
    assert counted(Automatic(), accumulate_grad_batches=2)[0].steps == [0, 1, 2, 2, 3, 4]


def test_two_optimizers_by_hand_take_one_step_with_each_batch():
    counts, trainer = counted(TwoByHand())
    assert counts.steps == [1, 2, 3, 4, 5, 6]
    assert counts.lightnings == [2, 4, 6, 8, 10, 12]
    assert steps_done(trainer) == 6


def test_a_trainer_that_has_not_begun_has_done_no_step():
    trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    assert steps_done(trainer) == 0
