"""Which features a model sees of each column of a table."""

import torch
from torch import Tensor

from leyden.data.tables.encoders import CategoryEncoder, TimeEncoder
from leyden.data.tables.preparation import TablePreparation


def column_features(preparation: TablePreparation) -> list[slice]:
    """The places of the features of each column, in the order of the columns."""
    places, first = list[slice](), 0
    for encoder in preparation.encoders:
        if isinstance(encoder, CategoryEncoder):
            count = len(encoder.known)
        else:
            count = 1 + int(encoder.scaling.has_indicator)
            count += 2 * len(encoder.circles) if isinstance(encoder, TimeEncoder) else 0
        places.append(slice(first, first + count))
        first += count
    return places


def column_sums(preparation: TablePreparation, values: Tensor) -> Tensor:
    """The sum over the features of each column.

    Args:
        preparation: How columns became features.
        values: A value for each feature.
    """
    return torch.stack([values[places].sum() for places in column_features(preparation)]).cpu()
