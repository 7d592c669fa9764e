"""Configs of other projects in Leyden's terms: lightning-hydra-template's, and those like it.

A primary config of the user's is composed by Hydra as it is. Where it lacks Leyden's own sections,
what it says is translated here, and Leyden's defaults are taken for the rest. Keys without a
counterpart stay as they are, for the interpolations that refer to them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from leyden.config.location import CONF
from leyden.config.plain import read_yaml
from leyden.config.renamed import current_target
from leyden.config.schema import Root
from leyden.config.signature import fields_of
from leyden.config.template_callbacks import translate_callbacks
from leyden.config.template_loggers import translate_loggers
from leyden.config.template_search import OPTUNA_PLUGIN, launcher_of, search_of
from leyden.config.translator import Remark, Translator
from leyden.errors import ConfigError, Problem

SECTIONS = ("monitor", "resume", "sweep")
"""Sections of Leyden's primary config: one that has them needs no translation."""

KEYS = ("task_name", "tags", "train", "test", "ckpt_path", "optimized_metric", "extras", "paths")
"""Keys at the root that the template's programs read; an experiment may add them."""

TRAINERS = (
    *("lightning.Trainer", "lightning.pytorch.Trainer", "lightning.pytorch.trainer.Trainer"),
    *("pytorch_lightning.Trainer", "pytorch_lightning.trainer.Trainer"),
)
LIGHTNINGS_TRAINER = {"gradient_clip_val": None, "num_sanity_val_steps": 2, "log_every_n_steps": 50}
"""Lightning's defaults where the catalogue's differ: a project that says nothing means these."""

LIGHTNINGS_EPOCHS = 1000
PRECISIONS = {"16": "16-mixed", "32": "32-true", "64": "64-true", "bf16": "bf16-mixed"}
NOT_FOR_THE_TRAINER = ("_target_", "_convert_", "_partial_", "_recursive_", "default_root_dir")

SEEDS = "is null: each job has one of its own, which is recorded"


def is_foreign(cfg: Mapping[Any, Any] | DictConfig) -> bool:
    """Whether a composed config lacks Leyden's sections."""
    return not all(section in cfg for section in SECTIONS)


def translate(
    cfg: DictConfig, *, declared: Iterable[str], seed: int, is_swept: bool = False
) -> tuple[DictConfig, tuple[Remark, ...]]:
    """A config with the keys of Leyden's schema.

    Args:
        cfg: Composed config of another layout, with or without the node `hydra`.
        declared: Root keys that its primary config declares.
        seed: Number that was drawn, for a config without a seed.
        is_swept: It is of a sweep, whose jobs have a seed each.

    Returns:
        The config, and what was replaced or left out.

    Raises:
        ConfigError: Something would change what is computed, and has no counterpart.
    """
    plain = cast(dict[str, Any], OmegaConf.to_container(cfg))
    work = Translator(cfg, plain)
    problems = list(_unsupported(work))
    if problems:
        raise ConfigError(problems)
    known = {*fields_of(Root), "sweep", "hydra"}
    own = [key for key in plain if key not in known and key in {*declared, *KEYS}]
    _translate_targets(plain)
    _translate_trainer(work)
    translate_callbacks(work)
    translate_loggers(work)
    if plain.get("seed") is None:
        plain["seed"] = seed
        work.note("seed", SEEDS if is_swept else f"is null: {seed} was drawn, and is recorded")
    _translate_root(work)
    if "hydra" in plain:
        _translate_hydra(work)
    _fill(plain)
    plain["own_keys"] = own or None
    return OmegaConf.create(plain), tuple(work.remarks)


def _unsupported(work: Translator) -> Iterator[Problem]:
    trainer = work.said("trainer._target_")
    if trainer is not None and trainer not in TRAINERS:
        message = "Leyden makes Lightning's own Trainer; put what is different into a callback"
        yield Problem("trainer._target_", message, str(trainer))
    if work.said("train") is False:
        yield Problem("train", "leaves nothing to do; `leyden eval RUN` tests a run", "false")


def _translate_targets(node: Any) -> None:
    """Gives the classes of Lightning the names that Leyden knows them by."""
    if isinstance(node, dict):
        if isinstance(node.get("_target_"), str):
            node["_target_"] = current_target(node["_target_"])
        for inner in node.values():
            _translate_targets(inner)
    elif isinstance(node, list):
        for inner in node:
            _translate_targets(inner)


def _translate_trainer(work: Translator) -> None:
    given = work.plain.get("trainer") or {}
    keys = {key: value for key, value in given.items() if key not in NOT_FOR_THE_TRAINER}
    if str(keys.get("strategy", "")).startswith("ddp_"):
        work.note("trainer.strategy", f"{keys['strategy']} is ddp: Leyden starts the processes")
        keys["strategy"] = "ddp"
    if keys.get("devices") == "auto":
        work.note("trainer.devices", "auto is 1; say how many")
        keys["devices"] = 1
    if "precision" in keys:
        keys["precision"] = PRECISIONS.get(str(keys["precision"]), keys["precision"])
    if keys.get("max_steps") == -1:
        keys["max_steps"] = None
    if keys.get("max_steps") and keys.get("max_epochs"):
        work.note("trainer.max_epochs", "trainer.max_steps alone says when a run ends")
    if not str(work.said("data._target_")).startswith("leyden."):
        (keys.get("force") or {}).pop("allow_synthetic", None)  # of smoke: for Leyden's data sets
    _translate_shortcuts(work, keys)
    epochs = None if keys.get("max_steps") else LIGHTNINGS_EPOCHS
    catalogue = read_yaml(CONF / "trainer" / "default.yaml")
    defaults = {**catalogue, **LIGHTNINGS_TRAINER, "max_epochs": epochs, "strategy": "auto"}
    work.plain["trainer"] = {**defaults, **keys}


def _translate_shortcuts(work: Translator, keys: dict[str, Any]) -> None:
    """Lightning's keys that stand for several others."""
    fast = keys.pop("fast_dev_run", False)
    if fast:
        number = int(fast)
        keys |= {f"limit_{part}_batches": number for part in ("train", "val", "test")}
        keys |= {"max_epochs": 1, "max_steps": number, "num_sanity_val_steps": 0}
        keys["enable_checkpointing"] = False
        work.plain["logger"] = {}
        work.note("trainer.fast_dev_run", f"{number} batch of each part, nothing is logged or kept")
    overfit = keys.pop("overfit_batches", 0)
    if overfit:
        keys |= {f"limit_{part}_batches": overfit for part in ("train", "val", "test")}
        message = f"{overfit} batches of each part; each epoch draws other samples for them"
        work.note("trainer.overfit_batches", message)
    keys.pop("barebones", None)
    if work.said("test") is False:
        keys["limit_test_batches"] = 0


def _translate_root(work: Translator) -> None:
    plain = work.plain
    if plain.get("name") is None:
        plain["name"] = plain.get("task_name")
    checkpoint = work.said("ckpt_path")
    if checkpoint is not None:
        plain["init_from"] = checkpoint
        message = "gives the weights alone; `leyden resume RUN` goes on with the optimizer's state"
        work.note("ckpt_path", message)
    metric = work.said("optimized_metric")
    if metric is not None and "metric" not in plain.setdefault("monitor", {}):
        plain["monitor"]["metric"] = metric
    if "metric" not in plain.setdefault("monitor", {}):
        plain["monitor"]["metric"] = None
    if work.said("extras.enforce_tags") and not work.said("tags"):
        work.note("extras.enforce_tags", "has no effect: Leyden never asks; type tags=[...]")


def _translate_hydra(work: Translator) -> None:
    """What Hydra would do itself: folders of runs, launcher, search."""
    node = work.plain["hydra"]
    if "${hydra:" in repr(node.get("run")) or "task_name" in repr(node.get("run")):
        work.note("hydra.run.dir", "is Leyden's to choose: a folder of its own for each run")
    node["run"], node["job"]["chdir"] = {"dir": "."}, None
    node["sweep"] = {"dir": ".", "subdir": "."}
    for name, message in launcher_of(node):
        work.note(name, message)
    if str(node["sweeper"].get("_target_")) == OPTUNA_PLUGIN:
        metric = work.said("optimized_metric")
        for name, message in search_of(node, metric, work.plain.get("monitor") or {}):
            work.note(name, message)


def _fill(plain: dict[str, Any]) -> None:
    """Leyden's defaults for what is missing."""
    root = read_yaml(CONF / "config.yaml")
    for key, default in root.items():
        if key in ("defaults", "hydra"):
            continue
        given = plain.get(key)
        if isinstance(default, dict):
            plain[key] = {**default, **(given or {})}
        elif key not in plain:
            plain[key] = default
    for group, option in (("optimizer", "muon"), ("scheduler", "cosine"), ("task", "auto")):
        if plain.get(group) is None:
            plain[group] = read_yaml(CONF / group / f"{option}.yaml")
