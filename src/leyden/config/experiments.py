"""Makes `experiments/NAME.yaml`, which lies beside `conf/`, the option `experiment=NAME`."""

import os

from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult
from hydra.plugins.search_path_plugin import SearchPathPlugin

from leyden.config import sources
from leyden.config.location import EXPERIMENTS

GROUP = "experiment"


class ExperimentSource(sources.BoundedFiles):
    """A folder whose files are the options of the group `experiment`."""

    @staticmethod
    def scheme() -> str:
        return "experiments"

    def load_config(self, config_path: str) -> ConfigResult:
        return super().load_config(_inside(config_path))

    def is_group(self, config_path: str) -> bool:
        return config_path == "" or (
            _is_ours(config_path) and super().is_group(_inside(config_path))
        )

    def is_config(self, config_path: str) -> bool:
        return _is_ours(config_path) and super().is_config(_inside(config_path))

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        if config_path == "":
            return [] if results_filter == ObjectType.CONFIG else [GROUP]
        names: list[str] = []
        for name in os.listdir(os.path.join(self.path, _inside(config_path))):
            self._list_add_result(names, f"{config_path}/{name}", name, results_filter)
        return sorted(names)


class ExperimentSearchPath(SearchPathPlugin):
    """Puts the experiments on Hydra's search path."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        search_path.append("leyden", f"{ExperimentSource.scheme()}://{EXPERIMENTS}")


def register() -> None:
    """Tells Hydra of both. To be called before anything is composed."""
    sources.register()
    if not SourcesRegistry.instance().types.get(ExperimentSource.scheme()):
        SourcesRegistry.instance().register(ExperimentSource)
        Plugins.instance().register(ExperimentSearchPath)


def _is_ours(config_path: str) -> bool:
    return config_path.split("/")[0] == GROUP


def _inside(config_path: str) -> str:
    return config_path.removeprefix(GROUP).lstrip("/")
