"""A job finds what differs in its sweep."""

import json

import pytest

from leyden.run.swept import swept_values


@pytest.fixture
def sweep(tmp_path):
    """Writes a sweep's record; gives the folder of a job."""

    def write(content):
        (tmp_path / "sweep.json").write_text(json.dumps(content))
        return tmp_path / "job"

    return write


def test_axes_come_in_their_order_with_the_values_of_the_jobs(sweep):
    jobs = [
        {"overrides": ["seed=0", "optimizer=sgd", "+model.extra=1"]},
        {"overrides": ["seed=0", "optimizer=adamw"]},
    ]
    folder = sweep({"axes": ["optimizer", "model.extra", "never"], "jobs": jobs})
    assert swept_values(folder) == {
        "optimizer": ["sgd", "adamw"],
        "model.extra": ["1"],
        "never": [],
    }


def test_a_run_alone_has_none(tmp_path):
    assert swept_values(tmp_path / "run") == {}


@pytest.mark.parametrize("content", [[], {}, {"axes": "model"}, {"axes": [1]}, {"axes": None}])
def test_a_record_of_another_form_gives_none(sweep, content):
    assert swept_values(sweep(content)) == {}
