from dataclasses import replace

import pytest
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from pytorch_lightning import Trainer
from sklearn.metrics import (
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    r2_score,
)
from torch import nn
from torch.utils.data import DataLoader
from torchmetrics.regression import MeanAbsolutePercentageError

from leyden.compat.lightning_slurm import ignore_slurm
from leyden.data import Spec
from leyden.optim import constant, sgd
from leyden.tasks import Regression

SPEC = Spec("series", (3, 1), 2, target_mean=50.0, target_std=20.0)


@pytest.fixture
def task():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(3, 2))
    return Regression(net, spec=SPEC, optimizer=sgd, schedule=constant)


@pytest.fixture
def trainer():
    made = Trainer(
        accelerator="cpu",
        plugins=[LightningEnvironment()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    ignore_slurm(made)
    return made


@pytest.fixture
def batches():
    generator = torch.Generator().manual_seed(1)
    sizes = (8, 8, 3)
    return [
        (torch.randn(n, 3, 1, generator=generator), torch.randn(n, 2, generator=generator))
        for n in sizes
    ]


def loader(batches):
    return DataLoader(batches, batch_size=None, collate_fn=tuple)


def test_the_training_loss_is_the_mean_squared_error_of_the_scaled_target(task, batches):
    inputs, targets = batches[0]
    expected = (task(inputs) - targets).square().mean()
    torch.testing.assert_close(task.training_step(batches[0], 0), expected)


@torch.no_grad()
def test_errors_are_scikit_learns_in_the_targets_own_unit(task, batches, trainer):
    trainer.validate(task, loader(batches), verbose=False)
    found = trainer.callback_metrics
    guesses = torch.cat([50 + 20 * task(x) for x, _ in batches]).flatten()
    truth = torch.cat([50 + 20 * y for _, y in batches]).flatten()
    assert float(found["val/rmse"]) == pytest.approx(mean_squared_error(truth, guesses) ** 0.5)
    assert float(found["val/mae"]) == pytest.approx(mean_absolute_error(truth, guesses))
    assert float(found["val/r2"]) == pytest.approx(r2_score(truth, guesses), rel=1e-5)


@torch.no_grad()
@pytest.mark.parametrize(
    ("mean", "std"), [(1e4, 1.0), (-1e12, 1e-3), (0.0, 1e-30), (7.0, 1e30), (1e300, 1e290)]
)
def test_errors_are_right_whatever_the_targets_offset_and_unit(mean, std, task, batches, trainer):
    task.spec = replace(SPEC, target_mean=mean, target_std=std)
    trainer.validate(task, loader(batches), verbose=False)
    guesses = torch.cat([task(x) for x, _ in batches]).flatten().double()
    truth = torch.cat([y for _, y in batches]).flatten().double()
    expected = {
        "rmse": std * mean_squared_error(truth, guesses) ** 0.5,
        "mae": std * mean_absolute_error(truth, guesses),
        "r2": r2_score(truth, guesses),
    }
    found = {name: float(trainer.callback_metrics[f"val/{name}"]) for name in expected}
    assert found == pytest.approx(expected, rel=1e-6, abs=0)


@torch.no_grad()
def test_the_last_smaller_batch_counts_by_its_samples(task, batches, trainer):
    trainer.validate(task, loader(batches), verbose=False)
    errors = torch.cat([(task(x) - y).square() for x, y in batches])
    assert float(trainer.callback_metrics["val/loss"]) == pytest.approx(float(errors.mean()))


@torch.no_grad()
def test_r2_is_left_out_where_all_targets_are_alike(task, batches, trainer):
    alike = [(x, torch.full_like(y, 0.5)) for x, y in batches]
    trainer.validate(task, loader(alike), verbose=False)
    assert "val/r2" not in trainer.callback_metrics
    assert "val/rmse" in trainer.callback_metrics


@torch.no_grad()
def test_a_second_epoch_starts_anew(task, batches, trainer):
    for batch in batches[:2]:
        trainer.validate(
            task, DataLoader([batch], batch_size=None, collate_fn=tuple), verbose=False
        )
    inputs, targets = batches[1]
    expected = 20 * (task(inputs) - targets).square().mean().sqrt()
    assert float(trainer.callback_metrics["val/rmse"]) == pytest.approx(float(expected))


def test_further_metrics_read_the_targets_own_unit(task, batches):
    task.add_metrics(lambda: {"mape": MeanAbsolutePercentageError()})
    for batch in batches:
        task.validation_step(batch, 0)
    inputs, targets = (torch.cat(parts) for parts in zip(*batches, strict=True))
    predicted = 20 * task(inputs).detach().double() + 50
    expected = mean_absolute_percentage_error(20 * targets.double() + 50, predicted)
    assert float(task.val.compute()["mape"]) == pytest.approx(expected, rel=1e-6)
