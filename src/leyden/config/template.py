"""Configs of other projects in Leyden's terms: lightning-hydra-template's, and those like it.

A primary config of the user's is composed by Hydra as it is. Where it lacks Leyden's own sections,
what it says is translated here, and Leyden's defaults are taken for the rest. Keys without a
counterpart stay as they are, for the interpolations that refer to them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from leyden.config.location import CONF
from leyden.config.plain import read_yaml
from leyden.config.renamed import current_target
from leyden.config.schema import Root
from leyden.config.signature import fields_of
from leyden.config.template_search import OPTUNA_PLUGIN, launcher_of, search_of
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
SWITCHES = ("enable_checkpointing", "enable_progress_bar", "enable_model_summary")

SEEDS = "is null: each job has one of its own, which is recorded"
PROGRESS_BARS = ("ProgressBar", "RichProgressBar", "TQDMProgressBar")
SUMMARIES = ("ModelSummary", "RichModelSummary")
WHOLE_DEPTH = 20
"""Of a summary of all layers, which Lightning says by -1."""

WATCHERS = ("learning_rate", "throughput", "summary", "progress")
"""Callbacks of the catalogue that come with those of a project."""


@dataclass(frozen=True)
class Remark:
    """What was replaced or left out, for the user.

    Attributes:
        key: Key that says it.
        message: What became of it.
    """

    key: str
    message: str


@dataclass
class Translator:
    """Translates one composed config.

    Attributes:
        cfg: The config as it was composed.
        plain: What is made of it; nothing is resolved.
        remarks: What was replaced or left out.
    """

    cfg: DictConfig
    plain: dict[str, Any]
    remarks: list[Remark] = field(default_factory=list)

    def said(self, key: str) -> Any:
        """A value with its interpolations resolved; None where there is none."""
        return OmegaConf.select(self.cfg, key, throw_on_resolution_failure=False)

    def note(self, key: str, message: str) -> None:
        """Adds a remark."""
        self.remarks.append(Remark(key, message))


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
    _translate_callbacks(work)
    _translate_loggers(work)
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
        yield Problem("train", "`leyden eval RUN` tests a run that was trained", "false")


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
        work.note("trainer.overfit_batches", f"{overfit} batches of each part, in shuffled order")
    keys.pop("barebones", None)
    if work.said("test") is False:
        keys["limit_test_batches"] = 0


def _translate_callbacks(work: Translator) -> None:
    given = work.plain.get("callbacks") or {}
    trainer = work.plain["trainer"]
    switches = {name: trainer.pop(name, True) is not False for name in SWITCHES}
    found: dict[str, Any] = {}
    for name, node in given.items():
        _translate_callback(work, name, node, found)
    if not switches["enable_checkpointing"]:
        found.pop("best", None)
    catalogue = read_yaml(CONF / "callbacks" / "default.yaml")
    for name in WATCHERS if given else ("progress",):
        is_off = name == "progress" and not switches["enable_progress_bar"]
        if name not in found and not is_off:
            found[name] = catalogue[name]
    work.plain["callbacks"] = found


def _translate_callback(work: Translator, name: str, node: Any, found: dict[str, Any]) -> None:
    """Puts one callback, or what takes its place, among those that were found."""
    key, kind = f"callbacks.{name}", _lightning_class(node, "callbacks")
    if isinstance(node, dict) and "_target_" not in node:
        work.note(key, "names no `_target_`, and is left out")
    elif kind == "ModelCheckpoint":
        _translate_checkpoint(work, key, node, found)
    elif kind in SUMMARIES:
        depth = node.get("max_depth", 1)
        is_whole = isinstance(depth, int) and depth < 1
        found["summary"] = {
            "_target_": "leyden.callbacks.Summary",
            "max_depth": WHOLE_DEPTH if is_whole else depth,
        }
    elif kind not in PROGRESS_BARS:
        found[name] = node
        if kind == "EarlyStopping":
            _take_monitor(work, node)
            # After a validation, which an epoch that `max_steps` cuts short ends without.
            if node.get("check_on_train_epoch_end") is None:
                node["check_on_train_epoch_end"] = False


def _translate_checkpoint(
    work: Translator, key: str, node: dict[str, Any], found: dict[str, Any]
) -> None:
    """Lightning's checkpoints are kept by Leyden, which knows how to resume from them."""
    keep = node.get("save_top_k", 1)
    if node.get("monitor") is None:
        work.note(key, "names no `monitor`; the last checkpoint is kept in any case")
    elif "best" in found:
        work.note(key, "is left out: one checkpoint callback selects, the first")
    elif keep != 0:
        _take_monitor(work, node)
        found["best"] = {
            "_target_": "leyden.callbacks.BestCheckpoint",
            "monitor": "${monitor.metric}",
            "mode": "${monitor.mode}",
            "keep": keep if keep == "???" or keep > 0 else 1,
        }
        work.note(key, "is callbacks.best: checkpoints/best-<step>.ckpt in the run's folder")


def _take_monitor(work: Translator, node: dict[str, Any]) -> None:
    """What selects in the project's callbacks is what is best; the first of them says it."""
    monitor = work.plain.setdefault("monitor", {})
    if node.get("monitor") is not None and "metric" not in monitor:
        monitor |= {"metric": node["monitor"], "mode": node.get("mode", "min")}


def _translate_loggers(work: Translator) -> None:
    given = work.plain.get("logger")
    catalogue = read_yaml(CONF / "logger" / "tensorboard.yaml")
    # An experiment may have keys for a logger that is not taken.
    named = {name: node for name, node in (given or {}).items() if node and "_target_" in node}
    if not named:  # `logger=null` leaves an empty mapping
        work.plain["logger"] = {} if given == {} else catalogue
        return
    found: dict[str, Any] = {"csv": catalogue["csv"]}
    for name, node in named.items():
        kind = _lightning_class(node, "loggers")
        if kind == "CSVLogger":
            continue
        if kind == "TensorBoardLogger":
            found["tensorboard"] = catalogue["tensorboard"]
            continue
        places = ("save_dir", "dir")
        found[name] = {
            key: value
            for key, value in node.items()
            if key not in places and value not in (None, "", [])
        }
    work.plain["logger"] = found


def _lightning_class(node: Any, group: str) -> str | None:
    """Name of Lightning's class that a node is of; None for all others."""
    target = str(node.get("_target_")) if isinstance(node, dict) else ""
    module, _, name = target.rpartition(".")
    return name if module == f"pytorch_lightning.{group}" else None


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
    for group, option in (("optimizer", "muon"), ("scheduler", "cosine")):
        if plain.get(group) is None:
            plain[group] = read_yaml(CONF / group / f"{option}.yaml")
