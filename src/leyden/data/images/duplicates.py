"""Images with the same bytes in two splits or two classes."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Any

from jaxtyping import Int
from torch import Tensor

from leyden.data.report import DataReport
from leyden.data.split_names import SPLITS, SplitName

MOST_COMPARED = 100_000
"""Largest number of files among which copies are searched."""
PAIRS: tuple[tuple[SplitName, SplitName], ...] = (
    ("val", "train"),
    ("test", "train"),
    ("test", "val"),
)
END_BYTES = 4096
"""Number of bytes at the beginning and the end of a file, which tell most files apart."""


def warn_of_copies(
    parts: Sequence[Sequence[Path]], labels: Sequence[Int[Tensor, " _"]], report: DataReport
) -> None:
    """Warns of files with the same bytes in two parts, or in two classes."""
    place = {
        file: (SPLITS[number], code)
        for number, (files, codes) in enumerate(zip(parts, labels, strict=True))
        for file, code in zip(files, codes.tolist(), strict=True)
    }
    if len(place) > MOST_COMPARED:
        report.notes.append(f"copies were not looked for among {len(place):,} images")
        return
    between, of_two_classes = Counter[tuple[SplitName, SplitName]](), 0
    for group in find_copies(place):
        held = Counter(place[file][0] for file in group)
        for part, other in PAIRS:
            if held[part] and held[other]:
                between[part, other] += held[part]
        of_two_classes += len(group) if len({place[file][1] for file in group}) > 1 else 0
    for (part, other), count in between.items():
        report.warnings.append(f"{count:,} images of {part} are in {other} too: the same bytes")
    if of_two_classes:
        report.warnings.append(f"{of_two_classes:,} images are in two classes: the same bytes")


def find_copies(files: Iterable[Path]) -> list[list[Path]]:
    """Files with the same bytes, in groups. Few are read: first sizes and ends are compared."""
    groups = [list(files)]
    steps: tuple[Callable[[Path], Any], ...] = (size_of, ends_of, digest_of)
    for tell in steps:
        finer: list[list[Path]] = []
        for group in groups:
            alike: dict[Any, list[Path]] = defaultdict(list)
            for file in group:
                alike[tell(file)].append(file)
            finer += [files for files in alike.values() if len(files) > 1]
        groups = finer
    return groups


def size_of(file: Path) -> int:
    """Bytes of a file."""
    return file.stat().st_size


def ends_of(file: Path) -> bytes:
    """The first and the last bytes of a file."""
    with file.open("rb") as opened:
        first = opened.read(END_BYTES)
        opened.seek(max(0, file.stat().st_size - END_BYTES))
        return first + opened.read()


def digest_of(file: Path) -> bytes:
    """SHA-256 of a file."""
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").digest()
