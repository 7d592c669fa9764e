"""What a simple model reaches."""

from dataclasses import asdict, dataclass
from typing import Any

Scores = dict[str, float]
"""Metrics of a baseline, by names such as `test/acc`."""


@dataclass(frozen=True)
class Baseline:
    """What a simple model reaches.

    Attributes:
        name: Name of the model.
        is_trivial: Whether it sees no inputs.
        metrics: Its metrics on the validation and test part; those that it has.
        train_samples: Number of training samples that it was fitted to.
        seconds: Seconds that it took, for fitting and scoring.
    """

    name: str
    is_trivial: bool
    metrics: Scores
    train_samples: int
    seconds: float = 0.0

    def as_plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)
