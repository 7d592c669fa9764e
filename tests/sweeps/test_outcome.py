"""What a search is told of a trial of several jobs."""

import pytest

from leyden.sweeps.outcome import outcome_of, outcomes
from leyden.sweeps.record import JobEntry


def entry(state, *objective, trial=0):
    return JobEntry([f"fold={state}"], state=state, objective=list(objective), trial=trial)


def test_the_objectives_of_a_trial_are_means_over_its_jobs():
    found = outcome_of([entry("completed", 1.0, 10.0), entry("completed", 4.0, 20.0)], 2)
    assert (found.state, found.objective) == ("completed", [2.5, 15.0])


def test_an_objective_that_one_job_lacks_is_not_known():
    found = outcome_of([entry("completed", 1.0, None), entry("completed", 4.0, 20.0)], 2)
    assert found.objective == [2.5, None]


@pytest.mark.parametrize("state", ["failed", "diverged", "oom"])
def test_a_trial_has_failed_with_one_of_its_jobs(state):
    found = outcome_of([entry("completed", 1.0), entry(state, 3.0)], 2)
    assert (found.state, found.objective) == (state, [])


@pytest.mark.parametrize(
    "entries",
    [
        [entry("completed", 1.0)],
        [entry("completed", 1.0), entry("pending")],
        [entry("failed"), entry("interrupted")],
    ],
    ids=["not begun", "pending", "interrupted"],
)
def test_a_trial_goes_on_until_all_its_jobs_have_ended(entries):
    assert outcome_of(entries, 2).state == "running"


def test_a_trial_of_one_job_is_that_job():
    jobs = [entry("interrupted", trial=number) for number in range(3)]
    assert all(one is job for one, job in zip(outcomes(jobs, 1), jobs, strict=True))
