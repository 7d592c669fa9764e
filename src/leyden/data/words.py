"""The different cells of a column of text."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leyden.data.number_form import NumberForm

MISSING_IN_NUMBERS = frozenset(
    (
        *("?", "-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "*", "missing", "\\n"),
        *("na", "n/a", "n.a.", "n.a", "#n/a", "#na", "<na>", "n/d", "n.d.", "k.a.", "nan", "-nan"),
        *("null", "(null)", "none", "nil", "nat"),
        *("#value!", "#ref!", "#div/0!", "#num!", "#name?"),
        *("0000-00-00", "0000-00-00 00:00:00", "00.00.0000", "00/00/0000", "00-00-0000"),
        *("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "\u221e", "-\u221e"),
    )
)
"""Words that stand for no number or time, in lower case; of what is infinite nothing is learned."""


WRITTEN_FOR_MISSING = frozenset(
    (
        *("?", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "null", "(null)", "nat", "\\n"),
        *("#value!", "#ref!", "#div/0!", "#num!", "#name?"),
    )
)
"""Those of them that programs write, and few people for anything else, in lower case."""


@dataclass(frozen=True)
class Words:
    """The different cells of a column.

    Attributes:
        counts: How often each comes.
        numbers: Those that are numbers.
        absent: Those that are missing whatever the column is.
        stand_ins: Those that are missing in a column of numbers.
        odd: All others.
    """

    counts: Counter[str]
    numbers: dict[str, float]
    absent: set[str]
    stand_ins: set[str]
    odd: list[str]

    @classmethod
    def of(cls, cells: Sequence[str], form: NumberForm, missing: frozenset[str]) -> "Words":
        """The words of a column.

        Args:
            cells: Of the column.
            form: How numbers are written.
            missing: What the user says is missing; a number in any form.
        """
        counts = Counter(cells)
        numbers = {word: form.number(word) for word in counts if form.is_number(word)}
        said = {float(word) for word in missing if NumberForm().is_number(word)}
        absent = {
            word for word in counts if not word or word in missing or numbers.get(word) in said
        }
        numbers = {word: value for word, value in numbers.items() if word not in absent}
        stand_ins = {word for word, value in numbers.items() if math.isinf(value)}
        odd = []
        for word in counts:
            if word.lower() in MISSING_IN_NUMBERS and word not in absent:
                stand_ins.add(word)
            elif word not in absent and word not in numbers:
                odd.append(word)
        return cls(counts, numbers, absent, stand_ins, odd)

    def num_cells(self, words: Iterable[str]) -> int:
        """Cells that are one of some words."""
        return sum(self.counts[word] for word in words)
