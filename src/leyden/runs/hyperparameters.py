"""A run's hyperparameters under short names, as tables show them."""

from collections import Counter

from omegaconf import DictConfig, OmegaConf

GROUPS = ("model", "data", "optimizer", "scheduler")
TRAINER_KEYS = ("max_tokens", "max_steps", "max_epochs", "precision", "gradient_clip_val")
SPEED_ONLY = {"eval_batch_size", "num_workers", "fused"}

Scalar = bool | int | float | str


def short_hyperparameters(cfg: DictConfig, choices: dict[str, str]) -> dict[str, Scalar]:
    """The options chosen and the numbers that matter: `model`, `width`, `optimizer`, `lr`, ...

    A key has its last name where that is clear, else its group's in front. Keys that are off or
    that change only the speed are left out.
    """
    values: dict[tuple[str, str], Scalar] = {}
    for group in GROUPS:
        node = OmegaConf.to_container(cfg[group], resolve=True)
        assert isinstance(node, dict)
        for key, value in node.items():
            if not str(key).startswith("_") and key not in SPEED_ONLY:
                values |= _scalars(group, str(key), value)
    for key in TRAINER_KEYS:
        values |= _scalars("trainer", key, cfg.trainer.get(key))
    if cfg.trainer.max_tokens is not None or cfg.trainer.max_steps is not None:
        values.pop(("trainer", "max_epochs"), None)
    repeated = Counter(key for _, key in values)
    named: dict[str, Scalar] = {group: choices[group] for group in GROUPS}
    for (group, key), value in values.items():
        named[key if repeated[key] == 1 else f"{group}_{key}"] = value
    return named | {"seed": cfg.seed}


def _scalars(group: str, key: str, value: object) -> dict[tuple[str, str], Scalar]:
    if isinstance(value, list):
        return {(group, key): ", ".join(map(str, value))}
    return {(group, key): value} if isinstance(value, bool | int | float | str) else {}
