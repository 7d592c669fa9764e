"""The scaling of recipes on the terminal."""

from leyden.cli.console import results, say
from leyden.sweeps.scaling.study import Study
from leyden.sweeps.scaling.words import scaling_rows, speed_up_words

HEAD = 11
"""Width of the first column."""


def show_study(found: Study, *, budget: float | None) -> None:
    """Each recipe by itself, then beside each other."""
    console = results()
    for name, one in found.recipes.items():
        if name:
            say(console, name, style="bold")
        for head, text in scaling_rows(one, found.measured.units[name], budget=budget):
            say(console, f"{head:<{HEAD}}{text}")
    for up in found.speed_ups:
        say(console, speed_up_words(up))
    for reason, count in found.measured.left_out.items():
        say(console, f"{count} left out: {reason}")
