"""How a text becomes a model's input, for texts that come after training."""

from dataclasses import dataclass
from typing import Literal

from leyden.data.parsing.table_format import TableFormat


@dataclass(frozen=True, kw_only=True)
class TextPreparation:
    """What a run keeps of its text besides the vocabulary, which is saved beside it.

    Attributes:
        context: Tokens that the model sees at once.
    """

    context: int


@dataclass(frozen=True, kw_only=True)
class LabelledTextPreparation:
    """What a run keeps of its labelled texts besides the vocabulary, which is saved beside it.

    Attributes:
        text: Column of the texts.
        target: Column that is predicted; rows need not have it.
        format: Format of text files, as far as the run says it.
        context: Tokens of a text.
        padding: Token that fills up short texts.
        side: End of a long text that is cut off.
    """

    text: str
    target: str
    format: TableFormat
    context: int
    padding: int
    side: Literal["left", "right"] = "right"
