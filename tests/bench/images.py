"""Images of 28x28 pixels for both sides: Fashion-MNIST where it is, random ones elsewhere."""

import gzip
import os
from pathlib import Path

import numpy as np

NUM_TRAIN, NUM_VAL, NUM_TEST = 60_000, 5_000, 10_000  # validation is a part of training
HOW_TO_GET = "needs Fashion-MNIST: `leyden train data=fashion_mnist trainer=smoke` says how"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
FILES = {"train": NUM_TRAIN, "t10k": NUM_TEST}


def real_images() -> Path | None:
    """The folder for `LEYDEN_DATA` if Fashion-MNIST is on this machine."""
    root = Path(os.environ.get("LEYDEN_DATA") or "~/.cache/leyden").expanduser()
    return root if (raw_folder(root) / "train-images-idx3-ubyte").is_file() else None


def raw_folder(root: Path) -> Path:
    """Where torchvision reads it, below a folder for `LEYDEN_DATA`."""
    return root / "fashion_mnist" / "FashionMNIST" / "raw"


def unpack_debian(root: Path) -> bool:
    """Fills a folder for `LEYDEN_DATA` from Debian's package; whether that is installed."""
    if not DEBIAN.is_dir():
        return False
    raw_folder(root).mkdir(parents=True)
    for packed in DEBIAN.glob("*.gz"):
        (raw_folder(root) / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    return True


def write_random_images(root: Path) -> None:
    """Fills a folder for `LEYDEN_DATA` with noise in the files of Fashion-MNIST."""
    raw, draw = raw_folder(root), np.random.default_rng(0)
    raw.mkdir(parents=True)
    for part, number in FILES.items():
        for name, shape, most in (
            ("images-idx3", (number, 28, 28), 256),
            ("labels-idx1", (number,), 10),
        ):
            head = np.array([0x0800 + len(shape), *shape], dtype=">u4").tobytes()
            body = draw.integers(most, size=shape, dtype=np.uint8).tobytes()
            (raw / f"{part}-{name}-ubyte").write_bytes(head + body)
