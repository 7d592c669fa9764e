"""Multilayer perceptron."""

from itertools import pairwise
from math import prod
from typing import ClassVar, Literal

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from leyden.models.layers import ActivationName, activation_layer
from leyden.types import Count, PositiveInt, Probability


class MLP(nn.Module):
    """`depth` hidden layers of `width` units over the flattened input.

    On text it is a neural language model over a fixed window (Bengio et al. 2003): the embeddings
    of the last `window` tokens are the input, at each position anew.

    Args:
        input_shape: Shape of one sample; it is flattened.
        num_outputs: Classes, numbers to predict, or tokens.
        vocab_size: Number of tokens of text; None: the input is numbers.
        width: Units of each hidden layer, and size of a token's embedding.
        depth: Number of hidden layers; 0 leaves a linear model.
        activation: After each hidden layer.
        norm: Normalisation of each hidden layer, before its activation: over the batch (Ioffe and
            Szegedy 2015) or over the layer (Ba et al. 2016).
        dropout: Probability that a hidden unit is dropped, after its activation.
        window: Tokens of text that it sees; no meaning for numbers.

    Raises:
        ValueError: Batch norm of text, which would let each token see those after it.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"image", "table", "series", "text"})
    text_tasks: ClassVar[frozenset[str]] = frozenset({"language_modeling"})

    def __init__(
        self,
        *,
        input_shape: tuple[int, ...],
        num_outputs: PositiveInt,
        vocab_size: PositiveInt | None = None,
        width: PositiveInt = 128,
        depth: Count = 2,
        activation: ActivationName = "relu",
        norm: Literal["none", "batch", "layer"] = "none",
        dropout: Probability = 0.0,
        window: PositiveInt = 16,
    ) -> None:
        super().__init__()
        if vocab_size is not None and norm == "batch":
            raise ValueError("model.norm=batch would show it the tokens to come; type `layer`")
        self.window = window
        self.embedding = None if vocab_size is None else nn.Embedding(vocab_size, width)
        num_inputs = prod(input_shape) if vocab_size is None else window * width
        sizes = [num_inputs, *[width] * depth]
        norms = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
        self.hidden = nn.Sequential(nn.Flatten())
        for fan_in, fan_out in pairwise(sizes):
            self.hidden.append(nn.Linear(fan_in, fan_out))
            if norm != "none":
                self.hidden.append(norms[norm](fan_out))
            self.hidden.append(activation_layer(activation))
            self.hidden.append(nn.Dropout(dropout))
        self.head = nn.Linear(sizes[-1], vocab_size or num_outputs)

    def forward(
        self, x: Float[Tensor, "batch *shape"] | Int[Tensor, "batch time"]
    ) -> Float[Tensor, "batch *outputs"]:
        if self.embedding is None:
            return self.head(self.hidden(x))  # type: ignore[no-any-return]
        batch, time = x.shape
        embedded = F.pad(self.embedding(x), (0, 0, self.window - 1, 0))  # nothing before the start
        windows = embedded.unfold(1, self.window, 1)  # batch, time, width, window
        return self.head(self.hidden(windows.flatten(0, 1))).view(batch, time, -1)  # type: ignore[no-any-return]
