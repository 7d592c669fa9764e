"""A correction of a run's probabilities, in a file of its folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from leyden.run.kept_file import read_kept, write_kept

NAME = "calibration.json"
Method = Literal["temperature", "isotonic"]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """How probabilities are made of logits.

    Attributes:
        method: `temperature`: the logits are divided by one number (Guo et al. 2017, arXiv
            1706.04599); `isotonic`: the probability of each class goes through a rising curve
            (Zadrozny and Elkan 2002), and all are divided by their sum.
        checkpoint: File that it is fitted for.
        temperature: The number; 1 changes nothing.
        curves: Of isotonic: the probabilities at which each class's curve bends, and its values.
    """

    method: Method
    checkpoint: str
    temperature: float = 1.0
    curves: tuple[tuple[list[float], list[float]], ...] = ()

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError("a temperature is above 0")

    @property
    def words(self) -> str:
        """The correction in words."""
        if self.method == "temperature":
            return f"temperature {self.temperature:.4g}"
        return "isotonic curves"

    def probabilities(self, logits: Array) -> Array:
        """Corrected probabilities (n, classes).

        Args:
            logits: Outputs of the network (n, classes).
        """
        plain = softmax(logits / self.temperature)
        if not self.curves:
            return plain
        bent = np.stack(
            [np.interp(plain[:, k], at, values) for k, (at, values) in enumerate(self.curves)], 1
        )
        total = bent.sum(1, keepdims=True)
        return np.where(total > 0, bent / np.where(total > 0, total, 1), plain)


def softmax(logits: Array) -> Array:
    """Probabilities of logits."""
    powers = np.exp(logits - logits.max(1, keepdims=True))
    shares: Array = powers / powers.sum(1, keepdims=True)
    return shares


def write_calibration(folder: Path, found: Calibration) -> None:
    """Writes what `read_calibration` reads."""
    write_kept(folder / NAME, found)


def read_calibration(folder: Path) -> Calibration | None:
    """The correction of a run; None: it has none.

    Raises:
        ConfigError: The file is damaged.
    """
    return read_kept(folder / NAME, Calibration)
