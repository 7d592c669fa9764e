"""Which runs can be stacked, and with each other."""

import json
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from leyden.planning.batch import batch_split_of

DIFFERS = {"model": ("dropout",), "task": ("label_smoothing",), "data": ("seed",)}
"""Keys of the parts that shape a step which may differ within a stack. The optimizer, its schedule,
the seed, callbacks and the length may too: they act on each network by itself."""


def stack_key(cfg: DictConfig) -> str:
    """Runs of which this is the same can be stacked.

    Args:
        cfg: A run's frozen config.
    """
    plain = cast(dict[str, Any], OmegaConf.to_container(cfg, resolve=True))
    shaping = {
        part: {key: value for key, value in plain[part].items() if key not in differs}
        for part, differs in DIFFERS.items()
    }
    trainer = {key: plain["trainer"][key] for key in ("precision", "deterministic", "accelerator")}
    return json.dumps([shaping, trainer], sort_keys=True, default=str)


def unsupported_reason(cfg: DictConfig) -> str | None:
    """Why a run can't be stacked; None if nothing is known to stand against it.

    Args:
        cfg: Its frozen config.
    """
    model = str(cfg.model._target_).rpartition(".")[2]
    words = {
        "trainer.devices": cfg.trainer.devices > 1 and "more than one device",
        "trainer.precision": cfg.trainer.precision != "32-true" and str(cfg.trainer.precision),
        "trainer.profiler": cfg.trainer.profiler is not None and str(cfg.trainer.profiler),
        "accumulate_grad_batches": batch_split_of(cfg).accumulate > 1 and "gradients are added up",
        "compile": bool(cfg.compile) and "compiled networks",
        "model": model == "RNN" and "torch.func.vmap knows no recurrent layers",
        "model.dropout": model == "GPT" and cfg.model.dropout > 0 and "that of attention",
        "model.recompute": cfg.model.get("recompute", "none") != "none" and cfg.model.recompute,
        "task.loss_chunk": cfg.task.loss_chunk > 0 and "logits in parts",
    }
    return next((f"{key}: {word}" for key, word in words.items() if word), None)
