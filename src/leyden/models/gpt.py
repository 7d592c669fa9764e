"""GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners").

Shapes: B batch, T time, C width (n_embd), H heads, D head size, V vocabulary.
"""

from math import sqrt
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from leyden.models.activation import ActivationName, activation_layer
from leyden.ranges import PositiveFloat, PositiveInt, Probability


class Attention(nn.Module):
    """Causal multi-head self-attention."""

    def __init__(self, *, width: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.dropout = dropout
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)  # B H T D
        rate = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=rate)
        return self.proj(y.transpose(1, 2).reshape(B, T, C))  # type: ignore[no-any-return]


class Block(nn.Module):
    """Pre-norm residual block: attention, then an MLP of four times the width."""

    def __init__(
        self, *, width: int, num_heads: int, activation: ActivationName, dropout: float
    ) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width=width, num_heads=num_heads, dropout=dropout)
        self.mlp_norm = nn.LayerNorm(width)
        self.fc = nn.Linear(width, 4 * width)
        self.activation = activation_layer(activation)
        self.proj = nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        x = x + self.dropout(self.attention(self.attention_norm(x)))
        hidden = self.activation(self.fc(self.mlp_norm(x)))
        return x + self.dropout(self.proj(hidden))  # type: ignore[no-any-return]


class GPT(nn.Module):
    """GPT-2: learned positions, pre-norm blocks, a head tied to the token embedding.

    Args:
        vocab_size: Number of tokens; GPT-2's is 50,257.
        context: Longest sequence, in tokens; GPT-2's is 1,024.
        width: n_embd. Heads follow from it: width // head_dim, at least one.
        depth: n_layer.
        head_dim: Size of a head; 64 in every GPT-2, so that heads are added as width grows.
        activation: In the blocks' MLPs; GPT-2 has the tanh form of GELU.
        dropout: After the embedding, in attention, and at the end of each residual branch.
        init_std: Standard deviation of the initial weights.

    Raises:
        ValueError: `width` can't be split into its heads.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"text"})

    def __init__(
        self,
        *,
        vocab_size: PositiveInt,
        context: PositiveInt,
        width: PositiveInt = 768,
        depth: PositiveInt = 12,
        head_dim: PositiveInt = 64,
        activation: ActivationName = "gelu_tanh",
        dropout: Probability = 0.0,
        init_std: PositiveFloat = 0.02,
    ) -> None:
        super().__init__()
        num_heads = max(1, width // head_dim)
        if width % num_heads:
            below = width - width % num_heads
            raise ValueError(
                f"width={width} can't be split into its {num_heads} heads (head_dim={head_dim});"
                f" the nearest that can: {below}, {below + num_heads}"
            )
        self.context = context
        self.token_embedding = nn.Embedding(vocab_size, width)
        self.position_embedding = nn.Embedding(context, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(width=width, num_heads=num_heads, activation=activation, dropout=dropout)
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocab_size, bias=False)
        self.head.weight = self.token_embedding.weight
        self.init_weights(init_std, depth)

    def init_weights(self, std: float, depth: int) -> None:
        """GPT-2's initial weights.

        | parameter                            | value                       |
        |--------------------------------------|-----------------------------|
        | embeddings, linear weights           | N(0, std)                   |
        | each residual branch's last weight   | N(0, std / sqrt(2 * depth)) |
        | linear biases, norm shifts           | 0                           |
        | norm gains                           | 1                           |

        Source: Radford et al. 2019, section 2.3; the values are those of OpenAI's released code.
        """
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                last = name.endswith("proj")
                nn.init.normal_(module.weight, std=std / sqrt(2 * depth) if last else std)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def forward(self, tokens: Int[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        if tokens.shape[1] > self.context:
            raise ValueError(f"{tokens.shape[1]} tokens are more than context={self.context}")
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.dropout(self.token_embedding(tokens) + self.position_embedding(positions))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))  # type: ignore[no-any-return]
