"""The page's pictures as figures of Plotly: plain values that its JavaScript draws."""

from leyden.sweeps.report.interactive.axes import basin_figure, effects_figure, levels_figure
from leyden.sweeps.report.interactive.best_test import calibration_figure, confusion_figure
from leyden.sweeps.report.interactive.configurations import (
    overview_figure,
    parallel_figure,
    pareto_figure,
)
from leyden.sweeps.report.interactive.learning import curves_figure

__all__ = [
    "basin_figure",
    "calibration_figure",
    "confusion_figure",
    "curves_figure",
    "effects_figure",
    "levels_figure",
    "overview_figure",
    "parallel_figure",
    "pareto_figure",
]
