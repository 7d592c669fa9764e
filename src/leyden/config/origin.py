"""Where a key of the composed config was set."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from hydra.core.default_element import ResultDefault
from hydra.types import RunMode
from omegaconf import OmegaConf

from leyden.compat.hydra import ConfigLoader
from leyden.config.location import CONF, EXPERIMENTS
from leyden.formatting import shown_path

GIVEN_CALLBACK = "callbacks.given_"


class Origins:
    """Looks a key up in the command line and in the files that made a config.

    Args:
        loader: Hydra's, which made the config.
        config_name: The primary config.
        overrides: The command line's and the sweep's.
        axes: Where the sweep's were declared, by key.

    Attributes:
        objects: Groups in whose place an object of Python was given.
    """

    def __init__(
        self,
        loader: ConfigLoader,
        config_name: str,
        overrides: list[str],
        axes: Mapping[str, str],
    ) -> None:
        self.loader = loader
        self.config_name = config_name
        self.overrides = overrides
        self.axes = axes
        self.objects: set[str] = set()

    def of(self, key: str) -> str | None:
        """What set `key` last: `command line`, an axis, a file, or None if nothing did.

        Where an object of Python has the place of a group, it is the argument that gave it.
        """
        group = key.partition(".")[0]
        if group in self.objects and (group != "callbacks" or key.startswith(GIVEN_CALLBACK)):
            return f"argument {group}="
        for override in self.overrides:
            typed = override.lstrip("+~").split("=")[0]
            if self.loader.repository.group_exists(typed):
                continue  # it chose a file; the file set the key
            if typed == key or key.startswith(f"{typed}.") or typed.startswith(f"{key}."):
                return self.axes.get(typed, "command line")
        # That a group is left empty is Leyden's own; Hydra takes only options.
        taken = [one for one in self.overrides if not self._empties(one)]
        plan = self.loader.compute_defaults_list(self.config_name, taken, RunMode.RUN)
        files = [self._file(default, key) for default in plan.defaults]
        return next((file for file in reversed(files) if file), None)

    def _empties(self, override: str) -> bool:
        group, _, option = override.partition("=")
        return option == "null" and self.loader.repository.group_exists(group)

    def place(self, key: str) -> str | None:
        """The same, with the line where a file sets the key."""
        found = self.of(key)
        file = Path(found) if found and found.endswith(".yaml") else None
        if file is None:
            return found
        if not file.is_absolute():
            file = EXPERIMENTS.parent / file
        package = [part for part in key.split(".") if part]
        for start in range(len(package)):
            line = line_of(file, package[start:])
            if line is not None:
                return f"{shown_path(file)}:{line}"
        return shown_path(file)

    def _file(self, default: ResultDefault, key: str) -> str | None:
        path, package = default.config_path, default.package or ""
        if path is None or not f"{key}.".startswith(package):
            return None
        result = self.loader.repository.load_config(path)
        if result is None:
            return None
        inner = key.removeprefix(package).lstrip(".")
        if not _has(OmegaConf.to_container(result.config, resolve=False), inner):
            return None
        kind, _, folder = result.path.rpartition("://")
        name = path
        is_hydras = path.startswith("hydra") and (kind == "pkg" or folder == str(CONF))
        if is_hydras:
            return None
        if kind == "structured":
            return f"ConfigStore, {path}"
        in_folder = name.removeprefix("experiment/")  # a folder of experiments is named plainly
        if folder == str(EXPERIMENTS):
            return f"experiments/{in_folder}.yaml"
        if not (Path(folder) / f"{name}.yaml").exists() and folder != str(CONF):
            name = in_folder
        return f"{'conf' if folder == str(CONF) else folder}/{name}.yaml"


def line_of(file: Path, keys: list[str]) -> int | None:
    """The line of a YAML file in which a key stands; None where it has no such key.

    Args:
        file: A file that has been read before.
        keys: Parts of the key.
    """
    with file.open(encoding="utf-8") as opened:
        node = yaml.compose(opened, Loader=yaml.SafeLoader)
    line = None
    for key in keys:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = [(name, value) for name, value in pairs if name.value == key]
        if not found:
            return None
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line


def _has(node: Any, key: str) -> bool:
    for part in filter(None, key.split(".")):
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True
