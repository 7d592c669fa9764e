"""The scaling of recipes on the terminal."""

from leyden.cli.console import results, say, say_wrapped
from leyden.sweeps.scaling.study import Study
from leyden.sweeps.scaling.words import comparison_lines, scaling_rows

HEAD = 11
"""Width of the first column."""


def show_study(found: Study, *, budget: float | None) -> None:
    """Each recipe by itself, then beside each other."""
    console = results()
    if found.measured.derived:
        say_wrapped(console, found.measured.derived)
    for name, one in found.recipes.items():
        if name:
            say(console, name, style="bold")
        for head, text in scaling_rows(one, found.measured.units[name], budget=budget):
            say_wrapped(console, text, mark=(f"{head:<{HEAD}}", ""), hanging=HEAD)
    for line in comparison_lines(found):
        say_wrapped(console, line)
    for reason, count in found.measured.left_out.items():
        say(console, f"{count} left out: {reason}")
