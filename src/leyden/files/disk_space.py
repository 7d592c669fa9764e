"""Whether there is room for a run where it is to lie."""

import os
import shutil
from pathlib import Path

from leyden.errors import ConfigError, Problem

BYTES_PER_PARAMETER = 12
"""Of a checkpoint: a weight and Adam's two moments, 4 bytes each."""

CHECKPOINTS = 2
"""So many have room at least: an old one stays until the new one is whole."""


def require_space(folder: Path, *, key: str, num_parameters: int) -> None:
    """Raises `ConfigError` if a folder can't be written to, or its disk is too full.

    Args:
        folder: It need not be there yet.
        key: Key under which a problem is reported.
        num_parameters: Number of parameters of the largest model.
    """
    ancestor = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    if not ancestor.is_dir() or not os.access(ancestor, os.W_OK):
        message = f"can't be made: {ancestor} is not a folder that you may write to"
        raise ConfigError([Problem(key, message, str(folder))])
    needed = CHECKPOINTS * BYTES_PER_PARAMETER * num_parameters
    free = shutil.disk_usage(ancestor).free
    if free < needed:
        message = (
            f"has {free / 1e9:,.1f} GB free; two checkpoints of {num_parameters:,} parameters need"
            f" {needed / 1e9:,.1f} GB"
        )
        raise ConfigError([Problem(key, message, str(folder))])
