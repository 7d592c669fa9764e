"""A sweep's folder: the same command finds the same one, and only one process works in it."""

import hashlib
import json
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from leyden.config.compose import SweepSpec
from leyden.config.identity import NON_SEMANTIC_KEYS, is_observer
from leyden.config.sweep_declaration import FOLD
from leyden.run.folder import outputs_folder, slug

NON_SEMANTIC_WORDS = (
    *NON_SEMANTIC_KEYS,
    "hydra/launcher",
    "hydra.launcher",
    "hydra.sweeper.n_trials",
    "hydra.sweeper.storage",
    "sweep.repeat",
    "sweep.retry",
    "sweep.fail_fast",
    "sweep.on_drift",
    "sweep.report",
    "sweep.reuse",
    "sweep.budget",
)
"""Words of a command that do not make it another sweep: more seeds or trials add to what is there,
and the launcher may change in between."""

OF_OTHER_MEANS = ("sweep.repeat.fold", f"sweep.repeat.{FOLD}")
"""But other folds are other parts of the data: no mean is of both."""


def sweep_folder(sweep: SweepSpec, *, cfg: DictConfig, experiment: str | None) -> Path:
    """`outputs/<name>/<what is swept>-<hash of the command>`, or the folder that the user chose.

    Args:
        sweep: Sweep as it was asked for.
        cfg: Config of one of its jobs.
        experiment: Name of the experiment, by which the sweep goes where the user gave none.
    """
    if cfg.run_dir is not None:
        return Path(cfg.run_dir)
    request = sweep.request
    words = sorted(
        text
        for text in request.overrides
        if _is_semantic(text, cfg) or _makes_other_means(text, is_search=sweep.searcher is not None)
    )
    identity = [request.primary, str(request.config_dir), *words]
    digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
    swept = "_".join(sorted(key.rpartition(".")[2] for key in sweep.axes.keys))
    name = cfg.name or experiment or "sweep"
    return outputs_folder() / name.replace("/", "_") / f"{slug(swept)[:40] or 'jobs'}-{digest[:6]}"


def _is_semantic(text: str, cfg: DictConfig) -> bool:
    """Whether a word of the command says what is computed."""
    key = text.lstrip("+~").partition("=")[0]
    if any(key == word or key.startswith(f"{word}.") for word in NON_SEMANTIC_WORDS):
        return False
    group, _, rest = key.partition(".")
    name = rest.partition(".")[0]
    return not (group == "callbacks" and name and is_observer(name, _node(cfg.callbacks, name)))


def _makes_other_means(text: str, *, is_search: bool) -> bool:
    """Whether a word says what means are of; a search keeps to one number of repeats."""
    key = text.lstrip("+~").partition("=")[0]
    return key in OF_OTHER_MEANS or (is_search and key.startswith("sweep.repeat"))


def _node(callbacks: DictConfig, name: str) -> Any:
    node = callbacks.get(name)
    return None if node is None else {"_target_": node.get("_target_")}
