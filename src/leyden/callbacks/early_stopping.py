"""Stops when the monitored metric no longer improves."""

from typing import Literal

from pytorch_lightning.callbacks import EarlyStopping

from leyden.ranges import NonNegative, PositiveInt


def early_stopping(
    *,
    monitor: str,
    mode: Literal["min", "max"],
    patience: PositiveInt | None = None,
    min_delta: NonNegative = 0.0,
) -> EarlyStopping | None:
    """Lightning's early stopping, or none.

    Args:
        monitor: The metric.
        mode: Whether less or more of it is better.
        patience: Validations without improvement before the stop; None never stops.
        min_delta: Smallest change that counts as an improvement.
    """
    if patience is None:
        return None
    return EarlyStopping(monitor, min_delta, patience, mode=mode, check_finite=False)
