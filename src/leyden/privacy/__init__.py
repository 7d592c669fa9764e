"""Differential privacy: DP-SGD by Opacus, its accountants, and attacks that measure it."""

from leyden.errors import ConfigError, Problem


def require_opacus() -> None:
    """Raises `ConfigError` where the extra `privacy` is missing."""
    try:
        import opacus  # noqa: F401
    except ModuleNotFoundError as error:
        message = "needs opacus of the extra `privacy`: pip install 'leyden[privacy]'"
        raise ConfigError([Problem("privacy", message)]) from error
