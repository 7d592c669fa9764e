import pytest
import torch
from pytorch_lightning import Trainer
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from torch import nn
from torch.utils.data import DataLoader

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
    return Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


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
def test_a_second_epoch_starts_anew(task, batches, trainer):
    for batch in batches[:2]:
        trainer.validate(
            task, DataLoader([batch], batch_size=None, collate_fn=tuple), verbose=False
        )
    inputs, targets = batches[1]
    expected = 20 * (task(inputs) - targets).square().mean().sqrt()
    assert float(trainer.callback_metrics["val/rmse"]) == pytest.approx(float(expected))
