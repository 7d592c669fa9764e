"""Which runs can be stacked, and with each other."""

import json
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from leyden.config.targets import find_target, is_user_target
from leyden.planning.batch import batch_split_of

MAY_DIFFER = {"model": ("dropout",), "task": ("label_smoothing",), "data": ("seed",)}
"""Keys of the parts that shape a step which may differ within a stack. The optimizer, its schedule,
the seed, callbacks and the length may too: they act on each network by itself."""


def stack_key(cfg: DictConfig) -> str:
    """Runs of which this is the same can be stacked.

    Args:
        cfg: Frozen config of a run.
    """
    plain = cast(dict[str, Any], OmegaConf.to_container(cfg, resolve=True))
    shaping = {
        part: {key: value for key, value in plain[part].items() if key not in differs}
        for part, differs in MAY_DIFFER.items()
    }
    trainer = {key: plain["trainer"][key] for key in ("precision", "deterministic", "accelerator")}
    return json.dumps([shaping, trainer], sort_keys=True, default=str)


def unsupported_reason(cfg: DictConfig) -> str | None:
    """Why a run can't be stacked; None if nothing is known to stand against it.

    A network may say what of its arguments `torch.func.vmap` can't compute, by a static method
    `stacking_limits` that maps its arguments to a reason for each key of the config.

    Args:
        cfg: Frozen config of the run.
    """
    limits = getattr(find_target(str(cfg.model._target_)), "stacking_limits", None)
    of_model = limits(OmegaConf.to_container(cfg.model, resolve=True)) if limits else {}
    words = {
        "trainer.devices": cfg.trainer.devices > 1 and "more than one device",
        "trainer.precision": cfg.trainer.precision != "32-true" and str(cfg.trainer.precision),
        "trainer.profiler": cfg.trainer.profiler is not None and str(cfg.trainer.profiler),
        "accumulate_grad_batches": batch_split_of(cfg).accumulate > 1 and "gradients are added up",
        "privacy": cfg.get("privacy") is not None and "gradients of each sample",
        "freeze": cfg.get("freeze") is not None and "parameters that are not trained",
        "compile": bool(cfg.compile) and "compiled networks",
        **of_model,
        "task": is_user_target(cfg.task.get("_target_", "")) and "a task of your own",
        "metrics": bool(cfg.get("metrics")) and "metrics of your own",
        "task.loss_chunk": cfg.task.get("loss_chunk", 0) > 0 and "logits in parts",
    }
    return next((f"{key}: {word}" for key, word in words.items() if word), None)
