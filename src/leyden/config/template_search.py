"""Launchers and searches of Hydra's plugins in Leyden's terms."""

from collections.abc import Iterator, Mapping
from typing import Any

from leyden.config.location import CONF
from leyden.config.plain import read_yaml
from leyden.errors import ConfigError, Problem

BASIC_LAUNCHER = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
JOBLIB_LAUNCHER = "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher"
LAUNCHERS = (BASIC_LAUNCHER, JOBLIB_LAUNCHER)
"""Launchers that run jobs on this machine, as Leyden's own does."""

OPTUNA_PLUGIN = "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper"
SAMPLERS = {
    "TPESampler": "tpe",
    "RandomSampler": "random",
    "CmaEsSampler": "cma_es",
    "NSGAIISampler": "nsga_ii",
    "QMCSampler": "sobol",
}
DIRECTIONS = {"minimize": "min", "maximize": "max"}
HARMLESS = ("_target_", "sampler", "direction", "storage", "n_trials", "params", "study_name")
"""Keys of the plugin that are read, or say nothing here."""


def launcher_of(hydra: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Puts Leyden's launcher in the place of Hydra's that runs jobs on this machine.

    Args:
        hydra: Node `hydra` of a config, plain; changed in place.

    Yields:
        Key and message for the user.
    """
    launcher = hydra["launcher"]
    if launcher.get("_target_") in LAUNCHERS:
        own = read_yaml(CONF / "hydra" / "launcher" / "local.yaml")
        jobs = launcher.get("n_jobs")
        if isinstance(jobs, int) and jobs > 0:
            own["slots"] = jobs
            yield "hydra.launcher", f"is Leyden's own, with hydra.launcher.slots={jobs}"
        hydra["launcher"] = own


def search_of(
    hydra: dict[str, Any], metric: str | None, monitor: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Puts Leyden's search in the place of Hydra's plugin for Optuna.

    Args:
        hydra: Node `hydra` of a config, plain; changed in place.
        metric: What is optimized; None: the monitor.
        monitor: What is best, with `metric` and `mode`.

    Yields:
        Key and message for the user.

    Raises:
        ConfigError: A sampler that Leyden does not have.
    """
    given = hydra["sweeper"]
    own = read_yaml(CONF / "hydra" / "sweeper" / "optuna.yaml")
    own |= {key: given[key] for key in ("n_trials", "storage", "params") if key in given}
    sampler = given.get("sampler")
    if isinstance(sampler, dict):
        own["sampler"] = _sampler(str(sampler.get("_target_")))
        if sampler.get("seed") is not None:
            own["seed"] = sampler["seed"]
        for key, value in sampler.items():
            if key not in ("_target_", "seed") and value is not None:
                yield f"hydra.sweeper.sampler.{key}", f"{value} is left out; Optuna's default holds"
    else:
        own |= {key: given[key] for key in ("sampler", "seed") if given.get(key) is not None}
    directions = given.get("direction", "minimize")
    modes = [
        DIRECTIONS.get(str(one), str(one))
        for one in (directions if isinstance(directions, list) else [directions])
    ]
    if metric is not None and (metric, modes[0]) != (monitor.get("metric"), monitor.get("mode")):
        own["objectives"] = {metric: modes[0]}
    for key, value in given.items():
        if key == "n_jobs" and value not in (None, 1):
            yield f"hydra.sweeper.{key}", "is not taken; hydra.launcher.slots says it"
        elif key not in (*own, *HARMLESS, "n_jobs") and value is not None:
            yield f"hydra.sweeper.{key}", f"{value} is not taken"
    hydra["sweeper"] = own


def _sampler(target: str) -> str:
    name = target.rpartition(".")[2]
    if name not in SAMPLERS:
        message = f"is none of {', '.join(SAMPLERS.values())}"
        raise ConfigError([Problem("hydra.sweeper.sampler", message, target)])
    return SAMPLERS[name]
