"""`metrics.csv`."""

import csv

from leyden.loggers import CSV


def rows_of(folder):
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_metrics_of_a_step_share_a_row(tmp_path):
    logger = CSV(tmp_path)
    logger.log_metrics({"a": 1.0}, step=0)
    logger.log_metrics({"b": 2.0}, step=0)
    logger.finalize("success")
    assert rows_of(tmp_path) == [{"step": "0", "a": "1.0", "b": "2.0"}]


def test_a_new_metric_widens_the_table(tmp_path):
    logger = CSV(tmp_path)
    logger.log_metrics({"a": 1.0}, step=0)
    logger.log_metrics({"b": 2.0}, step=1)
    logger.finalize("success")
    assert rows_of(tmp_path) == [
        {"step": "0", "a": "1.0", "b": ""},
        {"step": "1", "a": "", "b": "2.0"},
    ]
