"""The table of a paper: a value of many runs by rows and columns, with intervals and the best."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from leyden.errors import ConfigError, Problem
from leyden.files.csv_cells import csv_table
from leyden.run.content import read_content
from leyden.run.listing import find_runs
from leyden.run.query import (
    Condition,
    Value,
    as_number,
    facts_of,
    require_known,
    settings_of,
    sort_key,
)
from leyden.run.record import NAME
from leyden.sweeps.objective import LEVEL, half_width
from leyden.sweeps.report.statistics import holm, welch

Mode = Literal["min", "max"]

GREATER_IS_BETTER = (
    *("acc", "accuracy", "auroc", "auc", "f1", "precision", "recall", "top5", "r2", "map", "iou"),
    *("bleu", "pearson", "spearman", "average_precision", "ap", "kappa", "mcc", "dice", "psnr"),
    "balanced_acc",
)
LESS_IS_BETTER = (
    *("loss", "rmse", "mae", "mse", "ppl", "perplexity", "bpb", "error", "mape", "nll", "brier"),
    *("seconds", "params", "flops", "calibration", "ece"),
)
"""Last words of names whose direction is known; of others it has to be said."""

REPEATED = frozenset({"seed", "data.seed"})
"""Keys in which runs of a cell may differ: they are its repeats."""

NOT_COMPARED = frozenset(
    {"run_dir", "name", "trainer.devices", "trainer.accelerator", "data.num_workers", "logger"}
)
"""Settings that do not change what is computed."""


@dataclass(frozen=True)
class Cell:
    """A cell: the values of its runs."""

    values: tuple[float, ...]
    is_best: bool = False

    @property
    def mean(self) -> float:
        """Of the values, of which there must be one."""
        return fmean(self.values)

    @property
    def half(self) -> float | None:
        """Half the 95 % interval of the mean; None of one run."""
        return half_width(self.values)


@dataclass(frozen=True)
class PaperTable:
    """A table.

    Attributes:
        value: Name of the value.
        mode: Whether less or more of it is better.
        rows: Names of the rows.
        columns: Names of the columns.
        cells: Cells by row and column; those without a run are missing.
        left_out: Number of runs that are not counted, by reason.
    """

    value: str
    mode: Mode
    rows: list[str]
    columns: list[str]
    cells: dict[tuple[str, str], Cell]
    left_out: dict[str, int]

    def markdown(self) -> str:
        """For a README: the best of each column is bold, with all that can't be told from it."""
        lines = [["", *self.columns], ["---", *["---:"] * len(self.columns)]]
        lines += [
            [row, *(self._text(row, name, bold="**{}**", sign="±") for name in self.columns)]
            for row in self.rows
        ]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"

    def latex(self) -> str:
        """For a paper; it needs booktabs."""
        alignment = "l" + "r" * len(self.columns)
        lines = [
            "% needs \\usepackage{booktabs}",
            f"\\begin{{tabular}}{{{alignment}}}",
            "\\toprule",
        ]
        lines.append(" & ".join(["", *map(_latex, self.columns)]) + " \\\\")
        lines.append("\\midrule")
        for row in self.rows:
            cells = [
                self._text(row, name, bold="\\textbf{{{}}}", sign="$\\pm$") for name in self.columns
            ]
            lines.append(" & ".join([_latex(row), *cells]) + " \\\\")
        return "\n".join([*lines, "\\bottomrule", "\\end{tabular}"]) + "\n"

    def csv(self) -> str:
        """For other programs: a row a cell, with all digits."""
        head = ["row", "column", "mean", "half_width", "runs", "is_best"]
        rows = [
            [row, column, cell.mean, cell.half, len(cell.values), int(cell.is_best)]
            for (row, column), cell in self.cells.items()
        ]
        return csv_table(head, rows)

    def _text(self, row: str, column: str, *, bold: str, sign: str) -> str:
        cell = self.cells.get((row, column))
        if cell is None:
            return "-"
        text = cell_text(cell, sign)
        return bold.format(text) if cell.is_best else text


def cell_text(cell: Cell, sign: str = "±") -> str:
    """The mean with as many digits as its interval supports, and half of that."""
    if cell.half is None or cell.half == 0:
        return f"{cell.mean:.4g}"
    digits = max(0, -_exponent(cell.half) + 1)
    return f"{cell.mean:.{digits}f} {sign} {cell.half:.{digits}f}"


def _exponent(number: float) -> int:
    """Power of ten of the first digit."""
    return int(f"{number:e}".partition("e")[2])


def _latex(text: str) -> str:
    for sign in "\\&%$#_{}~^":
        text = text.replace(sign, {"\\": "/", "~": "-", "^": "-"}.get(sign, f"\\{sign}"))
    return text


def paper_table(
    sources: Sequence[Path],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    value: str,
    mode: Mode | None = None,
    where: Sequence[Condition] = (),
) -> PaperTable:
    """The table of the runs in some folders.

    Args:
        sources: Folders of runs and sweeps, or folders above them.
        rows: Keys whose values name the rows.
        columns: Keys whose values name the columns; none: there is one column.
        value: Metric or fact that is shown.
        mode: Whether less or more of it is better; None: by its name.
        where: Conditions that a run has to meet.

    Raises:
        ConfigError: There are no such runs, keys or values, or runs of a cell differ in more than
            their seeds.
    """
    found = _runs(sources)
    keys = [*rows, *columns]
    known = [run.facts for run in found]
    require_known([*keys, value, *(one.key for one in where)], known, flag="report")
    chosen = [run for run in found if all(one.holds(run.facts) for one in where)]
    left_out: dict[str, int] = defaultdict(int)
    counted: list[Run] = []
    computations: set[str] = set()
    for run in chosen:
        facts = run.facts
        if as_number(facts.get(value)) is None:
            left_out[f"{facts.get('status')}, without {value}"] += 1
        elif facts.get("status") != "completed":
            left_out[str(facts.get("status"))] += 1
        elif run.computation in computations:
            left_out["the same job as another run"] += 1
        else:
            computations.add(run.computation)
            counted.append(run)
    if not counted:
        raise ConfigError([Problem("--value", "no completed run has it", value)])
    direction = mode or mode_of(value)
    groups: dict[tuple[str, str], list[Run]] = defaultdict(list)
    names: tuple[dict[str, tuple[object, ...]], dict[str, tuple[object, ...]]] = ({}, {})
    for run in counted:
        place = []
        for side, of_side in zip((rows, columns), names, strict=True):
            name = ", ".join(_named(key, run.facts) for key in side) or value
            of_side.setdefault(name, tuple(sort_key(run.facts, key) for key in side))
            place.append(name)
        groups[place[0], place[1]].append(run)
    require_repeats(groups, keys)
    cells = {
        place: Cell(tuple(as_number(run.facts[value]) or 0.0 for run in members))
        for place, members in groups.items()
    }
    ordered = [sorted(of_side, key=of_side.__getitem__) for of_side in names]
    best = {place for column in ordered[1] for place in _best(cells, column, direction)}
    cells = {place: Cell(cell.values, place in best) for place, cell in cells.items()}
    return PaperTable(value, direction, ordered[0], ordered[1], cells, dict(left_out))


@dataclass(frozen=True)
class Run:
    """A run, by what is known of it and what was chosen for it."""

    facts: dict[str, Value]
    settings: dict[str, Value]
    computation: str
    """Equal in a job that several sweeps have: to count it in each would narrow the interval."""


def computation_of(record: Mapping[str, Any]) -> str:
    """What tells a computation from others; a run without recorded losses is one by itself."""
    losses = record.get("losses")
    same = [record.get("config_digest"), sorted(losses.items())] if losses else record["folder"]
    return repr(same)


def _runs(sources: Sequence[Path]) -> list[Run]:
    """The runs in some folders, each once."""
    found: dict[Path, Run] = {}
    for source in sources:
        if not source.is_dir():
            raise ConfigError([Problem("FOLDER", "there is no such folder", str(source))])
        if (source / NAME).is_file():
            records = [{"folder": str(source), **read_content(source / NAME)}]
        else:
            records, _ = find_runs(source)
        if not records:
            raise ConfigError([Problem("FOLDER", "has no runs", str(source))])
        for record in records:
            folder = Path(record["folder"]).resolve()
            found[folder] = Run(facts_of(record), settings_of(record), computation_of(record))
    return list(found.values())


def mode_of(value: str) -> Mode:
    """Whether less or more is better, by the last word of a name.

    Raises:
        ConfigError: The name does not tell.
    """
    word = value.rpartition("/")[2].lower()
    if word in GREATER_IS_BETTER:
        return "max"
    if word in LESS_IS_BETTER:
        return "min"
    raise ConfigError([Problem("--value", "say which is better: --mode min or --mode max", value)])


def _named(key: str, facts: Mapping[str, Value]) -> str:
    value = facts.get(key)
    number = as_number(value)
    if isinstance(value, float) and number is not None:
        value = f"{number:g}"
    return str(value) if "." not in key and number is None else f"{key.rpartition('.')[2]} {value}"


def require_repeats(groups: Mapping[tuple[str, str], Sequence[Run]], keys: Iterable[str]) -> None:
    """Raises `ConfigError` where runs of a cell differ in more than their seeds."""
    shown = {*keys, *REPEATED, *NOT_COMPARED}
    for place, members in groups.items():
        known = {key for run in members for key in run.settings}
        for key in sorted(known - shown):
            values = {str(run.settings.get(key)) for run in members}
            if len(values) > 1:
                listed = ", ".join(sorted(values)[:4])
                where = " and ".join(filter(None, place))
                message = f"runs of {where} differ in it ({listed}); add it to --rows or --columns"
                raise ConfigError([Problem(key, f"{message}, or choose by --where '{key}=...'")])


def _best(cells: Mapping[tuple[str, str], Cell], column: str, mode: Mode) -> list[tuple[str, str]]:
    """The best cell of a column, and those that Welch's test can't tell from it."""
    places = [place for place in cells if place[1] == column]
    sign = 1 if mode == "min" else -1
    first = min(places, key=lambda place: sign * cells[place].mean)
    raw = {
        number: p
        for number, place in enumerate(places)
        if place != first and (p := welch(cells[first].values, cells[place].values)) is not None
    }
    corrected = holm(raw)
    equal = [places[number] for number, p in corrected.items() if p >= LEVEL]
    same = [place for place in places if cells[place].mean == cells[first].mean]
    return [*dict.fromkeys([first, *equal, *same])]
