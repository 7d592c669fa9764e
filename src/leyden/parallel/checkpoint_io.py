"""Checkpoints as Lightning writes and reads them."""

import logging
from pathlib import Path
from typing import Any

from lightning_fabric.plugins import TorchCheckpointIO

from leyden.runs.checkpoint_file import Marker, remove, write_file, write_marker
from leyden.runs.foreign_links import lies_in
from leyden.runs.sharded import is_sharded, read_whole

log = logging.getLogger("leyden")


class MarkedCheckpoint(TorchCheckpointIO):
    """Files that are there whole or not at all; of reading, also the folders of `strategy=fsdp`.

    Args:
        config_digest: Of the run's config; it goes into the markers.
        folder: Of the run: nothing is removed elsewhere. None: nothing at all.
    """

    def __init__(self, config_digest: str, *, folder: Path | None = None) -> None:
        self.config_digest = config_digest
        self.folder = folder

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        sha256, size = write_file(checkpoint, Path(path))
        step, said = checkpoint["global_step"], storage_options or {}
        write_marker(Path(path), Marker(sha256, size, step, self.config_digest, **said))

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        if is_sharded(Path(path)):
            return read_whole(Path(path))
        return super().load_checkpoint(path, map_location, weights_only=True)

    def remove_checkpoint(self, path: str | Path) -> None:
        if self.folder is not None and lies_in(Path(path), self.folder):
            remove(Path(path))
        else:
            log.warning("not removed, since it is not in the run's folder: %s", path)
