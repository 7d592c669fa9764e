"""Whether Lightning's Trainer takes the values that are meant for it."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import Trainer

from leyden.config.schema import TrainerKeys
from leyden.config.signature import fields_of, parameters_of
from leyden.errors import Problem
from leyden.run.log import quiet_libraries

OF_THE_MACHINE = {"accelerator", "devices", "num_nodes", "strategy", "precision", "sync_batchnorm"}
"""Keys of which other rules judge: a job may be meant for another machine."""

OURS = {"max_epochs", "max_steps", "limit_train_batches", "accumulate_grad_batches", "profiler"}
"""Keys that Lightning is given in another form; their own types say what they may be."""


def lightning_takes_its_keys(cfg: DictConfig) -> Iterator[Problem]:
    """No value of `trainer` is one that Lightning refuses, once a run has its folder."""
    from pytorch_lightning import Trainer

    keys = cast(dict[str, Any], OmegaConf.to_container(cfg.trainer, resolve=True))
    own = fields_of(TrainerKeys).keys() - parameters_of(Trainer).keys()
    others = {key: keys[key] for key in keys.keys() - own - OF_THE_MACHINE - OURS}
    if not isinstance(others["val_check_interval"], str):  # a number of steps, or a share
        del others["val_check_interval"]
    refusal = _refusal(json.dumps(others, sort_keys=True, default=str))
    if refusal is not None:
        named = [key for key in others if re.search(rf"\b{key}\b", refusal)]
        named = named or [key for key, value in others.items() if f"{value!r}" in refusal]
        if named:
            key = max(named, key=len)
            value = "null" if others[key] is None else str(others[key])
            yield Problem(f"trainer.{key}", refusal, value)
        else:
            yield Problem("trainer", refusal)


@cache
def _refusal(keys: str) -> str | None:
    """Lightning's reason not to make a Trainer of these keys; None if it makes one."""
    given: dict[str, Any] = json.loads(keys)
    try:
        with quiet_libraries():
            Trainer(
                **given,
                accelerator="cpu",
                devices=1,
                plugins=[LightningEnvironment()],  # or it would ask Slurm, LSF and MPI
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
            )
    except Exception as error:
        return f"Lightning refuses it: {' '.join(str(error).split())}"
    return None
