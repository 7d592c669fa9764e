"""How a text becomes a model's input, for texts that come after training."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TextPreparation:
    """What a run keeps of its text besides the vocabulary, which is saved beside it.

    Attributes:
        context: Tokens that the model sees at once.
    """

    context: int
