"""Text from a language model, and how its tokens are drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from leyden.models.decoding import NewTokens, decoder_of


@dataclass(frozen=True)
class Sampling:
    """How a token is drawn from a model's distribution.

    Attributes:
        temperature: Divides the logits; 0 takes the likeliest token.
        top_k: Only so many of the likeliest tokens are drawn from; None: all.
        top_p: Only the likeliest tokens that together have this share are drawn from (Holtzman et
            al. 2019, "The Curious Case of Neural Text Degeneration"); None: all.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def shares(self, logits: Float[Tensor, "batch vocab"]) -> Float[Tensor, "batch vocab"]:
        """The distribution that is drawn from."""
        if self.temperature == 0:
            likeliest = logits.argmax(dim=-1, keepdim=True)
            return torch.zeros_like(logits).scatter(1, likeliest, 1.0)
        shares = (logits / self.temperature).softmax(dim=-1)
        if self.top_k is not None:
            largest, tokens = shares.topk(min(self.top_k, shares.shape[1]), dim=-1)
            shares = torch.zeros_like(shares).scatter(1, tokens, largest)
            shares = shares / shares.sum(dim=-1, keepdim=True)
        if self.top_p is not None:
            ordered, tokens = shares.sort(dim=-1, descending=True, stable=True)
            likelier = ordered.cumsum(dim=-1) - ordered  # the share of all likelier tokens
            kept = ordered * ((likelier < self.top_p) | (likelier == 0))  # the likeliest always
            shares = torch.zeros_like(shares).scatter(1, tokens, kept)
        return shares

    def draw(
        self, logits: Float[Tensor, "batch vocab"], generators: Sequence[torch.Generator]
    ) -> Int[Tensor, " batch"]:
        """A token for each row.

        Args:
            logits: Logits of any device; drawn from on the CPU, so that all devices draw alike.
            generators: One for each row, so that no row depends on the others.
        """
        shares = self.shares(logits.float().cpu())
        if self.temperature == 0:
            return shares.argmax(dim=-1)
        rows = zip(shares, generators, strict=True)
        return torch.cat([torch.multinomial(row, 1, generator=own) for row, own in rows])


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
        context: Tokens that the model can see; older ones are not seen. A recurrent network sees
            all.
        sampling: How tokens are drawn; by default, as the distribution says.
        seed: Seed of the draws of each row, which so depend on its own prompt alone.
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
    reader = decoder_of(net, len(prompts), context=context, cached=cached)
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
