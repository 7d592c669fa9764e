"""`trainer=smoke`: what a large experiment asks for becomes what any machine has, said in a line.

The model keeps its size. What the command line says stays as it is.
"""

from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from leyden.config.huggingface import is_hf, is_kept
from leyden.config.targets import find_target

SAMPLES = 2
"""Of a step of an experiment that deals its steps out, and of a batch of its evaluations."""

DEALT_OUT = ("data.batch_tokens", "data.batch_size", "trainer.micro_batch")
HALF = ("16-mixed", "16-true", "bf16-mixed", "bf16-true")


def shrink(cfg: DictConfig, typed: set[str]) -> tuple[str, ...]:
    """Shrinks a composed config in place.

    Args:
        cfg: Composed config; its trainer is `smoke`.
        typed: Keys that the command line or a sweep says.

    Returns:
        What was changed, a line each.
    """
    notes = []
    for key, value, why in _changes(cfg, typed):
        if key in typed or not _has(cfg, key):
            continue
        before = OmegaConf.to_container(cfg)
        shown = _at(before, key)
        if shown == value:
            continue
        with open_dict(cfg):
            OmegaConf.update(cfg, key, value)
        if why:
            was = "not given" if shown == "???" else f"was {_text(shown)}"
            notes.append(f"trainer=smoke sets {key}={_text(value)} ({was}): {why}")
    return tuple(notes)


def _changes(cfg: DictConfig, typed: set[str]) -> Iterator[tuple[str, Any, str | None]]:
    """Key, value, and why; without a reason it only follows from another change."""
    yield "trainer.devices", 1, "one process is enough"
    yield "trainer.num_nodes", 1, "one process is enough"
    yield "compile", False, "two steps do not repay it"
    if not any(key.partition(".")[0] == "budget" for key in typed):
        yield "budget", None, "two steps are enough"
    if cfg.trainer.precision in HALF and not _has_gpu(cfg):
        yield "trainer.precision", "32-true", "there is no GPU"
    is_dealt_out = cfg.data.get("batch_tokens") is not None or cfg.trainer.micro_batch is not None
    if is_dealt_out and not typed & set(DEALT_OUT):
        yield "data.batch_tokens", None, f"a step has {SAMPLES} samples"
        yield "trainer.micro_batch", None, None
        yield "data.batch_size", SAMPLES, None
        yield "data.eval_batch_size", SAMPLES, None
    if OmegaConf.is_missing(cfg.data, "path") and (instead := _synthetic_data(cfg)):
        yield "data.path", None, f"{instead} stand in"
    if isinstance(cfg.init_from, str) and not _is_here(cfg.init_from):
        yield "init_from", None, "it is not on this machine: random weights in the model's shape"


def _has(cfg: DictConfig, key: str) -> bool:
    *parents, last = key.split(".")
    node: Any = cfg
    for parent in parents:
        node = node.get(parent)
    return isinstance(node, DictConfig) and last in node.keys()  # noqa: SIM118 (also a missing one)


def _at(plain: Any, key: str) -> Any:
    for part in key.split("."):
        plain = plain[part]
    return plain


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _has_gpu(cfg: DictConfig) -> bool:
    import torch

    return cfg.trainer.accelerator != "cpu" and torch.accelerator.is_available()


def _synthetic_data(cfg: DictConfig) -> str | None:
    """What a data set is without its path, if it can be; its class says so."""
    try:
        return getattr(find_target(str(cfg.data._target_)), "without_path", None)
    except ValueError:  # the check names it
        return None


def _is_here(source: str) -> bool:
    """Whether initial weights can be had without a network; a smoke run never fetches."""
    return not is_hf(source) or is_kept(source)
