"""Data sets that have to be fetched: here, or how to get them."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from leyden.data import DataModule, Shakespeare, TorchvisionImages
from leyden.data.images.torchvision_images import DatasetName
from leyden.doctor.examination import Row, note, passed


def data_rows() -> Iterator[Row]:
    """A row a set; all others need nothing."""
    for name in get_args(DatasetName):
        images = TorchvisionImages(dataset=name, batch_size=1)
        yield _row(name, images, images.folder)
    text = Shakespeare(batch_size=1)
    yield _row("shakespeare", text, text.path)


def _row(name: str, data: DataModule, place: Path) -> Row:
    if data.is_here():
        return passed(f"data={name}", str(place))
    how = f"`leyden train data={name}` fetches it, or says which files to put where"
    return note(f"data={name}", f"not here; {how}")
