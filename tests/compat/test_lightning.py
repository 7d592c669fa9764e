"""What Leyden uses of Lightning's private names is there, and does what Leyden takes it for."""

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import CSVLogger
from torch.utils.data import DataLoader

from leyden.compat import lightning


class Line(LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, index):
        self.log("train/loss", 1.5)
        return self.layer(batch).square().mean()

    def validation_step(self, batch, index):
        pass

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Looks(Callback):
    """Calls each function where Leyden calls it."""

    def __init__(self):
        self.next_is_validation = []
        self.checkpoint = {}
        self.module = None

    def on_train_batch_end(self, trainer, task, outputs, batch, index):
        self.next_is_validation.append(lightning.validates_next(trainer))
        lightning.update_step_metrics(trainer)
        lightning.note_metrics(trainer, {"mine": torch.tensor(2.0)})
        lightning.log_metrics(trainer, {"mine": torch.tensor(2.0)})
        self.module = lightning.module_of(trainer)

    def on_train_end(self, trainer, task):
        self.checkpoint = lightning.full_checkpoint(trainer)


def fitted(tmp_path, looks, **options):
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=1,
        callbacks=[looks],
        logger=CSVLogger(tmp_path),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
        **options,
    )
    task, data = Line(), DataLoader(torch.arange(4.0).view(4, 1))
    trainer.fit(task, data, data)
    return trainer, task


def test_each_does_what_its_name_says(tmp_path):
    looks = Looks()
    trainer, task = fitted(tmp_path, looks, val_check_interval=2)
    assert looks.next_is_validation == [False, True, False, True]
    assert trainer.callback_metrics["mine"] == 2.0
    assert looks.module is task
    assert not lightning.validates_by_time(trainer)
    assert {"state_dict", "optimizer_states", "loops", "global_step"} <= looks.checkpoint.keys()
    lightning.count_last_batch(trainer, 4)
    assert trainer.fit_loop.epoch_loop._batches_that_stepped == trainer.global_step == 4


def test_a_time_between_validations_is_told_from_a_number(tmp_path):
    trainer, _ = fitted(tmp_path, Looks(), val_check_interval="00:00:10:00")
    assert lightning.validates_by_time(trainer)


def test_loops_begin_anew_after_a_restart(tmp_path):
    trainer, _ = fitted(tmp_path, Looks())
    loop = trainer.fit_loop
    loop.restarting = loop.epoch_loop.restarting = True
    lightning.leave_restart(trainer)
    assert not loop.restarting
    assert not loop.epoch_loop.restarting


def test_the_loop_that_is_replaced_is_lightnings_own(tmp_path):
    trainer, _ = fitted(tmp_path, Looks())
    assert type(trainer.fit_loop.epoch_loop) is lightning.TrainingEpochLoop


class LooksAtResults(Callback):
    """Reads what is logged by Lightning's own way."""

    def __init__(self):
        self.sums, self.logged, self.evaluated = [], set(), []

    def on_train_batch_end(self, trainer, task, outputs, batch, index):
        self.logged = lightning.logged_names(trainer)
        (result,) = lightning.running_results(trainer).values()
        self.sums.append((result.value.item(), int(result.cumulated_batch_size)))

    def on_validation_end(self, trainer, task):
        self.evaluated.append(lightning.evaluation_names(trainer))


class Sums(Line):
    def training_step(self, batch, index):
        self.log("total", batch.mean(), on_step=False, on_epoch=True)
        self.log("of the step", 1.0)
        return self.layer(batch).square().mean()

    def validation_step(self, batch, index, dataloader_idx=0):
        self.log("loss", 1.0, batch_size=1)


def test_what_is_logged_can_be_read_while_it_is_added_up(tmp_path):
    looks = LooksAtResults()
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=1,
        callbacks=[looks],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    assert lightning.training_loaders(trainer) == []
    data = DataLoader(torch.tensor([[1.0], [3.0], [4.0]]), batch_size=2)
    trainer.fit(Sums(), data, [data, data])
    assert looks.sums == [(4.0, 2), (8.0, 3)]  # of a mean: values times samples
    assert looks.logged == {"total", "of the step"}
    assert lightning.training_loaders(trainer) == [data]


def test_names_of_several_loaders_are_known_in_the_validation_before_the_training(tmp_path):
    looks = LooksAtResults()
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=1,
        callbacks=[looks],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    data = DataLoader(torch.ones(2, 1))
    trainer.fit(Sums(), data, [data, data])
    before, after = looks.evaluated
    names = {"loss/dataloader_idx_0", "loss/dataloader_idx_1"}
    assert names <= set(before)
    assert names <= set(after)


class Counts(Callback):
    def __init__(self):
        self.steps = 0

    def on_train_batch_end(self, trainer, task, outputs, batch, index):
        self.steps += 1


def test_hooks_that_do_nothing_are_passed_over_and_all_others_called(tmp_path, monkeypatch):
    """As those of Leyden's own callbacks; a callback of the user's keeps its hooks."""
    users, own = Counts(), Counts()
    monkeypatch.setattr(Counts, "__module__", "leyden.callbacks")
    trainer = Trainer(
        max_epochs=2,
        accelerator="cpu",
        default_root_dir=tmp_path,
        callbacks=[own],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    lightning.skip_empty_hooks(trainer)
    monkeypatch.setattr(Counts, "__module__", "mine")
    trainer.callbacks.append(users)
    lightning.skip_empty_hooks(trainer)
    assert own.on_before_backward is None
    assert callable(users.on_before_backward)
    trainer.fit(Line(), DataLoader(torch.ones(3, 1)), DataLoader(torch.ones(2, 1)))
    assert own.steps == users.steps == 6
