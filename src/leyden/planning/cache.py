"""Results that the jobs of a request share."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from omegaconf import DictConfig

from leyden.config.plain import plain
from leyden.errors import ConfigError

Made = TypeVar("Made")


class Cache:
    """Memoises results across jobs, so that equal computations are done once."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def get_or_compute(self, make: Callable[[], Made], *source: object) -> Made:
        """The result of the first call of `make` for an equal `source`.

        Args:
            make: Computes the result. If it has raised a `ConfigError`, that is raised again.
            source: Everything that the result depends on; may include nodes of a config.
        """
        key = repr([plain(part) if isinstance(part, DictConfig) else part for part in source])
        if key not in self._made:
            try:
                self._made[key] = make()
            except ConfigError as error:
                self._made[key] = error
        made = self._made[key]
        if isinstance(made, ConfigError):
            raise ConfigError(made.problems)
        return cast(Made, made)
