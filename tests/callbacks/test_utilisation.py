"""Model FLOPs over the time of a clock that the test moves, over the devices' peak."""

import json
from types import SimpleNamespace

import pytest
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from pytorch_lightning import Callback, LightningModule, Trainer
from torch.utils.data import DataLoader

from leyden.callbacks import Utilisation
from leyden.callbacks.speed import known_peak
from leyden.compat.lightning_slurm import ignore_slurm
from leyden.tasks import step_clock as steps_clock
from leyden.training.epoch_loop import EpochLoop

pytestmark = [
    pytest.mark.filterwarnings(f"ignore:The '{part}_dataloader' does not have many workers")
    for part in ("train", "val")
]


class Line(LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, batch_index):
        return self.layer(batch).sum()

    def validation_step(self, batch, batch_index):
        pass

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Clock(Callback):
    """Half a second for each batch, an hour for a validation."""

    now = 0.0

    def perf_counter(self):
        return self.now

    def on_train_batch_start(self, *arguments):
        self.now += 0.5

    def on_validation_start(self, *arguments):
        self.now += 3600.0


@pytest.fixture
def logged(monkeypatch):
    """What a run of four steps, logged at each second one, has logged at its end."""

    def run(mine, **keys):
        clock = Clock()
        monkeypatch.setattr(steps_clock, "time", clock)
        batches = DataLoader(torch.zeros(8, 1))
        trainer = Trainer(
            accelerator="cpu",
            plugins=[LightningEnvironment()],
            max_steps=4,
            log_every_n_steps=2,
            num_sanity_val_steps=0,
            callbacks=[clock, mine],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            **keys,
        )
        ignore_slurm(trainer)
        trainer.fit_loop.epoch_loop = EpochLoop(trainer, max_steps=4)
        trainer.fit(Line(), batches, batches)
        return trainer.callback_metrics.get("mfu")

    return run


def test_it_is_the_speed_over_the_peak(logged):
    # 3e9 operations in half a second are 6e9 a second
    assert logged(Utilisation(flops_per_step=3_000_000_000, peak_flops=2e10)) == 0.3


def test_an_optimizer_step_is_as_long_as_its_micro_batches(logged):
    mine = Utilisation(flops_per_step=3_000_000_000, peak_flops=2e10)
    assert logged(mine, accumulate_grad_batches=2) == pytest.approx(0.15)


@pytest.mark.parametrize("batches", [1, 2])
def test_validation_does_not_count(logged, batches):
    mine = Utilisation(flops_per_step=3_000_000_000, peak_flops=2e10)
    assert logged(mine, val_check_interval=batches) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("flops_per_step", "peak_flops"), [(None, 1e12), (10**9, None)], ids=["model", "device"]
)
def test_what_is_not_known_is_not_logged(logged, flops_per_step, peak_flops):
    mine = Utilisation(flops_per_step=flops_per_step, peak_flops=peak_flops)
    assert logged(mine) is None


def test_the_peak_is_shared_by_all_devices():
    mine = Utilisation(flops_per_step=8_000, peak_flops=1_000.0)
    loop = SimpleNamespace(values={}, clock=SimpleNamespace(seconds=0.0))
    trainer = SimpleNamespace(global_step=0, log_every_n_steps=1, world_size=8)
    trainer.strategy = SimpleNamespace(_lightning_module=None)
    trainer.accumulate_grad_batches = 1
    trainer.fit_loop = SimpleNamespace(epoch_loop=loop)
    mine.on_train_start(trainer, SimpleNamespace(device=torch.device("cpu")))
    trainer.global_step, loop.clock.seconds = 1, 2.0
    mine.on_train_batch_end(trainer, SimpleNamespace(), None, None, 0)
    assert loop.values == {"mfu": 0.5}  # 8,000 operations in 2 seconds by 8 devices of 1,000


@pytest.mark.parametrize(
    ("name", "precision", "peak"),
    [
        ("NVIDIA H100 80GB HBM3", "bf16-mixed", 989e12),
        ("NVIDIA A100-SXM4-40GB", "16-true", 312e12),
        ("Tesla V100-SXM2-16GB", "16-mixed", 125e12),
        ("Tesla V100-SXM2-16GB", "bf16-mixed", None),
        ("NVIDIA A100-SXM4-40GB", "32-true", None),
        ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", "bf16-mixed", None),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "bf16-mixed", None),
    ],
)
def test_only_a_peak_that_someone_has_said_is_known(name, precision, peak):
    assert known_peak(name, precision) == peak


@pytest.mark.parametrize(
    ("words", "is_logged"), [((), False), (("trainer.peak_flops=1e12",), True)]
)
def test_the_users_own_figure_gives_a_cpu_its_utilisation(leyden, words, is_logged):
    run = leyden("train", "trainer=smoke", "trainer.accelerator=cpu", *words).folder
    assert ("mfu" in json.loads((run / "run.json").read_text())["metrics"]) == is_logged
