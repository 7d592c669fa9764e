import warnings

import pytest
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.utilities.warnings import PossibleUserWarning
from pytorch_lightning import LightningModule, Trainer
from torch.utils.data import DataLoader

from leyden.compat.lightning_slurm import ignore_slurm


class Line(LightningModule):
    """A parameter that a step changes."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def training_step(self, batch, index):
        return (self.weight - batch).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(folder, *, steps, is_own):
    trainer = Trainer(
        max_steps=steps,
        max_epochs=-1,
        accelerator="cpu",
        devices=1,
        default_root_dir=folder,
        plugins=[LightningEnvironment()],  # as in a run
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    if is_own:
        ignore_slurm(trainer)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        trainer.fit(Line(), DataLoader(torch.ones(8, 1)))
    return trainer


@pytest.fixture
def srun(tmp_path, monkeypatch):
    """A login node: `srun` is there, but this is no job."""
    (tmp_path / "srun").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SLURM_NTASKS", raising=False)


def test_a_fit_where_srun_is_installed_warns_of_nothing(srun, tmp_path):
    assert fit(tmp_path, steps=1, is_own=True).global_step == 1


def test_lightning_still_warns_there(srun, tmp_path):
    with pytest.warns(PossibleUserWarning, match="The `srun` command is available"):
        fit(tmp_path, steps=1, is_own=False)


@pytest.mark.parametrize(("is_own", "begins_at"), [(True, 0), (False, 3)])
def test_within_a_slurm_job_only_lightning_loads_what_lies_in_the_folder(
    is_own, begins_at, tmp_path, monkeypatch
):
    fit(tmp_path, steps=3, is_own=True).save_checkpoint(tmp_path / "hpc_ckpt_1.ckpt")
    monkeypatch.setenv("SLURM_NTASKS", "1")
    trainer = fit(tmp_path, steps=1, is_own=is_own)
    assert trainer.global_step == max(1, begins_at)
