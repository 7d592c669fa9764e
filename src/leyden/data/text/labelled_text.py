"""The data set of a table with texts and their classes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import torch
from jaxtyping import Int
from torch import Tensor

from leyden.config.huggingface import PREFIX
from leyden.config.references import RUN_FOLDER
from leyden.data.batches import Batch, BatchIndices
from leyden.data.datamodule import DataModule
from leyden.data.errors import DataError, excerpt
from leyden.data.folds import RowIndex
from leyden.data.parsing.table_file import column_of, read_table
from leyden.data.parsing.table_format import (
    Decimal,
    MissingWord,
    Separator,
    Thousands,
    table_format_of,
)
from leyden.data.report import DataReport
from leyden.data.spec import DataKind, Spec, TaskName
from leyden.data.splits import DataSplits
from leyden.data.splitting import SplitRule
from leyden.data.tables.csv_table import FRACTIONS
from leyden.data.tables.splitting import LEAST_SHARE_WARNED, split_table, warn_of_absent_classes
from leyden.data.tables.target import (
    MOST_CLASSES_OF_NUMBERS,
    Target,
    read_target,
    require_enough_rows,
    rows_with_target,
)
from leyden.data.tables.time_features import parse_time_columns
from leyden.data.text.preparation import LabelledTextPreparation
from leyden.data.text.sequence_vocabulary import SequenceVocabulary, read_sequence_vocabulary
from leyden.tokenization.sequences import Sequences
from leyden.types import Count, PositiveInt


@dataclass(frozen=True)
class TextRows:
    """A split of texts with their classes.

    Attributes:
        tokens: Tokens of each text, in 32 bits.
        labels: Class of each text.
    """

    tokens: Int[Tensor, "texts context"]
    labels: Int[Tensor, " texts"]

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, batch: BatchIndices) -> Batch:
        tokens = self.tokens.index_select(0, batch.index).long()
        return tokens, self.labels.index_select(0, batch.index)


class LabelledText(DataModule):
    """Texts of a table and their classes: 70 % train, 15 % validate, 15 % test, drawn once.

    The file is read as that of `CSVTable`: text, packed or not, Parquet, or arrays of NumPy. Rows
    without a text or a class are left out. Each text becomes a row of tokens, with the special
    tokens of the tokenizer: long texts are cut, short ones filled up.

    Args:
        path: Path of the file; its first row names the columns.
        text: Column of the texts.
        target: Column of the classes.
        tokenizer: Tokenizer of Hugging Face: `hf:PATH_OR_NAME` of a folder or a model on the Hub,
            or the path of a `tokenizer.json`; None: that of `model=hf`.
        kept_tokenizer: Copy of the tokenizer in the folder of the run, which is read where it is
            there: a run needs no other file of its tokenizer.
        pad_token: Token that fills up short texts; None: the one that the tokenizer names, or
            else the one that ends a text.
        context: Number of tokens of a text, with the special ones.
        split: How rows are split, see `SplitRule`; rows are drawn, or a column decides.
        separator: Sign between cells; blank: any number of blanks and tabs. None: what splits the
            rows evenly.
        decimal: Sign before the decimals of a number.
        thousands: Sign that groups digits by three; none: nothing. None: nothing, and where that is
            doubtful the file is refused.
        encoding: As Python names it; None: UTF-8, or as the byte-order mark says.
        missing: Cells that are missing values, besides empty ones.
        header: Whether the first row names the columns; without names they are 0, 1, ... None: it
            does, and one that looks like data is refused.
        skip_lines: Lines above the row of names.
        time_format: As `datetime.strptime` takes it, of a column of times that splits the rows and
            can be read in several ways.
        shared: Arguments of `DataModule`.
    """

    kind: ClassVar[DataKind] = "text"
    task: ClassVar[TaskName | None] = "classification"

    def __init__(
        self,
        *,
        path: str,
        text: str,
        target: str,
        tokenizer: str | None = None,
        kept_tokenizer: str = f"{RUN_FOLDER}/tokenizer",
        pad_token: str | None = None,
        context: PositiveInt = 128,
        split: dict[str, Any] | None = None,
        separator: Separator | None = None,
        decimal: Decimal = "point",
        thousands: Thousands | None = None,
        encoding: str | None = None,
        missing: tuple[MissingWord, ...] = (),
        header: bool | None = None,
        skip_lines: Count = 0,
        time_format: str | None = None,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.path = path
        self.text = text
        self.target = target
        self.tokenizer = tokenizer
        self.kept_tokenizer = kept_tokenizer
        self.pad_token = pad_token
        self.context = context
        self.split = split
        self.separator = separator
        self.decimal = decimal
        self.thousands = thousands
        self.encoding = encoding
        self.missing = missing
        self.header = header
        self.skip_lines = skip_lines
        self.time_format = time_format

    def source_files(self) -> Sequence[Path]:
        return (Path(self.path).expanduser(),)

    def fingerprint(self) -> dict[str, str | None]:
        saved = self.vocabulary.saved.tokenizer.tokenizer.to_str()
        digest = hashlib.sha256(f"{self.vocabulary.padding} {saved}".encode()).hexdigest()
        return {**super().fingerprint(), "tokenizer": digest}

    @cached_property
    def vocabulary(self) -> SequenceVocabulary:
        kept = Path(self.kept_tokenizer)
        if kept.is_dir():
            return read_sequence_vocabulary(str(kept))
        if self.tokenizer is None:
            message = f"says how texts become tokens; type data.tokenizer={PREFIX}FOLDER"
            raise DataError("tokenizer", f"{message}, or model=hf model.name=FOLDER")
        return read_sequence_vocabulary(self.tokenizer, pad_token=self.pad_token)

    def load(self) -> DataSplits:
        report = DataReport()
        split = SplitRule.of(self.split, fractions=FRACTIONS)
        frame = self._rows(report)
        found = self.vocabulary.sequences(frame[self.text].tolist(), length=self.context)
        tokens = torch.from_numpy(found.tokens)
        if found.empty:
            report.rows_left_out[f"no token in {self.text}"] = len(found.empty)
            frame = frame.drop(index=found.empty)
            tokens = tokens[frame.index.to_numpy()]
            frame = frame.reset_index(drop=True)
            require_enough_rows(frame, "rows with a token and a class")
        described = report.column(self.target)
        target = read_target(frame[self.target], described, "classification", report)
        _require_few_classes(target)
        parts = split_table(frame, split, target.labels, report)
        warn_of_absent_classes(target.values, target.class_names, parts, report)
        _warn_of_copies(frame[self.text], target.values, parts, report)
        self._describe(found, report)
        spec = Spec(
            "text",
            (self.context,),
            len(target.class_names),
            task="classification",
            class_names=target.class_names,
            target_name=self.target,
            num_tokens=len(self.vocabulary),
            padding=self.vocabulary.padding,
        )
        train, val, test = (TextRows(tokens[part], target.values[part]) for part in parts)
        preparation = LabelledTextPreparation(
            text=self.text,
            target=self.target,
            format=table_format_of(self),
            context=self.context,
            padding=self.vocabulary.padding,
            side=self.vocabulary.saved.side,
        )
        return DataSplits(spec, train, val, test, report, preparation)

    def _rows(self, report: DataReport) -> pd.DataFrame:
        """The rows that have a text and a class.

        Raises:
            DataError: There are too few, or there are no such columns.
        """
        whole = read_table(self.path, table_format_of(self), report)
        texts = column_of(whole, self.text, key="text")
        column_of(whole, self.target, key="target")
        if self.text == self.target:
            raise DataError("target", f"column `{self.text}` is the text; name that of the classes")
        described = report.column(self.text)
        if described.kind in ("numbers", "empty", "flags") or texts.dtype != object:
            holds = "is empty" if described.kind == "empty" else f"holds {described.kind}, no texts"
            raise DataError("text", f"column `{self.text}` {holds}")
        as_text = (self.text, self.target)
        whole = parse_time_columns(whole, self.time_format, report, categories=as_text)
        frame = rows_with_target(whole, report.column(self.target), report)
        without = int(frame[self.text].isna().sum())
        if without:
            report.rows_left_out[f"without {self.text}"] = without
        frame = frame[frame[self.text].notna()].reset_index(drop=True)
        require_enough_rows(frame, "rows with a text and a class")
        for column in report.columns:
            column.reason = "is neither data.text nor data.target"
        described.role, described.kind = "feature", "text"
        described.example = excerpt(described.example)
        described.reason = described.problem = ""
        return frame

    def _describe(self, found: Sequences, report: DataReport) -> None:
        """Tells how texts became tokens."""
        column, saved = report.column(self.text), self.vocabulary.saved
        column.made = f"{self.context} tokens"
        of_all = f"{found.num_cut:,} of {len(found.tokens):,} texts are cut"
        end = "beginning" if saved.side == "left" else "end"
        note = f"{of_all} to {self.context} tokens, at their {end}; the longest has"
        if found.num_cut:
            report.notes.insert(0, f"{note} {found.longest:,}; data.context says otherwise")
        else:
            report.notes.insert(0, f"no text is cut; the longest has {found.longest:,} tokens")
        if saved.is_end_of_text:
            filled = f"short texts are filled up with `{saved.padding}`, which ends a text"
            report.notes.append(f"{filled}; the tokenizer names no token for that")


def _require_few_classes(target: Target) -> None:
    """Raises `DataError` where most rows would be a class of their own."""
    count, rows = len(target.class_names), len(target.values)
    if count > max(MOST_CLASSES_OF_NUMBERS, rows / 2):
        reason = f"has {count:,} different values in {rows:,} rows, too many for classes"
        raise DataError("target", f"column `{target.name}` {reason}")


def _warn_of_copies(
    texts: "pd.Series[Any]", labels: RowIndex, parts: list[RowIndex], report: DataReport
) -> None:
    """Warns of test texts that are in the training part too."""
    pairs = pd.MultiIndex.from_arrays([texts, labels.numpy()])
    share = float(pairs[parts[2].numpy()].isin(pairs[parts[0].numpy()]).mean())
    if share >= LEAST_SHARE_WARNED:
        report.warnings.append(
            f"{share:.0%} of the test texts are in the training part too, with the same class"
        )
