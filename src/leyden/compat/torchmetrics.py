"""What torchmetrics 1.9 keeps private and Leyden needs.

`tests/compat/test_torchmetrics.py` fails when it changes.
"""

from torchmetrics import Metric


def set_update_count(metric: Metric, count: int) -> None:
    """Sets how often a metric was updated; without it, one with restored states warns as empty.

    The count is public to read (`update_count`), not to set.
    """
    metric._update_count = count
    metric._computed = None
