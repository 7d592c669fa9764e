"""A sweep's folder: the same command finds the same one, and only one process works in it."""

import hashlib
import json
from pathlib import Path

from omegaconf import DictConfig

from leyden.config.compose import SweepSpec
from leyden.runs.folder import OUTPUTS, VOLATILE, slug

VOLATILE_OF_A_SWEEP = (
    *VOLATILE,
    "hydra/launcher",
    "hydra.launcher",
    "hydra.sweeper.n_trials",
    "hydra.sweeper.storage",
    "sweep.repeat",
    "sweep.retry",
    "sweep.fail_fast",
    "sweep.on_drift",
    "sweep.report",
)
"""Words of a command that do not make it another sweep: more seeds or trials add to what is there,
and the launcher may change in between."""


def sweep_folder(sweep: SweepSpec, *, cfg: DictConfig, experiment: str | None) -> Path:
    """`outputs/<name>/<what is swept>-<hash of the command>`, or the folder that the user chose.

    Args:
        sweep: As it was asked for.
        cfg: Of one of its jobs.
        experiment: By whose name the sweep goes where the user gave none.
    """
    if cfg.run_dir is not None:
        return Path(cfg.run_dir)
    request = sweep.request
    words = sorted(text for text in request.overrides if not _is_volatile(text))
    identity = [request.config_name, str(request.config_dir), *words]
    digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
    swept = "_".join(sorted(key.rpartition(".")[2] for key in sweep.axes.keys))
    name = cfg.name or experiment or "sweep"
    return OUTPUTS / name.replace("/", "_") / f"{slug(swept)[:40] or 'jobs'}-{digest[:6]}"


def _is_volatile(text: str) -> bool:
    key = text.lstrip("+~").partition("=")[0]
    return any(key == word or key.startswith(f"{word}.") for word in VOLATILE_OF_A_SWEEP)
