"""Batches: which samples each holds, in which order they come, and how they are mixed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.data import Sampler

Batch = tuple[Tensor, Tensor]

GOLDEN_RATIO = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed 64-bit integer
MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
MIX_2 = -7723592293110705685  # 0x94D049BB133111EB


@dataclass(frozen=True)
class BatchIndices:
    """The indices of a batch, and the epoch, on which augmentation depends.

    Attributes:
        epoch: Epoch of the run, from 0.
        index: Indices of the samples in the split.
        partner: Indices of the samples that these are mixed with; None: they are not mixed.
        share: Share of each sample in its mixture with its partner.
    """

    epoch: int
    index: Int[Tensor, " batch"]
    partner: Int[Tensor, " batch"] | None = None
    share: float = 1.0


@runtime_checkable
class BatchedDataset(Protocol):
    """A split of a data set, which gives a whole batch at a time: inputs and targets."""

    def __len__(self) -> int: ...

    def __getitem__(self, batch: BatchIndices) -> Batch: ...


class BatchSampler(Sampler[BatchIndices]):
    """Indices of the batches of one process, a pure function of (seed, epoch, place).

    A global batch is dealt out to the processes and, within each, to the accumulation steps, so
    the samples of an optimizer step are the same however many share the work.

    Args:
        num_samples: Number of samples of the split.
        batch_size: Number of samples of one optimizer step, over all processes and accumulation
            steps.
        shuffle: Whether each epoch has an order of its own and drops its last, partial batch;
            otherwise samples come in the order of the split, and all of them.
        seed: Seed of the run.
        stream: Whether each row of a batch holds the sample after the one that it held before,
            instead of a shuffled one; what is left over comes last.
        mixup: Parameter of Beta(mixup, mixup), from which the share is drawn with which each sample
            is mixed with another one of its global batch; 0: none is.
        poisson: Whether each sample is in each batch by a chance of its own, of `batch_size` /
            `num_samples`: the batches then differ in size. An epoch has as many steps as without.
        rank: Rank of this process.
        world_size: Number of processes.
        accumulate: Number of steps over which a process accumulates gradients.
        limit: Number of global batches after which an epoch ends; None: all of them.
    """

    def __init__(
        self,
        num_samples: int,
        *,
        batch_size: int,
        shuffle: bool,
        seed: int,
        stream: bool = False,
        mixup: float = 0.0,
        poisson: bool = False,
        rank: int = 0,
        world_size: int = 1,
        accumulate: int = 1,
        limit: int | None = None,
    ) -> None:
        self.num_samples = num_samples
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.stream = stream
        self.mixup = mixup
        self.poisson = poisson
        self.rank = rank
        self.world_size = world_size
        self.accumulate = accumulate
        self.limit = limit
        self.epoch = 0
        self.start = 0

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch; a new epoch starts at its first batch."""
        if epoch != self.epoch:
            self.epoch, self.start = epoch, 0

    def __len__(self) -> int:
        return self.num_steps * self.accumulate

    @property
    def num_steps(self) -> int:
        """Global batches of an epoch."""
        return self._num_batches if self.limit is None else min(self.limit, self._num_batches)

    @property
    def _num_batches(self) -> int:
        whole, rest = divmod(self.num_samples, self.batch_size)
        if self.shuffle or rest == 0:
            return whole
        # Every process has a sample of every batch.
        return max(1, whole) if rest < self.world_size else whole + 1

    def __iter__(self) -> Iterator[BatchIndices]:
        start, self.start = self.start, 0
        order = self._order()
        stride = self.world_size * self.accumulate
        for place in range(start, len(self)):
            step, part = divmod(place, self.accumulate)
            is_last = step + 1 == self._num_batches and not self.shuffle
            end = None if is_last else (step + 1) * self.batch_size
            batch = self._drawn(step) if self.poisson else order[step * self.batch_size : end]
            own = slice(part * self.world_size + self.rank, None, stride)
            if self.mixup:
                partner, share = self._mixture(batch, step)
                yield BatchIndices(self.epoch, batch[own], partner[own], share)
            else:
                yield BatchIndices(self.epoch, batch[own])

    def _drawn(self, step: int) -> Int[Tensor, " batch"]:
        """A Poisson sample of the split, a pure function of (seed, epoch, step)."""
        generator = np.random.default_rng([self.seed, self.epoch, step])
        chosen = generator.random(self.num_samples) < self.batch_size / self.num_samples
        return torch.from_numpy(chosen.nonzero()[0])

    def _mixture(self, batch: Tensor, step: int) -> tuple[Tensor, float]:
        """Partners and share of a global batch: the same however it is dealt out."""
        generator = np.random.default_rng([self.seed, self.epoch, step])
        share = float(generator.beta(self.mixup, self.mixup))
        return batch[torch.from_numpy(generator.permutation(len(batch)))], share

    def _order(self) -> Int[Tensor, " num_samples"]:
        if self.stream:
            order = torch.arange(self.num_samples)
            length = self.num_samples // self.batch_size  # of a row
            rows = order[: self.batch_size * length].view(self.batch_size, length)
            return torch.cat([rows.T.flatten(), order[self.batch_size * length :]])
        if self.shuffle:
            return permutation(self.num_samples, seed=self.seed, epoch=self.epoch)
        return torch.arange(self.num_samples)


class Mixup:
    """A training split whose samples are mixed with each other, inputs and labels alike.

    Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization": one share for a batch. The loss
    of a mixed label is the mixture of both labels' losses.

    Args:
        samples: Training split, whose labels are classes.
        num_classes: Number of classes of the labels.
    """

    def __init__(self, samples: BatchedDataset, *, num_classes: int) -> None:
        self.samples = samples
        self.num_classes = num_classes

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, batch: BatchIndices) -> Batch:
        """Inputs, and probabilities (batch, classes) as targets."""
        assert batch.partner is not None
        inputs, labels = self.samples[batch]
        other_inputs, other_labels = self.samples[replace(batch, index=batch.partner)]
        own, others = (F.one_hot(y, self.num_classes).float() for y in (labels, other_labels))
        rest = 1 - batch.share
        return inputs.lerp(other_inputs, rest), own.lerp(others, rest)


def permutation(length: int, *, seed: int, epoch: int) -> Int[Tensor, " length"]:
    """The order of an epoch's samples, a pure function of its arguments."""
    key = scramble(scramble(torch.tensor([seed])) + epoch)
    return torch.randperm(length, generator=torch.Generator().manual_seed(int(key) & (2**63 - 1)))


def uniform(
    index: Int[Tensor, " batch"], *, seed: int, epoch: int, stream: int
) -> Float[Tensor, " batch"]:
    """One number in [0, 1) for each sample, a pure function of (seed, epoch, index, stream).

    Args:
        index: Indices of the samples.
        seed: Seed of the run.
        epoch: Number of passes over the data so far.
        stream: Number that tells apart the random numbers of one sample: 0, 1, 2, ...
    """
    key = scramble(scramble(torch.tensor([seed])) + epoch)
    bits = scramble(scramble(key + index) + stream)
    return logical_shift(bits, 40).float() / 2**24


def scramble(bits: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """SplitMix64's step (Steele, Lea, Flood 2014, "Fast splittable pseudorandom generators")."""
    bits = bits + GOLDEN_RATIO
    bits = (bits ^ logical_shift(bits, 30)) * MIX_1
    bits = (bits ^ logical_shift(bits, 27)) * MIX_2
    return bits ^ logical_shift(bits, 31)


def logical_shift(bits: Int[Tensor, " n"], places: int) -> Int[Tensor, " n"]:
    """Shifts right and fills with zeros; torch's own shift of signed integers keeps the sign."""
    return (bits >> places) & ((1 << (64 - places)) - 1)
