"""A file that a run keeps is read as it was written, or refused in a line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.errors import ConfigError
from leyden.run.calibration import Calibration, read_calibration, write_calibration
from leyden.run.prediction_intervals import PredictionIntervals, read_intervals, write_intervals
from leyden.run.preparation import read_preparation

READERS = {
    "calibration.json": read_calibration,
    "prediction_intervals.json": read_intervals,
    "preparation.json": read_preparation,
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("name", READERS)
def test_what_is_not_there_is_none(name, tmp_path):
    assert READERS[name](tmp_path) is None


@pytest.mark.parametrize("name", READERS)
@given(value=VALUES)
def test_a_file_of_anything_else_is_one_line(name, value, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    (folder / name).write_text(json.dumps(value))
    with pytest.raises(ConfigError, match="is damaged"):
        READERS[name](folder)


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_is_cut_is_one_line(name, tmp_path):
    (tmp_path / name).write_text('{"method": "temp')
    with pytest.raises(ConfigError, match="is damaged"):
        READERS[name](tmp_path)


def test_a_temperature_of_nothing_is_refused(tmp_path):
    content = {"method": "temperature", "checkpoint": "a", "temperature": 0.0, "curves": []}
    (tmp_path / "calibration.json").write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="is damaged"):
        read_calibration(tmp_path)


def test_what_is_written_is_read(tmp_path):
    calibration = Calibration("isotonic", "best.ckpt", curves=(([0.0, 1.0], [0.1, 0.9]),))
    write_calibration(tmp_path, calibration)
    assert read_calibration(tmp_path) == calibration
    intervals = PredictionIntervals([1.5], [40], [None])
    write_intervals(tmp_path, intervals)
    assert read_intervals(tmp_path) == intervals
