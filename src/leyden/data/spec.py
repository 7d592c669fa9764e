"""What a data set is, as far as a model has to know."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["image", "text"]


@dataclass(frozen=True)
class Spec:
    """The shape of a data set. Networks are built to it.

    Attributes:
        kind: Decides the task: images are classified, text is modelled token by token.
        input_shape: Shape of one sample: (channels, height, width) of an image, (context,) of text.
        num_outputs: Classes of images, tokens of the vocabulary of text.
        class_names: Names of the classes; empty where they have none.
        unigram_nats: Entropy of single tokens of text: the loss of a model that sees no context.
        bytes_per_token: UTF-8 bytes of a token of text, the mean of each part, for bits per byte.
    """

    kind: Kind
    input_shape: tuple[int, ...]
    num_outputs: int
    class_names: tuple[str, ...] = ()
    unigram_nats: float | None = None
    bytes_per_token: dict[str, float] = field(default_factory=dict)
