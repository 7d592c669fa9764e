"""Reading a checkpoint by a strategy other than the one that wrote it."""

from pathlib import Path
from typing import Any

from lightning_fabric.plugins import TorchCheckpointIO

from leyden.runs.sharded import is_sharded, read_whole


class AnyCheckpoint(TorchCheckpointIO):
    """Lightning's files, and the folders that `strategy=fsdp` writes."""

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        if is_sharded(Path(path)):
            return read_whole(Path(path))
        return super().load_checkpoint(path, map_location, weights_only)
