"""Where Hydra reads configs from: files of a size that configs have, and no stranger's packages."""

from pathlib import Path

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.core_plugins.importlib_resources_config_source import (
    ImportlibResourcesConfigSource,
)
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult

from leyden.config.targets import user_packages
from leyden.config.yaml_limits import refuse_too_large


class BoundedFiles(FileConfigSource):
    """A folder of configs; `..` does not lead out of it."""

    def is_config(self, config_path: str) -> bool:
        return ".." not in Path(config_path).parts and super().is_config(config_path)

    def load_config(self, config_path: str) -> ConfigResult:
        path = Path(self.path) / self._normalize_file_name(config_path)
        if path.is_file():
            with path.open("rb") as file:
                refuse_too_large(file)
        return super().load_config(config_path)


class OwnPackages(ImportlibResourcesConfigSource):
    """A package of configs, which Hydra imports: Hydra's own, or one that the user allows."""

    def __init__(self, provider: str, path: str) -> None:
        super().__init__(provider=provider, path=path)
        if self.path.partition(".")[0] not in ("hydra", *user_packages()):
            message = f"pkg://{self.path} is not allowed; your own: LEYDEN_PACKAGES=package"
            raise ConfigLoadError(message)


def register() -> None:
    """Puts them in the place of Hydra's own. May be called again."""
    Plugins.instance()  # registers Hydra's own at its first call
    types = SourcesRegistry.instance().types
    types["file"], types["pkg"] = BoundedFiles, OwnPackages
