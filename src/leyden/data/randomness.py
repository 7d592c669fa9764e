"""Random numbers that depend on a key alone, not on workers, processes or earlier draws."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed 64-bit integer
MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
MIX_2 = -7723592293110705685  # 0x94D049BB133111EB


def permutation(length: int, *, seed: int, epoch: int) -> Int[Tensor, " length"]:
    """The order of an epoch's samples, a pure function of its arguments."""
    key = scramble(scramble(torch.tensor([seed])) + epoch)
    return torch.randperm(length, generator=torch.Generator().manual_seed(int(key) & (2**63 - 1)))


def uniform(
    index: Int[Tensor, " batch"], *, seed: int, epoch: int, stream: int
) -> Float[Tensor, " batch"]:
    """One number in [0, 1) for each sample, a pure function of (seed, epoch, index, stream).

    Args:
        index: The samples' places in the data set.
        seed: The run's seed.
        epoch: Passes over the data so far.
        stream: Tells apart the draws of one sample; 0, 1, 2, ...
    """
    key = scramble(scramble(torch.tensor([seed])) + epoch)
    bits = scramble(scramble(key + index) + stream)
    return logical_shift(bits, 40).float() / 2**24


def scramble(bits: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """SplitMix64's step (Steele, Lea, Flood 2014, "Fast splittable pseudorandom generators")."""
    bits = bits + GOLDEN
    bits = (bits ^ logical_shift(bits, 30)) * MIX_1
    bits = (bits ^ logical_shift(bits, 27)) * MIX_2
    return bits ^ logical_shift(bits, 31)


def logical_shift(bits: Int[Tensor, " n"], places: int) -> Int[Tensor, " n"]:
    """Shifts right and fills with zeros; torch's own shift of signed integers keeps the sign."""
    return (bits >> places) & ((1 << (64 - places)) - 1)
