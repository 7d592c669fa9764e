"""What torchmetrics 1.9 keeps private and Leyden needs.

`tests/compat/test_torchmetrics.py` fails when it changes.
"""

from torchmetrics import Metric
from torchmetrics.wrappers import Running


def set_update_count(metric: Metric, count: int) -> None:
    """Sets how often a metric was updated; without it, one with restored states warns as empty.

    The count is public to read (`update_count`), not to set.
    """
    metric._update_count = count
    metric._computed = None


def window_place(metric: Metric) -> int | None:
    """Number of values that a metric over a window has seen; None of all others.

    It decides which value of the window is replaced next, and is no state of the metric.
    """
    return metric._num_vals_seen if isinstance(metric, Running) else None


def set_window_place(metric: Metric, place: int | None) -> None:
    """Sets what `window_place` says."""
    if isinstance(metric, Running) and place is not None:
        metric._num_vals_seen = place
