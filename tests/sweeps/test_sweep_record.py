"""How much of a sweep is left, from its record alone."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from leyden.sweeps.record import DONE, FAILED, TO_GO_ON, JobEntry, Objective, SweepRecord

STATES = st.sampled_from([*DONE, *FAILED, *TO_GO_ON, "running"])


def record_of(states, num_trials):
    return SweepRecord(
        folder=Path(),
        name="asked",
        experiment=None,
        command=[],
        overrides=[],
        axes=[],
        repeated=[],
        objectives=[Objective("val/loss", "min")],
        launcher="local",
        search=None if num_trials is None else {"n_trials": num_trials},
        jobs=[JobEntry(overrides=[], state=state) for state in states],
    )


@given(st.lists(STATES, max_size=9), st.integers(0, 9))
def test_of_a_search_also_those_are_left_that_have_not_begun(states, unbegun):
    record = record_of(states, len(states) + unbegun)
    assert record.num_planned == len(states) + unbegun
    assert record.num_left == unbegun + sum(states.count(state) for state in TO_GO_ON)


@given(st.lists(STATES, max_size=9))
def test_all_jobs_of_a_grid_are_listed(states):
    record = record_of(states, None)
    assert record.num_planned == len(states)
    assert record.num_left == sum(states.count(state) for state in TO_GO_ON)


@given(st.lists(STATES, min_size=1, max_size=9))
def test_a_search_that_was_made_shorter_has_no_fewer_trials_than_were_begun(states):
    assert record_of(states, 1).num_planned == len(states)
