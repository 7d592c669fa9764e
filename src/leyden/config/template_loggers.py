"""Loggers of other projects in Leyden's terms."""

from typing import Any

from leyden.config.location import CONF
from leyden.config.plain import read_yaml
from leyden.config.translator import Translator, lightning_class

OF_LEYDEN = {
    "WandbLogger": (
        "leyden.loggers.Wandb",
        "project entity group name tags notes job_type offline prefix",
    ),
    "MLFlowLogger": (
        "leyden.loggers.MLFlow",
        "experiment_name run_name tracking_uri tags prefix",
    ),
}
"""Classes of Leyden's that derive from Lightning's and resume, with the keys that both have."""


def translate_loggers(work: Translator) -> None:
    """Puts Leyden's loggers in the place of Lightning's that write the same."""
    given = work.plain.get("logger")
    catalogue = read_yaml(CONF / "logger" / "tensorboard.yaml")
    # An experiment may have keys for a logger that is not taken.
    named = {name: node for name, node in (given or {}).items() if node and "_target_" in node}
    if not named:  # `logger=null` leaves an empty mapping
        work.plain["logger"] = {} if given == {} else catalogue
        return
    found: dict[str, Any] = {"csv": catalogue["csv"]}
    for name, node in named.items():
        kind = lightning_class(node, "loggers")
        if kind == "CSVLogger":
            continue
        if kind == "TensorBoardLogger":
            found["tensorboard"] = catalogue["tensorboard"]
            continue
        places = ("save_dir", "dir")
        given = {
            key: value
            for key, value in node.items()
            if key not in places and value not in (None, "", [])
        }
        found[name] = _of_leyden(work, name, kind, given) if kind in OF_LEYDEN else given
    work.plain["logger"] = found


def _of_leyden(work: Translator, name: str, kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """The node of the class of Leyden's that resumes."""
    target, keys = OF_LEYDEN[kind]
    if not str(given.get("tracking_uri", "http")).startswith("http"):  # a folder of the project's
        given = {key: value for key, value in given.items() if key != "tracking_uri"}
        work.note(f"logger.{name}.tracking_uri", "is outputs/mlflow.db, for all runs")
    for key in given.keys() - {"_target_", *keys.split()}:
        if given[key]:
            work.note(f"logger.{name}.{key}", "is left out")
    kept = {key: value for key, value in given.items() if key in keys.split()}
    return {"_target_": target, **kept}
