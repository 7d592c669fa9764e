"""The name under which configs of earlier versions know `leyden.data.CSVSeries`."""

from leyden.data.series.csv_series import CSVSeries as CSVSeries
