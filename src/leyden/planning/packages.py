"""Whether optional packages that a config asks for are installed."""

from collections.abc import Iterator
from importlib.util import find_spec

from omegaconf import DictConfig

from leyden.config.targets import find_target
from leyden.errors import Problem


def packages_of_loggers(cfg: DictConfig) -> Iterator[Problem]:
    """A logger's class may name a package that it needs, which is an extra of the same name."""
    for name, node in (cfg.logger or {}).items():
        package = None if node is None else getattr(find_target(node._target_), "package", None)
        if package is not None and find_spec(package) is None:
            message = f"needs the extra `{package}`: pip install 'leyden[{package}]'"
            yield Problem(f"logger.{name}", message)
