"""Where a key of the composed config was set."""

from collections.abc import Mapping
from typing import Any

from hydra.core.default_element import ResultDefault
from hydra.types import RunMode
from omegaconf import OmegaConf

from leyden.compat.hydra import ConfigLoader
from leyden.config.location import CONF, EXPERIMENTS


class Origins:
    """Looks a key up in the command line and in the files that made a config.

    Args:
        loader: Hydra's, which made the config.
        config_name: The primary config.
        overrides: The command line's and the sweep's.
        axes: Where the sweep's were declared, by key.
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

    def of(self, key: str) -> str | None:
        """What set `key` last: `command line`, an axis, a file, or None if nothing did."""
        for override in self.overrides:
            typed = override.lstrip("+~").split("=")[0]
            if self.loader.repository.group_exists(typed):
                continue  # it chose a file; the file set the key
            if typed == key or key.startswith(f"{typed}.") or typed.startswith(f"{key}."):
                return self.axes.get(typed, "command line")
        plan = self.loader.compute_defaults_list(self.config_name, self.overrides, RunMode.RUN)
        files = [self._file(default, key) for default in plan.defaults]
        return next((file for file in reversed(files) if file), None)

    def _file(self, default: ResultDefault, key: str) -> str | None:
        path, package = default.config_path, default.package or ""
        if path is None or path.startswith("hydra") or not f"{key}.".startswith(package):
            return None
        result = self.loader.repository.load_config(path)
        if result is None:
            return None
        inner = key.removeprefix(package).lstrip(".")
        if not _has(OmegaConf.to_container(result.config, resolve=False), inner):
            return None
        folder, name = result.path.split("://")[-1], path
        if folder == str(EXPERIMENTS):
            return f"experiments/{name.removeprefix('experiment/')}.yaml"
        return f"{'conf' if folder == str(CONF) else folder}/{name}.yaml"


def _has(node: Any, key: str) -> bool:
    for part in filter(None, key.split(".")):
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True
