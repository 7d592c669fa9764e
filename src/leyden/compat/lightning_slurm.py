"""Lightning's search for Slurm at each `fit` and `test` without a checkpoint.

Where it is given none, Lightning 2.6 asks whether it runs under Slurm
(`_CheckpointConnector._parse_ckpt_path`). Wherever `srun` is on the PATH, as on every login node,
it then warns that `srun` is not used, and within a job it loads any `hpc_ckpt_*.ckpt` of the run's
folder. Leyden starts the processes of a run itself and says what each goes on from.
`tests/compat/test_lightning_slurm.py` tells when Lightning no longer does this.
"""

from pathlib import Path

from pytorch_lightning import Trainer
from pytorch_lightning.trainer.connectors.checkpoint_connector import _CheckpointConnector
from pytorch_lightning.trainer.states import TrainerFn


class NamedCheckpointOnly(_CheckpointConnector):
    """Loads the checkpoint that it is given, and none where it is given none."""

    def _parse_ckpt_path(
        self,
        state_fn: TrainerFn,
        ckpt_path: str | Path | None,
        model_provided: bool,
        model_connected: bool,
    ) -> str | Path | None:
        if ckpt_path is None and model_provided:
            return None
        return super()._parse_ckpt_path(state_fn, ckpt_path, model_provided, model_connected)


def ignore_slurm(trainer: Trainer) -> None:
    """Lets a trainer load only checkpoints that it is told to, without a look for Slurm."""
    trainer._checkpoint_connector = NamedCheckpointOnly(trainer)
