"""Loggers of other projects in Leyden's terms."""

from typing import Any

from leyden.config.location import CONF
from leyden.config.plain import read_yaml
from leyden.config.translator import Translator, lightning_class


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
        found[name] = {
            key: value
            for key, value in node.items()
            if key not in places and value not in (None, "", [])
        }
    work.plain["logger"] = found
