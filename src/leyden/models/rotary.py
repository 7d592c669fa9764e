"""Rotary positions (Su et al. 2021, "RoFormer")."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

BASE = 10_000.0
"""Longest wavelength in tokens over 2 pi, as in the paper."""


class Rotary(nn.Module):
    """Turns pairs of a vector's coordinates by angles that grow with its position.

    So the product of a query and a key depends on how far they are apart, not on where they are.
    The pairs are coordinate i of the first half and i of the second.

    Args:
        head_dim: Coordinates of a vector.
        context: Positions.

    Raises:
        ValueError: `head_dim` is odd.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, head_dim: int, context: int) -> None:
        super().__init__()
        if head_dim % 2:
            raise ValueError(f"rotary positions turn pairs: heads of {head_dim} are of odd size")
        frequencies = BASE ** -(torch.arange(0, head_dim, 2) / head_dim)
        angles = torch.outer(torch.arange(context), frequencies)  # context, head_dim / 2
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(
        self, x: Float[Tensor, "B H T D"], positions: Int[Tensor, "B T"] | None = None
    ) -> Float[Tensor, "B H T D"]:
        """Turns vectors by their positions; None: from 0 on."""
        place = slice(x.shape[2]) if positions is None else positions[:, None]
        cos, sin = self.cos[place].to(x.dtype), self.sin[place].to(x.dtype)
        first, second = x.chunk(2, dim=-1)
        return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)
