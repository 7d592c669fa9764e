"""The name under which configs of earlier versions know `leyden.data.CSVTable`."""

from leyden.data.tables.csv_table import CSVTable as CSVTable
