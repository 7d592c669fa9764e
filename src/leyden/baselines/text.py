"""Baselines of text: frequencies of tokens and of pairs, and a compressor."""

import lzma
from collections.abc import Iterator
from math import log

import numpy as np
import torch
from numpy.typing import NDArray

from leyden.baselines.baseline import Baseline, Scores
from leyden.data.batches import BatchedDataset, BatchIndices
from leyden.data.spec import Spec
from leyden.data.splits import DataSplits
from leyden.tasks.losses import IGNORED

Tokens = NDArray[np.int64]

MOST_TOKENS = 4_000_000
"""Tokens of each part that are counted, from its windows in a random draw: more take minutes."""

STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1000.0)
"""Pseudo-counts of a pair that the frequencies of single tokens weigh."""

READ_AT_ONCE = 1024


def text_baselines(splits: DataSplits) -> Iterator[Baseline]:
    """The frequencies of tokens, of tokens after a token, and what a compressor needs."""
    spec = splits.spec
    train = read_pairs(splits.train, spec)
    parts = {"val": read_pairs(splits.val, spec), "test": read_pairs(splits.test, spec)}
    singles = single_shares(train, spec.num_outputs)
    metrics: Scores = {}
    for part, (_, following) in parts.items():
        metrics |= of_loss(part, -float(np.log(singles[following]).mean()), spec)
    yield Baseline("unigram", True, metrics, len(splits.train))
    pairs = PairCounts(train, singles)
    best = min(STRENGTHS, key=lambda strength: pairs.loss(parts["val"], strength))
    metrics = {}
    for part, of_part in parts.items():
        metrics |= of_loss(part, pairs.loss(of_part, best), spec)
    yield Baseline("bigram", False, metrics, len(splits.train))
    metrics = {}
    texts = {part: following for part, (_, following) in parts.items()}
    needed = compressed_bits(train[1], list(texts.values()), spec.num_outputs)
    for (part, text), bits in zip(texts.items(), needed, strict=True):
        metrics |= of_loss(part, bits / len(text) * log(2), spec)
    yield Baseline("lzma", False, metrics, len(splits.train))


def read_pairs(part: BatchedDataset, spec: Spec) -> tuple[Tokens, Tokens]:
    """Tokens, and the token that follows each, of the windows of a part."""
    wanted = max(1, MOST_TOKENS // spec.input_shape[0])
    places = np.arange(len(part))
    if len(part) > wanted:  # a stretch, which a compressor can read
        places = places[:wanted]
    before, after = [], []
    for some in torch.split(torch.from_numpy(places), READ_AT_ONCE):
        inputs, targets = part[BatchIndices(0, some)]
        counts = targets.flatten() != IGNORED
        before.append(inputs.flatten()[counts])
        after.append(targets.flatten()[counts])
    return torch.cat(before).numpy().astype(np.int64), torch.cat(after).numpy().astype(np.int64)


def single_shares(train: tuple[Tokens, Tokens], vocabulary: int) -> NDArray[np.float64]:
    """Share of each token; one that was not seen counts as seen once (Laplace)."""
    counts = np.bincount(train[1], minlength=vocabulary) + 1.0
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares


class PairCounts:
    """How often a token follows a token.

    The share of a token is that of its pair, smoothed by the single tokens' shares as by so many
    further samples (Dirichlet prior; MacKay and Peto 1995).

    Args:
        train: Tokens and those that follow.
        singles: Shares of single tokens.
    """

    def __init__(self, train: tuple[Tokens, Tokens], singles: NDArray[np.float64]) -> None:
        self.singles = singles
        self.vocabulary = len(singles)
        self.of_first = np.bincount(train[0], minlength=self.vocabulary)
        self.codes, self.counts = np.unique(
            train[0] * self.vocabulary + train[1], return_counts=True
        )

    def loss(self, part: tuple[Tokens, Tokens], strength: float) -> float:
        """Cross-entropy of a part, in nats a token."""
        before, after = part
        codes = before * self.vocabulary + after
        places = np.searchsorted(self.codes, codes).clip(max=len(self.codes) - 1)
        counts = np.where(self.codes[places] == codes, self.counts[places], 0)
        shares = (counts + strength * self.singles[after]) / (self.of_first[before] + strength)
        return -float(np.log(shares).mean())


def compressed_bits(train: Tokens, parts: list[Tokens], vocabulary: int) -> list[float]:
    """Bits that LZMA needs for each part after it has read the training part."""
    alone = compressed(train, vocabulary)
    both = [compressed(np.concatenate([train, part]), vocabulary) for part in parts]
    return [8.0 * (size - alone) for size in both]


def compressed(tokens: Tokens, vocabulary: int) -> int:
    """Bytes that LZMA needs.

    Tokens are written as numbers of as many bytes as the vocabulary needs, so that the size does
    not depend on a text form.
    """
    width = 1 if vocabulary <= 256 else 2 if vocabulary <= 65_536 else 4
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 64 << 20}]
    content = tokens.astype(f"<u{width}").tobytes()
    return len(lzma.compress(content, format=lzma.FORMAT_RAW, filters=filters))


def of_loss(part: str, loss: float, spec: Spec) -> Scores:
    """The task's metrics of a loss in nats a token."""
    bits_per_byte = loss / log(2) / spec.bytes_per_token[part]
    return {f"{part}/loss": loss, f"{part}/ppl": float(np.exp(loss)), f"{part}/bpb": bits_per_byte}
