"""How the columns of a table become a model's inputs, for rows that come after training."""

from dataclasses import dataclass

from leyden.data.parsing.table_format import TableFormat
from leyden.data.tables.encoders import Encoder, NumberEncoder, Scaling


@dataclass(frozen=True, kw_only=True)
class TablePreparation:
    """What a run learned of the columns of its table.

    Attributes:
        encoders: An encoder for each column that a model sees, in the order of its features.
        format: Format of text files, as far as the run says it.
        target: Column that is predicted; rows need not have it.
        target_unit: Unit that each of its numbers had in a text file; empty: none.
    """

    encoders: tuple[Encoder, ...]
    format: TableFormat
    target: str
    target_unit: str = ""

    @property
    def names(self) -> list[str]:
        """Columns that a row needs."""
        return [encoder.name for encoder in self.encoders]


def unscaled_columns(names: tuple[str, ...], target: str) -> TablePreparation:
    """The preparation of numbers that a model sees as they are."""
    as_is = Scaling(filling=None, mean=0.0, std=1.0, has_indicator=False)
    return TablePreparation(
        encoders=tuple(NumberEncoder(name=name, scaling=as_is) for name in names),
        format=TableFormat(),
        target=target,
    )
