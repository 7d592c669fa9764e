"""The split that a document belongs to: its text decides, not the order of reading."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

SplitName = Literal["train", "val", "test"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)
NUM_KEYS = 2**64


@dataclass(frozen=True)
class KeySplit:
    """A split by the keys of documents, so that the same document twice is in one part.

    Attributes:
        val_below: Documents whose key is less validate.
        test_below: Of the other documents, those whose key is less test.
    """

    val_below: int
    test_below: int

    def part_of(self, key: int) -> SplitName:
        """The part of a document."""
        if key < self.val_below:
            return "val"
        return "test" if key < self.test_below else "train"


def key_split(val_share: float, test_share: float) -> KeySplit:
    """The split that gives each part its share of many documents.

    Args:
        val_share: Share of the documents that validate.
        test_share: Share of the documents that test.
    """
    return KeySplit(int(val_share * NUM_KEYS), int((val_share + test_share) * NUM_KEYS))


def key_split_of_few(val_share: float, test_share: float, keys: Iterable[int]) -> KeySplit:
    """The split that gives each part its share of few documents, and one at least.

    Args:
        val_share: Share of the documents that validate.
        test_share: Share of the documents that test.
        keys: Keys of the documents; three different ones or more.
    """
    few = sorted(set(keys))
    num_val = min(max(1, round(val_share * len(few))), len(few) - 2)
    num_test = min(max(1, round(test_share * len(few))), len(few) - 1 - num_val)
    return KeySplit(few[num_val], few[num_val + num_test])
