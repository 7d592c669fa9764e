"""What a run keeps of its data, so that inputs which come later are read as its samples were."""

from leyden.data.images.preparation import ImagePreparation
from leyden.data.series.preparation import SeriesPreparation
from leyden.data.tables.preparation import TablePreparation
from leyden.data.text.preparation import LabelledTextPreparation, TextPreparation

Preparation = (
    TablePreparation
    | ImagePreparation
    | SeriesPreparation
    | TextPreparation
    | LabelledTextPreparation
)
"""One for each kind of data that new inputs can be read for."""
