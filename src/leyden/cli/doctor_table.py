"""The doctor's table, a line as soon as it is known."""

from collections.abc import Iterable

from leyden.cli.console import results, say
from leyden.doctor.examination import Row

STYLES = {"pass": "green", "fail": "bold red", "note": "dim"}
CHECK_WIDTH = 26


def show_rows(rows: Iterable[Row]) -> list[Row]:
    """Prints them, and returns them."""
    console, shown = results(), []
    for row in rows:
        word = (f"{row.result:6}", STYLES[row.result])
        say(console, word, f"{row.check:{CHECK_WIDTH}}", row.found)
        shown.append(row)
    num_failed = sum(row.result == "fail" for row in shown)
    say(console, f"{num_failed} of {len(shown)} checks failed" if num_failed else "all is well")
    return shown
