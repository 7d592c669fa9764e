"""A correction of a run's probabilities, in a file of its folder."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from leyden.errors import ConfigError, Problem
from leyden.files.atomic import write_atomically
from leyden.files.json_file import read_json

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
    write_atomically(folder / NAME, json.dumps(asdict(found)) + "\n")


def read_calibration(folder: Path) -> Calibration | None:
    """The correction of a run; None: it has none.

    Raises:
        ConfigError: The file is damaged.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        content = read_json(path)
        curves = tuple(
            ([float(one) for one in at], [float(one) for one in values])
            for at, values in content["curves"]
        )
        if content["method"] not in ("temperature", "isotonic"):
            raise ValueError(content["method"])
        return Calibration(
            content["method"], str(content["checkpoint"]), float(content["temperature"]), curves
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"is damaged ({type(error).__name__})"
        raise ConfigError([Problem(NAME, message, str(folder))]) from error
