"""`leyden report`: tables, plots and statistics of a sweep; or a paper's table of several."""

import argparse
from pathlib import Path

from leyden.cli.parser import Parser, Verbs, add_verb
from leyden.errors import ConfigError, Problem

FORMS = ("markdown", "latex", "csv")


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `report`."""
    parser = add_verb(
        verbs,
        "report",
        report,
        usage="SWEEP | FOLDER ... --rows KEY,... [--columns KEY,...] --value METRIC"
        " [--where CONDITION ...] [--mode min|max] [--format markdown|latex|csv]",
        description="Writes the report of a sweep anew; or prints a paper's table of the runs in"
        " several folders: means with 95 % intervals, the best of each column bold.",
    )
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path, help="sweeps or runs")
    parser.add_argument("--rows", metavar="KEY,...", help="keys whose values name the rows")
    parser.add_argument("--columns", metavar="KEY,...", help="keys whose values name the columns")
    parser.add_argument("--value", metavar="METRIC", help="what is shown, such as test/acc")
    parser.add_argument("--where", action="append", default=[], help="conditions, as of runs")
    parser.add_argument("--mode", choices=("min", "max"), help="whether less or more is better")
    parser.add_argument("--format", choices=FORMS, default="markdown")


def report(options: argparse.Namespace) -> int:
    """Writes a sweep's report, or prints a table."""
    asked = [name for name in ("rows", "columns", "value", "where", "mode") if vars(options)[name]]
    if len(options.folders) == 1 and not asked:
        return report_of_sweep(options.folders[0])
    for name in ("rows", "value"):
        if not vars(options)[name]:
            message = "must be given for a table of several folders"
            raise ConfigError([Problem(f"--{name}", message)])
    from leyden.analysis.paper_table import paper_table
    from leyden.cli.console import print_text
    from leyden.cli.terminal import show_note
    from leyden.run.query import parse_conditions

    table = paper_table(
        options.folders,
        rows=_keys(options.rows),
        columns=_keys(options.columns),
        value=options.value,
        mode=options.mode,
        where=parse_conditions(options.where),
    )
    for reason, count in table.left_out.items():
        show_note(f"{count} left out: {reason}")
    forms = {"markdown": table.markdown, "latex": table.latex, "csv": table.csv}
    print_text(forms[options.format]())
    return 0


def _keys(text: str | None) -> list[str]:
    return [key for key in (text or "").split(",") if key]


def report_of_sweep(folder: Path) -> int:
    """Writes a sweep's report."""
    if not (folder / "sweep.json").is_file():
        message = "is not a sweep's folder; it would hold a sweep.json"
        raise ConfigError([Problem("SWEEP", message, str(folder))])
    from leyden.cli.console import print_path
    from leyden.formatting import shown_path
    from leyden.sweeps.report import write_report

    print_path(shown_path(write_report(folder)))
    return 0
