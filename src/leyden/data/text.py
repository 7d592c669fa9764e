"""Text in memory: windows over a stream of tokens, and their statistics."""

import torch
from jaxtyping import Int
from torch import Tensor

from leyden.data.loader import Batch, Draw
from leyden.data.parts import Parts
from leyden.data.spec import Spec
from leyden.data.vocabulary import Vocabulary


class TokenWindows:
    """A part of a text: windows that together cover every token once.

    Args:
        tokens: The stream.
        context: Tokens of a window. Its targets are the same tokens moved on by one, so what is
            left of the stream after the last whole window is not seen.
    """

    def __init__(self, tokens: Int[Tensor, " length"], *, context: int) -> None:
        self.tokens = tokens
        self.context = context
        self.offsets = torch.arange(context + 1)

    def __len__(self) -> int:
        return max(0, len(self.tokens) - 1) // self.context

    def __getitem__(self, draw: Draw) -> Batch:
        windows = self.tokens[draw.index[:, None] * self.context + self.offsets]
        return windows[:, :-1], windows[:, 1:]


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
            part: len(texts[part].encode()) / max(1, len(tokens[part])) for part in texts
        },
        is_stream=stream,
    )
    train, val, test = (
        TokenWindows(tokens[part], context=context) for part in ("train", "val", "test")
    )
    return Parts(spec, train, val, test)


def split_text(text: str) -> dict[str, str]:
    """The first 90 % train, then 5 % validate and 5 % test, cut at whole characters."""
    ends = [int(len(text) * share) for share in (0.9, 0.95)]
    return {"train": text[: ends[0]], "val": text[ends[0] : ends[1]], "test": text[ends[1] :]}


def unigram_nats(tokens: Int[Tensor, " length"]) -> float:
    """Entropy of the tokens' frequencies."""
    shares = torch.bincount(tokens).double() / len(tokens)
    return float(torch.special.entr(shares).sum())
