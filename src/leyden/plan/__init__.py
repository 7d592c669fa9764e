"""What a request would cost: `leyden plan`."""

from leyden.plan.rows import plan_rows, slots

__all__ = ["plan_rows", "slots"]
