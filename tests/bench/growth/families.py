"""What is measured over growing sizes."""

import sys
from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.bench.growth import data, parameters, sweep
from tests.bench.growth.curve import NEARLY_LINEAR, Curve, plot
from tests.bench.table import RESULTS, WIDTH, number

FAMILIES: dict[str, Callable[..., list[Curve]]] = {
    "parameters": parameters.curves,
    "sweep": sweep.curves,
    "samples": data.sample_curves,
    "tokens": data.token_curves,
}


def growth(names: list[str], *, quick: bool) -> list[Curve]:
    """Measures, draws and prints."""
    measured = []
    for name in names or FAMILIES:
        sys.stderr.write(f"growth, {name} ...\n")
        curves = FAMILIES[name](quick=quick)
        plot(curves, RESULTS.parent / f"growth_{name}.png")
        measured += curves
    show(measured)
    return measured


def show(curves: list[Curve]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("cost", "over", "from", "to", "exponent", "at end", f"<= {NEARLY_LINEAR}"):
        justify = "left" if name in ("cost", "over") else "right"
        table.add_column(name, justify=justify, no_wrap=True)
    for curve in curves:
        met = Text("met", "green") if curve.is_nearly_linear else Text("NOT met", "red")
        ends = [f"{number(cost)} {curve.unit}" for cost in (curve.costs[0], curve.costs[-1])]
        exponents = [f"{curve.exponent:.2f}", f"{curve.last_exponent:.2f}"]
        first, last = (
            f"{size:.0e}".replace("e+0", "e") for size in (curve.sizes[0], curve.sizes[-1])
        )
        over = f"{first} to {last} {curve.over.split()[0]}"
        table.add_row(curve.of, over, *ends, *exponents, met)
    Console(width=WIDTH, highlight=False).print(table)
