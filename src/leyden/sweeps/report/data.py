"""The section on the data: parts, classes, columns, and what was left out."""

from leyden.data.report import DataReport
from leyden.sweeps.report.document import Paragraph, Part, Section, Table
from leyden.sweeps.report.results import Results

MOST_DATA_ROWS = 50
"""Classes and columns that are listed."""


def data(results: Results) -> Section:
    """The data sets, each once: parts, classes, columns, what was left out, and warnings."""
    different: dict[str, tuple[str, DataReport]] = {}
    for job in results.jobs:
        plain = job.run.get("data_report")
        if plain:
            name = str((job.run.get("choices") or {}).get("data", "data"))
            different.setdefault(repr((name, plain)), (name, DataReport.from_plain(plain)))
    parts: list[Part] = []
    for name, report in different.values():
        sizes = ", ".join(f"{size:,} {part}" for part, size in report.parts.items())
        split = f"; split {report.split}" if report.split else ""
        source = "; ".join(f"{what} {found}" for what, found in report.source.items())
        parts.append(Paragraph(f"{name}: {sizes} samples{split}." + (f" {source}." * bool(source))))
        parts += [Paragraph(warning, is_warning=True) for warning in report.warnings]
        parts += [Paragraph(f"{line}.") for line in report.left_out_lines()]
        parts += [Paragraph(f"{note}.") for note in report.notes]
        if report.classes:
            parts.append(_classes(report))
        if report.columns:
            parts.append(_columns(report))
    return Section("Data", parts)


def _classes(report: DataReport) -> Table:
    names = list(report.parts)
    rows = [
        [label, *(counts.get(part, 0) for part in names)]
        for label, counts in list(report.classes.items())[:MOST_DATA_ROWS]
    ]
    return Table(["class", *names], rows)


def _columns(report: DataReport) -> Table:
    rows = [
        [
            *(one.name, one.role, one.kind, one.distinct, one.num_missing),
            *(one.reason or one.made, one.filled),
        ]
        for one in report.columns[:MOST_DATA_ROWS]
    ]
    names = ["column", "role", "kind", "distinct", "missing", "made of it", "missing as"]
    return Table(names, rows)
