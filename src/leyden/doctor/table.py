"""The doctor's table, a line as soon as it is known."""

from collections.abc import Iterable

from rich.text import Text

from leyden.doctor.row import Row
from leyden.terminal import printable, results

STYLES = {"pass": "green", "fail": "bold red", "note": "dim"}
CHECK_WIDTH = 26


def show_rows(rows: Iterable[Row]) -> list[Row]:
    """Prints them, and returns them."""
    console, shown = results(), []
    for row in rows:
        word = Text(f"{row.result:6}", style=STYLES[row.result])
        console.print(Text.assemble(word, f"{row.check:{CHECK_WIDTH}}", printable(row.found)))
        shown.append(row)
    num_failed = sum(row.result == "fail" for row in shown)
    console.print(f"{num_failed} of {len(shown)} checks failed" if num_failed else "all is well")
    return shown
