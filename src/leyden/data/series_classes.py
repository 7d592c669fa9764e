"""The name under which configs of earlier versions know `leyden.data.SeriesClasses`."""

from leyden.data.series.series_classes import SeriesClasses as SeriesClasses
