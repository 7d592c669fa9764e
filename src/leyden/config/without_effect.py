"""What Hydra takes and Leyden has no use for: it is refused by name, and never ignored."""

from collections.abc import Iterable, Iterator

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from leyden.errors import ConfigError, Problem

PLUGINS = ("hydra.launcher", "hydra.sweeper")
TAKEN = (*PLUGINS, "hydra.mode", "hydra.searchpath", "hydra.callbacks")
"""Keys of Hydra's own that are read, and those below them; callbacks are refused elsewhere."""

INSTEAD = {
    "hydra.run.dir": "type `run_dir=FOLDER`, or `name=NAME` for a folder under outputs/",
    "hydra.sweep.dir": "type `run_dir=FOLDER`, or `name=NAME` for a folder under outputs/",
    "hydra.sweep.subdir": "a job's folder is named after what it varies",
    "hydra.output_subdir": "the config is kept in the run's folder itself",
    "hydra.job.chdir": "a run stays in the folder that it is started in",
    "hydra.job.name": "type `name=NAME`",
    "hydra.verbose": "the run's train.log has what the libraries say",
}

DEFAULTS = {
    "run.dir": (".", "outputs/${now:%Y-%m-%d}/${now:%H-%M-%S}"),
    "sweep.dir": (".", "multirun/${now:%Y-%m-%d}/${now:%H-%M-%S}"),
    "sweep.subdir": (".", "${hydra.job.num}"),
    "job.chdir": (None,),
}
"""Ours in conf/config.yaml, and Hydra's own, which a primary config of the user's has."""


def reject_ineffective_keys(
    typed: Iterable[Override], base: DictConfig, *, is_sweep: bool, is_search: bool
) -> None:
    """Raises `ConfigError` for keys that would change nothing.

    Args:
        typed: Overrides of the command line.
        base: The composed config, with the node `hydra`.
        is_sweep: Whether the request is one.
        is_search: Whether what varies is drawn from ranges.
    """
    problems = {problem.key: problem for problem in _in_files(base)}
    for override in typed:
        message = _why_without_effect(override, is_sweep=is_sweep, is_search=is_search)
        if message:
            key, value = override.key_or_group, (override.input_line or "").partition("=")[2]
            problems[key] = Problem(key, message, value, "command line")
    if problems:
        raise ConfigError(problems.values())


def _why_without_effect(override: Override, *, is_sweep: bool, is_search: bool) -> str | None:
    typed = override.key_or_group
    key = typed.replace("/", ".")
    if key.startswith("hydra.") and not _is_below(key, TAKEN):
        return f"has no effect; {INSTEAD.get(key, 'leave it out')}"
    if not is_sweep and _is_below(key, PLUGINS):
        return "is for sweeps; add `-m`, or leave it out"
    if not is_search and typed.startswith("hydra.sweeper.") and typed != "hydra.sweeper.params":
        is_axis = typed.startswith("hydra.sweeper.params.")
        return None if is_axis else "is for searches; add `hydra/sweeper=optuna`, or leave it out"
    return None


def _in_files(base: DictConfig) -> Iterator[Problem]:
    for key, defaults in DEFAULTS.items():
        group, _, name = key.partition(".")
        node = OmegaConf.to_container(base.hydra[group])
        value = node.get(name) if isinstance(node, dict) else None
        if value not in defaults:
            full = f"hydra.{key}"
            yield Problem(full, f"has no effect; {INSTEAD[full]}", str(value), "a config file")


def _is_below(key: str, keys: Iterable[str]) -> bool:
    return any(key == taken or key.startswith(f"{taken}.") for taken in keys)
