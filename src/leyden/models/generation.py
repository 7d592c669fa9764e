"""Text from a language model."""

from collections.abc import Iterator

import torch
from torch import nn

from leyden.models.reading import NewTokens, reader_of
from leyden.models.sampling import Sampling


@torch.no_grad()
def generate(
    net: nn.Module,
    prompts: NewTokens,
    *,
    num_tokens: int,
    context: int,
    sampling: Sampling | None = None,
    seed: int = 0,
    stop: int | None = None,
    vocab_size: int | None = None,
    cached: bool = True,
) -> Iterator[list[int | None]]:
    """Continues texts by drawing from the model's next-token distribution.

    Args:
        net: Causal: maps tokens (batch, time) to logits (batch, time, vocabulary).
        prompts: At least one token each, on the network's device.
        num_tokens: Tokens to add at most.
        context: Tokens that the model can see; older ones fall out of its sight. A recurrent
            network sees all.
        sampling: How tokens are drawn; by default, as the distribution says.
        seed: Of the draws of each row, which so depend on its own prompt alone.
        stop: The token at which a row ends; it isn't given. None: no such token.
        vocab_size: Only the first so many tokens are drawn; a network may have more outputs than
            the vocabulary has tokens. None: all.
        cached: Keep keys and values of a GPT, and a recurrent network's state. The text is the
            same without; only slower.

    Yields:
        The next token of each row; None for a row that has ended. Ends when all have.
    """
    sampling = sampling or Sampling()
    generators = [torch.Generator().manual_seed(seed) for _ in prompts]
    reader = reader_of(net, len(prompts), context=context, cached=cached)
    new, has_ended = list(prompts), [False] * len(prompts)
    for _ in range(num_tokens):
        was_training = net.training
        net.eval()
        # What is compiled would be compiled again for the shapes of single tokens.
        with torch.compiler.set_stance("force_eager"):
            logits = reader.read(new)[:, :vocab_size]
        net.train(was_training)
        tokens = sampling.draw(logits, generators).tolist()
        pairs = zip(has_ended, tokens, strict=True)
        has_ended = [ended or token == stop for ended, token in pairs]
        if all(has_ended):
            return
        pairs = zip(has_ended, tokens, strict=True)
        yield [None if ended else token for ended, token in pairs]
        new = list(torch.tensor(tokens, device=new[0].device)[:, None])


def collected(steps: Iterator[list[int | None]], num_rows: int) -> list[list[int]]:
    """All tokens of each row that `generate` gives step by step."""
    rows: list[list[int]] = [[] for _ in range(num_rows)]
    for tokens in steps:
        for row, token in zip(rows, tokens, strict=True):
            if token is not None:
                row.append(token)
    return rows
