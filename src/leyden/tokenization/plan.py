"""What `leyden tokenize` will do: which stretches of the sources are tokenized at a time."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

from leyden.tokenization.documents import Piece, Range, cut_near, read_pieces
from leyden.tokenization.encoding import Encoding
from leyden.tokenization.sources import SourceError, SourceFile
from leyden.tokenization.split import KeySplit, SplitName, key_split, key_split_of_few

SAMPLE_BYTES = 2**25
"""Number of bytes of the training documents from which a vocabulary is learned."""
CHUNK_BYTES = 2**24
"""Size of a chunk of the sources: no more is lost when a process is killed."""
SAMPLE_PLACES = 64
"""Number of places, evenly over the sources, from which the sample is taken."""


@dataclass(frozen=True)
class TokenizeSettings:
    """The settings on which the result depends.

    Attributes:
        tokenizer: Name or path of the tokenizer.
        vocab_size: Number of tokens of `bpe`, the separator among them.
        text_key: Key of the text in JSON lines, or its column in Parquet.
        val_share: Share of the documents that validate.
        test_share: Share of the documents that test.
        shard_tokens: Approximate number of tokens of a shard.
        encoding: Encoding of text; None: UTF-8, or that of a byte-order mark.
    """

    tokenizer: str
    vocab_size: int
    text_key: str
    val_share: float
    test_share: float
    shard_tokens: int
    encoding: str | None = None


@dataclass(frozen=True)
class TokenizePlan:
    """All that the shards depend on; it is saved, so that work can be resumed.

    Attributes:
        settings: Settings of the user.
        sources: Files to read, one after the other.
        split: Split of the documents.
        is_cut: Whether each source is a text that is itself cut into parts, as there are so few.
    """

    settings: TokenizeSettings
    sources: list[SourceFile]
    split: KeySplit
    is_cut: bool

    @cached_property
    def length(self) -> int:
        """Length of all sources."""
        return sum(source.length for source in self.sources)

    @property
    def chunk_length(self) -> int:
        """Length of a chunk: so little that several chunks make a shard.

        Each byte is a token at most, and has a separator before it at most.
        """
        return max(1, min(CHUNK_BYTES, self.settings.shard_tokens // 2))

    @property
    def sample_length(self) -> int:
        """Length of the sample from which a vocabulary is learned."""
        return min(self.length, SAMPLE_BYTES)

    @property
    def num_chunks(self) -> int:
        """How often that is."""
        return -(-self.length // self.chunk_length)

    def chunk(self, number: int) -> Iterator[Range]:
        """What makes a chunk."""
        return self.between(number * self.chunk_length, (number + 1) * self.chunk_length)

    def between(self, start: int, stop: int) -> Iterator[Range]:
        """What lies between two places."""
        ranges, ends = self._laid_out
        for number in range(bisect_right(ends, start), len(ranges)):
            place = ranges[number]
            begin = ends[number] - (place.stop - place.start)
            if begin >= stop:
                return
            first = max(0, start - begin)
            yield replace(
                place,
                start=place.start + first,
                stop=min(place.stop, place.start + stop - begin),
                is_beginning=place.is_beginning and first == 0,
            )

    @cached_property
    def _laid_out(self) -> tuple[list[Range], list[int]]:
        ranges = [Range(source, 0, source.length) for source in self.sources]
        if self.is_cut:
            shares = (self.settings.val_share, self.settings.test_share)
            ranges = [place for source in self.sources for place in cut_source(source, *shares)]
        return ranges, list(accumulate(place.stop - place.start for place in ranges))

    def as_json(self) -> dict[str, Any]:
        """For `of_json`."""
        return asdict(self)

    @classmethod
    def of_json(cls, saved: dict[str, Any]) -> "TokenizePlan":
        """The plan that `as_json` gave."""
        return cls(
            TokenizeSettings(**saved["settings"]),
            [SourceFile(**source) for source in saved["sources"]],
            KeySplit(**saved["split"]),
            saved["is_cut"],
        )


def make_plan(settings: TokenizeSettings, sources: list[SourceFile]) -> TokenizePlan:
    """The plan of a request.

    Raises:
        SourceError: There are too few documents, or something is none.
    """
    shares = settings.val_share, settings.test_share
    plan = TokenizePlan(settings, sources, key_split(*shares), is_cut=False)
    are_texts = all(source.kind == "text" for source in sources)
    if are_texts and len(sources) < 3:
        return replace(plan, is_cut=True)
    if plan.length > plan.sample_length:
        return plan
    keys = [piece.key for piece in plan_pieces(plan, 0, plan.length) if piece.is_beginning]
    if len(set(keys)) < 3:
        message = f"holds {len(set(keys))} different documents; a split needs three, or one text"
        raise SourceError(f"{sources[0].path} {message}")
    return replace(plan, split=key_split_of_few(*shares, keys))


def sample_pieces(plan: TokenizePlan) -> Iterator[Piece]:
    """Pieces of training documents from all over the sources, as many as make up the sample."""
    num_places = 1 if plan.sample_length == plan.length else SAMPLE_PLACES
    for place in range(num_places):
        start, stop = (plan.length * end // num_places for end in (place, place + 1))
        taken = 0
        for piece in plan_pieces(plan, start, stop, "train"):
            yield piece
            taken += piece.length
            if taken * num_places >= plan.sample_length:
                break


def plan_pieces(
    plan: TokenizePlan, start: int, stop: int, part: SplitName | None = None
) -> Iterator[Piece]:
    """The pieces of what lies between two places, of one part or of all."""
    for place in plan.between(start, stop):
        for piece in read_pieces(place, plan.settings.text_key):
            if part is None or part == (place.part or plan.split.part_of(piece.key)):
                yield piece


def cut_source(source: SourceFile, val_share: float, test_share: float) -> Iterator[Range]:
    """A text as its parts, in the order of reading."""
    encoding = Encoding(source.encoding, source.mark)
    with Path(source.path).open("rb") as file:
        val, test = (
            cut_near(file, int(source.size * (1 - share)), source.size, encoding)
            for share in (val_share + test_share, test_share)
        )
    yield Range(source, 0, val, "train")
    yield Range(source, val, test, "val")
    yield Range(source, test, source.size, "test")
