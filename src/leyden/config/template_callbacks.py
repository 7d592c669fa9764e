"""Callbacks of other projects in Leyden's terms."""

from difflib import get_close_matches
from typing import Any

from leyden.config.location import CONF
from leyden.config.plain import read_yaml
from leyden.config.translator import Translator, lightning_class
from leyden.errors import LIKE, ConfigError, Problem, suggestion

SWITCHES = ("enable_checkpointing", "enable_progress_bar", "enable_model_summary")
PROGRESS_BARS = ("ProgressBar", "RichProgressBar", "TQDMProgressBar")
SUMMARIES = ("ModelSummary", "RichModelSummary")
WHOLE_DEPTH = 20
"""Of a summary of all layers, which Lightning says by -1."""

CHECKPOINT_KEYS: dict[str, tuple[Any, ...]] = {
    "verbose": (False,),
    "auto_insert_metric_name": (True, False),
    "save_weights_only": (False,),
    "save_last": (None, True),
}
"""Keys of Lightning's checkpoints with the values that say nothing here: the last one is kept in
any case."""

TAKEN = ("_target_", "monitor", "mode", "save_top_k")

WATCHERS = ("learning_rate", "throughput", "summary", "progress")
"""Callbacks of the catalogue that come with those of a project."""


def translate_callbacks(work: Translator) -> None:
    """Puts callbacks that Leyden knows in the place of those of a project that do the same."""
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
    key, kind = f"callbacks.{name}", lightning_class(node, "callbacks")
    if isinstance(node, dict) and "_target_" not in node:
        _leave_out(work, name)
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


def _leave_out(work: Translator, name: str) -> None:
    """Notes that a callback names no class, as where an experiment sets a key of one that is off.

    Raises:
        ConfigError: Its name is like that of another, which was meant.
    """
    given = work.plain["callbacks"]
    named = [one for one, node in given.items() if isinstance(node, dict) and "_target_" in node]
    key = f"callbacks.{name}"
    if get_close_matches(name, named, n=1, cutoff=LIKE):
        message = f"names no `_target_`; {suggestion(name, named, prefix='callbacks.')}"
        raise ConfigError([Problem(key, message)])
    work.note(key, "names no `_target_`, and is left out")


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
        left = [
            name
            for name, value in node.items()
            if name not in TAKEN and value not in CHECKPOINT_KEYS.get(name, (None,))
        ]
        without = f"; without {', '.join(left)}" if left else ""
        message = f"is callbacks.best: checkpoints/best-<step>.ckpt in the run's folder{without}"
        work.note(key, message)


def _take_monitor(work: Translator, node: dict[str, Any]) -> None:
    """What selects in the project's callbacks is what is best; the first of them says it."""
    monitor = work.plain.setdefault("monitor", {})
    if node.get("monitor") is not None and "metric" not in monitor:
        monitor |= {"metric": node["monitor"], "mode": node.get("mode", "min")}
