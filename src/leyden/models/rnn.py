"""Recurrent networks.

Sources: Elman 1990 (plain), Cho et al. 2014 (GRU), Hochreiter and Schmidhuber 1997 (LSTM).
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from jaxtyping import Float, Int
from torch import Tensor, nn

from leyden.types import PositiveInt, Probability

CellName = Literal["rnn", "gru", "lstm"]
State = Tensor | tuple[Tensor, Tensor]
"""(depth, batch, width); an LSTM has two."""


class RNN(nn.Module):
    """`depth` recurrent layers of `width` units.

    A series is read lag by lag, an image row by row from the top, and the last state is read out.
    Text is read token by token and every state is read out (Karpathy's char-rnn).

    Args:
        input_shape: (lags, features) of a series, (channels, height, width) of an image, (context,)
            of text.
        num_outputs: Numbers to predict, classes, or tokens.
        vocab_size: Number of tokens of text; None: the input is numbers.
        cell: The kind of unit. Their activations are part of what they are: `rnn` has tanh.
        width: Units of a layer, and size of a token's embedding.
        depth: Number of layers.
        dropout: Between layers and before the readout.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"image", "series", "text"})
    text_tasks: ClassVar[frozenset[str]] = frozenset({"language_modeling"})

    @staticmethod
    def stacking_limits(arguments: Mapping[str, Any]) -> dict[str, str]:
        """Why such networks can't be trained as one stacked network, by key of the config."""
        return {"model": "torch.func.vmap knows no recurrent layers"}

    def __init__(
        self,
        *,
        input_shape: tuple[int, ...],
        num_outputs: PositiveInt,
        vocab_size: PositiveInt | None = None,
        cell: CellName = "lstm",
        width: PositiveInt = 128,
        depth: PositiveInt = 1,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        self.embedding = None if vocab_size is None else nn.Embedding(vocab_size, width)
        is_image = len(input_shape) == 3
        row_size = input_shape[0] * input_shape[2] if is_image else input_shape[-1]
        layers = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell]
        self.layers = layers(
            width if vocab_size is not None else row_size,
            width,
            depth,
            batch_first=True,
            dropout=dropout if depth > 1 else 0.0,
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, vocab_size or num_outputs)

    def forward(
        self, x: Float[Tensor, "batch *shape"] | Int[Tensor, "batch time"]
    ) -> Float[Tensor, "batch *outputs"]:
        return self.head(self.features(x))  # type: ignore[no-any-return]

    def features(
        self, x: Float[Tensor, "batch *shape"] | Int[Tensor, "batch time"]
    ) -> Float[Tensor, "batch *features"]:
        """What the head reads: the last layer's states, of numbers only the last state."""
        return self.read_on(x, None)[0]

    def forward_with_state(
        self, x: Float[Tensor, "batch *shape"] | Int[Tensor, "batch time"], state: State | None
    ) -> tuple[Float[Tensor, "batch *outputs"], State]:
        """Reads on from a state; None is the beginning. Gives the outputs and the state after."""
        features, state = self.read_on(x, state)
        return self.head(features), state

    def read_on(
        self, x: Float[Tensor, "batch *shape"] | Int[Tensor, "batch time"], state: State | None
    ) -> tuple[Float[Tensor, "batch *features"], State]:
        """Like `forward_with_state`, but gives what the head reads."""
        if self.embedding is not None:
            x = self.embedding(x)
        elif x.ndim == 4:
            x = x.transpose(1, 2).flatten(2)  # batch, height, channels * width
        states, state = self.layers(x, state)
        read = states if self.embedding is not None else states[:, -1]
        return self.dropout(read), state
