"""Text: windows over a stream of tokens, and their statistics."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Int
from torch import Tensor

from leyden.data.batches import Batch, BatchIndices
from leyden.data.report import DataReport
from leyden.data.spec import Spec
from leyden.data.splits import DataSplits
from leyden.data.text.preparation import TextPreparation
from leyden.data.text.vocabulary import Vocabulary

NO_TARGET = -100
"""A target that cross-entropy leaves out; PyTorch's default."""


@runtime_checkable
class Stream(Protocol):
    """A sequence of tokens, in memory or not."""

    def __len__(self) -> int: ...

    def __getitem__(self, places: Int[Tensor, "batch length"], /) -> Int[Tensor, "batch length"]:
        """The tokens at some places, all of them inside."""
        ...


class TokenWindows:
    """A split of a text: windows that together cover every token once.

    Args:
        tokens: Stream of tokens. Its first token is the first input and never a target.
        context: Number of tokens of a window. Its targets are the same tokens moved on by one.
        is_whole: What is left after the last whole window is one more, filled up to its length;
            its targets there are `NO_TARGET`. Otherwise it is not seen: training wants full
            windows, an evaluation every token.
    """

    def __init__(self, tokens: Stream, *, context: int, is_whole: bool = False) -> None:
        self.tokens = tokens
        self.context = context
        self.is_whole = is_whole
        self.offsets = torch.arange(context + 1)

    def __len__(self) -> int:
        num_targets = max(0, len(self.tokens) - 1)
        return -(-num_targets // self.context) if self.is_whole else num_targets // self.context

    def __getitem__(self, batch: BatchIndices) -> Batch:
        places = batch.index[:, None] * self.context + self.offsets
        if not self.is_whole:
            windows = self.tokens[places]
            return windows[:, :-1], windows[:, 1:]
        windows = self.tokens[places.clamp(max=len(self.tokens) - 1)]
        targets = windows.masked_fill(places >= len(self.tokens), NO_TARGET)
        return windows[:, :-1], targets[:, 1:]


def token_splits(
    streams: Mapping[str, Stream], spec: Spec, report: DataReport | None = None
) -> DataSplits:
    """The parts of a text: whole windows to train on, and all that is there to evaluate."""
    train, val, test = (
        TokenWindows(streams[part], context=spec.input_shape[0], is_whole=part != "train")
        for part in ("train", "val", "test")
    )
    preparation = TextPreparation(context=spec.input_shape[0])
    return DataSplits(spec, train, val, test, report or DataReport(), preparation)


def text_splits(
    texts: dict[str, str],
    vocabulary: Vocabulary,
    *,
    context: int,
    stream: bool,
    predicted_bytes: Mapping[str, float | int] | None = None,
    report: DataReport | None = None,
) -> DataSplits:
    """The parts of a text.

    Args:
        texts: Texts of `train`, `val` and `test`.
        vocabulary: Vocabulary that makes tokens of them.
        context: Number of tokens of a window.
        stream: Whether batches go on where the last ones ended.
        predicted_bytes: Bytes of each part but for its first token, in the user's files; None:
            those of UTF-8.
        report: Report of what was found in reading them.
    """
    tokens = {part: vocabulary.encode(text) for part, text in texts.items()}
    if predicted_bytes is None:
        predicted_bytes = {
            part: len(text.encode()) - vocabulary.bytes_of_first(text)
            for part, text in texts.items()
        }
    spec = Spec(
        "text",
        input_shape=(context,),
        num_outputs=len(vocabulary),
        unigram_nats=unigram_nats(tokens["train"]),
        bytes_per_token={
            part: bytes_per_target(predicted_bytes[part], len(tokens[part])) for part in texts
        },
        is_stream=stream,
    )
    return token_splits(tokens, spec, report)


def unread_text_spec(context: int, num_tokens: int, *, is_stream: bool) -> Spec:
    """The spec of a text that is not on this machine: nothing is known of its bytes."""
    bytes_per_token = dict.fromkeys(("train", "val", "test"), 1.0)
    return Spec(
        "text", (context,), num_tokens, bytes_per_token=bytes_per_token, is_stream=is_stream
    )


def bytes_per_target(predicted_bytes: float | int, num_tokens: int) -> float:
    """Bytes of a token that is predicted: of all but the first of a stream."""
    return predicted_bytes / max(1, num_tokens - 1)


def split_text(text: str) -> dict[str, str]:
    """The first 90 % train, then 5 % validate and 5 % test, cut at whole characters."""
    return {part: text[start:stop] for part, (start, stop) in split_places(len(text)).items()}


def split_places(length: int) -> dict[str, tuple[int, int]]:
    """Where the parts of a text begin and end."""
    val, test = (int(length * share) for share in (0.9, 0.95))
    return {"train": (0, val), "val": (val, test), "test": (test, length)}


def unigram_nats(tokens: Int[Tensor, " length"]) -> float:
    """Entropy of the tokens' frequencies."""
    shares = torch.bincount(tokens).double() / len(tokens)
    return float(torch.special.entr(shares).sum())
