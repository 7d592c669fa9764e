"""Text: windows over a stream of tokens, and their statistics."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Int
from torch import Tensor

from leyden.data.loader import Batch, Draw
from leyden.data.parts import Parts
from leyden.data.spec import Spec
from leyden.data.vocabulary import Vocabulary

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
    """A part of a text: windows that together cover every token once.

    Args:
        tokens: The stream. Its first token is the first input and never a target.
        context: Tokens of a window. Its targets are the same tokens moved on by one.
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

    def __getitem__(self, draw: Draw) -> Batch:
        places = draw.index[:, None] * self.context + self.offsets
        if not self.is_whole:
            windows = self.tokens[places]
            return windows[:, :-1], windows[:, 1:]
        windows = self.tokens[places.clamp(max=len(self.tokens) - 1)]
        targets = windows.masked_fill(places >= len(self.tokens), NO_TARGET)
        return windows[:, :-1], targets[:, 1:]


def windows_of(streams: Mapping[str, Stream], spec: Spec) -> Parts:
    """The parts of a text: whole windows to train on, and all that is there to evaluate."""
    train, val, test = (
        TokenWindows(streams[part], context=spec.input_shape[0], is_whole=part != "train")
        for part in ("train", "val", "test")
    )
    return Parts(spec, train, val, test)


def text_parts(
    texts: dict[str, str], vocabulary: Vocabulary, *, context: int, stream: bool
) -> Parts:
    """The parts of a text.

    Args:
        texts: Of `train`, `val` and `test`.
        vocabulary: Makes tokens of them.
        context: Tokens of a window.
        stream: Whether batches go on where the last ones ended.
    """
    tokens = {part: vocabulary.encode(text) for part, text in texts.items()}
    spec = Spec(
        "text",
        input_shape=(context,),
        num_outputs=len(vocabulary),
        unigram_nats=unigram_nats(tokens["train"]),
        bytes_per_token={
            part: bytes_per_target(
                len(text.encode()), vocabulary.bytes_of_first(text), len(tokens[part])
            )
            for part, text in texts.items()
        },
        is_stream=stream,
    )
    return windows_of(tokens, spec)


def unread_text(context: int, num_tokens: int, *, is_stream: bool) -> Spec:
    """The spec of a text that is not on this machine: nothing is known of its bytes."""
    bytes_per_token = dict.fromkeys(("train", "val", "test"), 1.0)
    return Spec(
        "text", (context,), num_tokens, bytes_per_token=bytes_per_token, is_stream=is_stream
    )


def bytes_per_target(num_bytes: int, bytes_of_first: int, num_tokens: int) -> float:
    """UTF-8 bytes of a token that is predicted: of all but the first of a stream."""
    return (num_bytes - bytes_of_first) / max(1, num_tokens - 1)


def split_text(text: str) -> dict[str, str]:
    """The first 90 % train, then 5 % validate and 5 % test, cut at whole characters."""
    ends = [int(len(text) * share) for share in (0.9, 0.95)]
    return {"train": text[: ends[0]], "val": text[ends[0] : ends[1]], "test": text[ends[1] :]}


def unigram_nats(tokens: Int[Tensor, " length"]) -> float:
    """Entropy of the tokens' frequencies."""
    shares = torch.bincount(tokens).double() / len(tokens)
    return float(torch.special.entr(shares).sum())
