"""Curves of a run as a figure that notebooks show."""

from io import BytesIO

import pandas as pd
from matplotlib.figure import Figure

FEW = 20
"""Points that are marked: so few make no curve that is seen."""


class Curves(Figure):
    """A figure of matplotlib; a notebook shows it also where pyplot was never imported.

    Args:
        table: The column `step`, counted from 0, and a column for each metric.
        names: Metrics that are drawn.
    """

    def __init__(self, table: pd.DataFrame, names: tuple[str, ...]) -> None:
        super().__init__(figsize=(7, 4), layout="constrained")
        axes = self.add_subplot()
        for name in names:
            told = table[["step", name]].dropna()
            marker = "o" if len(told) <= FEW else None
            axes.plot(told["step"] + 1, told[name], label=name, marker=marker)
        axes.set_xlabel("step")
        axes.legend()

    def _repr_png_(self) -> bytes:
        file = BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()
