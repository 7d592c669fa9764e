"""Names of earlier versions, in configs that are there, and what they are called now."""

import re

from omegaconf import DictConfig, OmegaConf, open_dict

KEYS = {
    "trainer.may_stand_in": "trainer.allow_synthetic",
    "trainer.insist": "trainer.force",
}
TARGETS = {
    "leyden.data.csv_table.CSVTable": "leyden.data.CSVTable",
    "leyden.data.csv_series.CSVSeries": "leyden.data.CSVSeries",
    "leyden.data.series_classes.SeriesClasses": "leyden.data.SeriesClasses",
    "leyden.sweeps.search.Search": "leyden.sweeps.search.OptunaSearch",
}

FORMER_KEYS = {now: before for before, now in KEYS.items()}
FORMER_TARGETS = {now: before for before, now in TARGETS.items()}
"""Digests of configs go by the first name of each, so that a new name makes no other config."""


def rename_keys(cfg: DictConfig) -> list[str]:
    """Moves the values of keys that have a new name, in place.

    Returns:
        A note for each.
    """
    notes = []
    for before, now in KEYS.items():
        parent, _, name = before.rpartition(".")
        node = OmegaConf.select(cfg, parent)
        if isinstance(node, DictConfig) and name in node:
            with open_dict(node):
                node[now.rpartition(".")[2]] = node.pop(name)
            notes.append(f"note: {before} is called {now} now")
    return notes


LIGHTNING = re.compile(
    r"(?:lightning\.pytorch|pytorch_lightning)\.(callbacks|loggers)\.(?:\w+\.)*([A-Z]\w*)"
)
"""Lightning's callbacks and loggers: by either of its names, and by the module of each."""


def current_target(path: str) -> str:
    """The name of a target now, whatever version has written it, or by whichever of its names."""
    found = LIGHTNING.fullmatch(path)
    if found:
        return f"pytorch_lightning.{found[1]}.{found[2]}"
    return TARGETS.get(path, path)
