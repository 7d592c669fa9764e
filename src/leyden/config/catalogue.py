"""Where Hydra reads configs from: the catalogue of parts, the experiments, the user's own folders.

A project's configs come before the catalogue if they have a primary config of their own, which
means its own groups; otherwise they extend the catalogue and come after it.

Files are read up to a size that configs have, and of packages only those that the user allows.
"""

import os
from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult
from hydra.plugins.search_path_plugin import SearchPathPlugin

from leyden.compat.hydra import FileConfigSource, ImportlibResourcesConfigSource, sources
from leyden.config.location import EXPERIMENTS
from leyden.config.plain import require_bounded_size
from leyden.config.project import current_project
from leyden.config.targets import let_user_packages_be_imported, user_packages

GROUP = "experiment"


class BoundedFiles(FileConfigSource):
    """A folder of configs; `..` does not lead out of it."""

    def is_config(self, config_path: str) -> bool:
        return ".." not in Path(config_path).parts and super().is_config(config_path)

    def load_config(self, config_path: str) -> ConfigResult:
        path = Path(self.path) / self._normalize_file_name(config_path)
        if path.is_file():
            with path.open("rb") as file:
                require_bounded_size(file)
        return super().load_config(config_path)


class OwnPackages(ImportlibResourcesConfigSource):
    """A package of configs, which Hydra imports: its own, of a plugin, or that the user allows.

    Hydra imports the plugins that are installed in any case.
    """

    def __init__(self, provider: str, path: str) -> None:
        super().__init__(provider=provider, path=path)
        let_user_packages_be_imported()
        if self.path.partition(".")[0] not in ("hydra", "hydra_plugins", *user_packages()):
            message = f"pkg://{self.path} is not allowed; your own: LEYDEN_PACKAGES=package"
            raise ConfigLoadError(message)


class ExperimentSource(BoundedFiles):
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


class LeydenSearchPath(SearchPathPlugin):
    """Puts the project's configs and all experiments on Hydra's search path."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        project = current_project()
        if project is not None and project.conf is not None:
            place = f"file://{project.conf}"
            if project.primary is None:
                search_path.append("project", place)
            else:
                search_path.prepend("project", place, anchor="main")
        if project is not None and project.experiments is not None:
            search_path.append("project", f"{ExperimentSource.scheme()}://{project.experiments}")
        search_path.append("leyden", f"{ExperimentSource.scheme()}://{EXPERIMENTS}")


def register() -> None:
    """Tells Hydra of all of them. To be called before anything is composed."""
    Plugins.instance()  # registers Hydra's own at its first call
    types = sources().types
    types["file"], types["pkg"] = BoundedFiles, OwnPackages
    if not sources().types.get(ExperimentSource.scheme()):
        sources().register(ExperimentSource)
        Plugins.instance().register(LeydenSearchPath)
        for group in ("hydra_logging", "job_logging"):  # of a plugin that need not be installed
            ConfigStore.instance().store(
                "colorlog", {}, group=f"hydra/{group}", package=f"hydra.{group}"
            )


def _is_ours(config_path: str) -> bool:
    return config_path.split("/")[0] == GROUP


def _inside(config_path: str) -> str:
    return config_path.removeprefix(GROUP).lstrip("/")
