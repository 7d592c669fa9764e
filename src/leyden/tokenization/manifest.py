"""What a folder of shards says of itself."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from leyden.files.atomic import write_atomically
from leyden.tokenization.shard import Shard
from leyden.tokenization.split import PARTS, Part

SCHEMA = 1
FILE = "manifest.json"
ITEM_SIZES = {"uint16": 2, "uint32": 4}


class ManifestError(ValueError):
    """A folder holds no finished shards, or they are damaged."""


@dataclass(frozen=True)
class Manifest:
    """The contents of a folder of shards. The last file that is written.

    Attributes:
        settings: What the user asked for.
        sources: The files that were read: path, size, and time of the last change.
        dtype: Of the tokens in the files, which are little-endian and have no header.
        vocab_size: Number of different tokens, the separator among them.
        separator: The token before each document.
        unigram_nats: Entropy of the training part's single tokens.
        shards: Of each part, in order.
    """

    settings: dict[str, Any]
    sources: list[dict[str, Any]]
    dtype: str
    vocab_size: int
    separator: int
    unigram_nats: float
    shards: dict[Part, list[Shard]]

    @property
    def item_size(self) -> int:
        """Bytes of a token in the files."""
        return ITEM_SIZES[self.dtype]

    def total(self, part: Part, what: str) -> int:
        """Tokens, documents or bytes of a part."""
        return sum(getattr(shard, what) for shard in self.shards[part])

    def write(self, folder: Path) -> None:
        """So that the folder counts as finished."""
        own = {key: value for key, value in asdict(self).items() if key != "shards"}
        parts = {
            part: {
                **{what: self.total(part, what) for what in ("tokens", "documents", "bytes")},
                "shards": [asdict(shard) for shard in self.shards[part]],
            }
            for part in PARTS
        }
        text = json.dumps({"schema": SCHEMA, **own, "parts": parts}, indent=1)
        write_atomically(folder / FILE, text + "\n")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """The manifest of a folder.

        Raises:
            ManifestError: There is none, or it is none of ours.
        """
        try:
            saved = json.loads((folder / FILE).read_text(encoding="utf-8"))
            if saved.pop("schema") != SCHEMA:
                message = f"{folder / FILE} is of another version of leyden; tokenize again"
                raise ManifestError(message)
            parts = saved.pop("parts")
            shards = {part: [Shard(**shard) for shard in parts[part]["shards"]] for part in PARTS}
            manifest = cls(**saved, shards=shards)
            names = [shard.file for part in PARTS for shard in shards[part]]
            if manifest.dtype not in ITEM_SIZES or any(Path(name).name != name for name in names):
                raise ValueError("not what is written here")
            return manifest
        except FileNotFoundError as error:
            raise ManifestError(f"holds no {FILE}, which `leyden tokenize` writes last") from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, ManifestError):
                raise
            raise ManifestError(f"{folder / FILE} is damaged") from error
