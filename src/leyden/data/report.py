"""The report of a data set: what it has read, and what it has done with it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

Role = Literal["feature", "target", "time", "split", "left out"]

MOST_NOTES_SHOWN = 4
"""Number of notes that are shown at the start of a run; `leyden data` shows all."""

LONGEST_LIST = 200
"""Number of characters of a list in such a line; the rest is counted."""

MOST_CLASSES_SHOWN = 6
"""Number of classes whose sizes are listed at the start of a run; of more, the extremes are."""


@dataclass
class Column:
    """A column of a table.

    Attributes:
        name: Name, as in the file.
        kind: Kind of its cells: numbers, categories, times, flags (true and false), text.
        role: Use of the column.
        example: One of its cells, as in the file.
        distinct: Number of different values.
        missing: Number of missing cells, by their text; "" is an empty cell.
        made: Features that were made of it, such as "scaled" or "3 categories".
        filled: Replacement of its missing cells, such as "4.5 (median)" or "a category".
        reason: Reason why it is left out.
        unit: Unit that each of its numbers has in the file, such as kg; it is taken off.
        form: Format that its times are read by, in words.
        were_numbers: Whether it holds numbers that are taken for names.
        problem: Reason why its cells can't be read as the numbers that they seem to be, with what
            to type; using the column is then an error.
    """

    name: str
    kind: str
    role: Role = "left out"
    example: str = ""
    distinct: int = 0
    missing: dict[str, int] = field(default_factory=dict)
    made: str = ""
    filled: str = ""
    reason: str = ""
    problem: str = ""
    unit: str = ""
    form: str = ""
    were_numbers: bool = False

    @property
    def num_missing(self) -> int:
        """Cells that are taken as missing."""
        return sum(self.missing.values())


@dataclass
class DataReport:
    """What the user should know of a data set before anything is trained on it.

    Attributes:
        parts: Number of samples of `train`, `val` and `test`; counted by `DataModule`.
        split: Description of how the parts were made: "drawn, each class alike", "by time: date".
        classes: Number of samples of each class in each part; counted by `DataModule` where parts
            have `labels`.
        source: Facts about the files, such as encoding, separator, step of the times.
        columns: Columns of a table or a series, in the order of the file.
        rows_left_out: Number of rows that are not used, by reason.
        files_left_out: Number of files that are not used, by reason, such as "ending .txt".
        notes: Lines about what was guessed, filled, scaled or turned, shown by `leyden data`.
        warnings: Lines about what is likely to be wrong, shown wherever the data is described.
    """

    parts: dict[str, int] = field(default_factory=dict)
    split: str = ""
    classes: dict[str, dict[str, int]] = field(default_factory=dict)
    source: dict[str, str] = field(default_factory=dict)
    columns: list[Column] = field(default_factory=list)
    rows_left_out: dict[str, int] = field(default_factory=dict)
    files_left_out: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def column(self, name: str) -> Column:
        """The column of a name that the table has."""
        return next(column for column in self.columns if column.name == name)

    def with_role(self, role: Role) -> list[Column]:
        """The columns that are used for something."""
        return [column for column in self.columns if column.role == role]

    def as_plain(self) -> dict[str, Any]:
        """The report for a JSON file, without what is empty."""
        return {key: value for key, value in asdict(self).items() if value}

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> "DataReport":
        """The report from a JSON file; keys of other versions are ignored."""
        known = {one.name for one in fields(cls)}
        kept = {key: value for key, value in content.items() if key in known}
        of_column = {one.name for one in fields(Column)}
        columns = [
            Column(**{key: value for key, value in one.items() if key in of_column})
            for one in kept.pop("columns", [])
        ]
        return cls(columns=columns, **kept)

    def left_out_lines(self) -> list[str]:
        """Rows and files that are not used."""
        counts = {"rows": self.rows_left_out, "files": self.files_left_out}
        return [
            f"{what} left out: {join_shortened([f'{n:,} ({why})' for why, n in reasons.items()])}"
            for what, reasons in counts.items()
            if reasons
        ]

    def lines(self) -> list[str]:
        """The few lines that are shown before a run: what is guessed or missing, and warnings."""
        more = len(self.notes) - MOST_NOTES_SHOWN
        return [
            *classes_lines(self.classes),
            *([f"split {self.split}"] if self.split else []),
            *self._columns_lines(),
            *self.left_out_lines(),
            *self.notes[:MOST_NOTES_SHOWN],
            *([f"and {more} more notes: leyden data"] if more > 0 else []),
            *(f"warning: {warning}" for warning in self.warnings),
        ]

    def _columns_lines(self) -> list[str]:
        if not self.with_role("feature"):
            return []
        left_out = self.with_role("left out")
        used_columns = len(self.with_role("feature"))
        line = f"{used_columns} column{'' if used_columns == 1 else 's'} used"
        if left_out:
            line += (
                f"; left out: {join_shortened([f'{one.name} ({one.reason})' for one in left_out])}"
            )
        used = [one for one in self.columns if one.role == "feature" and one.filled]
        missing = [
            f"{one.name} {one.num_missing:,}{_quoted_words(one.missing)} as {one.filled}"
            for one in used
        ]
        return [line, *([f"missing cells: {join_shortened(missing)}"] if missing else [])]


def join_shortened(items: Sequence[str]) -> str:
    """The first of some items, at least one, and how many others there are."""
    shown, length = list[str](), 0
    for item in items:
        length += len(item) + 2
        if shown and length > LONGEST_LIST:
            break
        shown.append(item if len(item) <= LONGEST_LIST else f"{item[: LONGEST_LIST - 3]}...")
    more = len(items) - len(shown)
    others = f" and {more:,} other{'s' if more > 1 else ''}" if more else ""
    return ", ".join(shown) + others


def classes_lines(classes: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The classes with their samples: each of a few; of many, the smallest and the largest."""
    if not classes:
        return []
    totals = {name: sum(parts.values()) for name, parts in classes.items()}
    if len(totals) <= MOST_CLASSES_SHOWN:
        return [f"classes {', '.join(f'{name} {count:,}' for name, count in totals.items())}"]
    least, most = min(totals, key=totals.__getitem__), max(totals, key=totals.__getitem__)
    return [
        f"{len(totals)} classes, from {least} {totals[least]:,} to {most} {totals[most]:,} samples"
    ]


def _quoted_words(missing: Mapping[str, int]) -> str:
    words = [f"`{word}`" for word in missing if word]
    return f" ({', '.join(words)})" if words else ""
