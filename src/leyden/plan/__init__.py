"""What a request would cost: `leyden plan`."""

from leyden.plan.rows import plan_rows
from leyden.plan.table import show_plan

__all__ = ["plan_rows", "show_plan"]
