"""A search whose process died at any moment, or whose journal was damaged."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.errors import ConfigError
from leyden.sweeps.record import JobEntry, Objective
from leyden.sweeps.search import OptunaSearch
from leyden.sweeps.storage import mend_journal
from leyden.sweeps.study import OptunaStudy

NUM_TRIALS = 4
TWO = (
    "optimizer.lr=interval(0.01,0.1)",
    "model.depth=range(1,6,2)",
    "sweep.list=[{model.depth:3}]",
)


def axes_of(*words):
    return compose_request(Request((*words, "hydra/sweeper=optuna"), multirun=True)).sweep.axes


AXES = axes_of(*TWO)


def trials_in(folder, *, earlier=(), axes=AXES, **settings):
    search = OptunaSearch(n_trials=NUM_TRIALS, **settings)
    objectives = [Objective("val/loss", "min")]
    return OptunaStudy(search, folder=folder, axes=axes, objectives=objectives, earlier=earlier)


def value_of(entry):
    return sum(float(text.partition("=")[2]) for text in entry.overrides)


def searched(trials, entries, *, most=NUM_TRIALS):
    """Goes on with a search as a sweep does; the entries grow."""
    known = {entry.trial: entry for entry in entries}
    for number, assignment in trials.unfinished():
        entry = known.get(number) or JobEntry(assignment.overrides(), trial=number)
        if number not in known:
            entries.append(entry)
        told(trials, entry)
    while trials.left() > 0 and len(entries) < most:
        number, assignment = trials.ask()
        entries.append(JobEntry(assignment.overrides(), trial=number))
        told(trials, entries[-1])
    return entries


def told(trials, entry):
    entry.state, entry.objective = "completed", [value_of(entry)]
    trials.tell(entry.trial, entry.objective)


@pytest.fixture(scope="module", params=["random", "tpe"])
def whole(request, tmp_path_factory):
    """A search that was left alone: its sampler, its jobs, its journal."""
    folder = tmp_path_factory.mktemp("whole")
    entries = searched(trials_in(folder, sampler=request.param), [])
    return request.param, entries, (folder / "study.journal").read_bytes()


@given(data=st.data())
@settings(max_examples=40)
def test_a_journal_that_was_cut_anywhere_leads_to_the_same_trials(whole, data):
    """The jobs' records may be ahead of the journal by any number of trials, or behind it."""
    sampler, expected, journal = whole
    content = journal[: data.draw(st.integers(0, len(journal)), label="bytes")]
    num_known = data.draw(st.integers(0, NUM_TRIALS), label="jobs")
    with TemporaryDirectory() as folder:
        (Path(folder) / "study.journal").write_bytes(content)
        earlier = [
            JobEntry(one.overrides, state="completed", trial=one.trial, objective=one.objective)
            for one in expected[:num_known]
        ]
        found = searched(trials_in(Path(folder), earlier=earlier, sampler=sampler), earlier)
        proposed = {one.trial: one.overrides for one in expected}
        assert all(one.overrides == proposed[one.trial] for one in found)
        told_before = {
            one for one in range(NUM_TRIALS) if f'"trial_id":{one},"state":1,'.encode() in content
        }
        assert sorted({one.trial for one in found} | told_before) == [*range(NUM_TRIALS)]


@given(place=st.integers(0, 10**6), byte=st.integers(0, 255))
@settings(max_examples=40)
def test_a_journal_with_a_wrong_byte_is_used_up_to_it(whole, place, byte):
    sampler, expected, journal = whole
    content = bytearray(journal)
    content[place % len(content)] = byte
    with TemporaryDirectory() as folder:
        (Path(folder) / "study.journal").write_bytes(content)
        earlier = [
            JobEntry(one.overrides, state="completed", trial=one.trial, objective=one.objective)
            for one in expected
        ]
        trials = trials_in(Path(folder), earlier=earlier, sampler=sampler)
        assert trials.left() == 0
        trials.study.trials  # noqa: B018 (they can be read)


@pytest.mark.parametrize("num_suggested", [0, 1])
def test_a_trial_that_was_being_asked_for_is_asked_for_again(num_suggested, whole, tmp_path):
    sampler, expected, _ = whole
    trials = trials_in(tmp_path, sampler=sampler)
    entries = searched(trials, [], most=2)
    died = trials.study.ask()
    for axis in trials.axes[:num_suggested]:
        trials._suggested(died, axis)
    found = searched(trials_in(tmp_path, earlier=entries, sampler=sampler), entries)
    assert [one.overrides for one in found] == [one.overrides for one in expected]


@pytest.mark.parametrize(
    "other",
    ["optimizer.lr=tag(log,interval(0.01,0.1))", "optimizer.lr=0.01,0.1", "optimizer.lr=0.1,0.2"],
)
def test_another_kind_of_range_is_refused_by_its_key(other, tmp_path):
    searched(trials_in(tmp_path), [])
    with pytest.raises(ConfigError, match=r"optimizer\.lr.*was searched over Float"):
        trials_in(tmp_path, axes=axes_of(other))


def test_a_wider_range_goes_on(tmp_path):
    entries = searched(trials_in(tmp_path), [], most=2)
    wider = axes_of("optimizer.lr=interval(0.001,1)", TWO[1])
    assert len(searched(trials_in(tmp_path, axes=wider, earlier=entries), entries)) == NUM_TRIALS


def test_a_journal_that_is_whole_is_left_as_it_is(whole, tmp_path):
    path = tmp_path / "study.journal"
    path.write_bytes(whole[2])
    assert mend_journal(path) is None
    assert path.read_bytes() == whole[2]


def test_what_was_left_out_of_a_journal_is_said_and_kept(whole, tmp_path):
    path = tmp_path / "study.journal"
    path.write_bytes(whole[2] + b'{"op_code')
    assert mend_journal(path) == (
        f"study.journal is damaged after line {len(whole[2].splitlines())}: 9 bytes were left out;"
        " it is now study.journal.damaged"
    )
    assert path.read_bytes() == whole[2]
    assert (tmp_path / "study.journal.damaged").read_bytes() == whole[2] + b'{"op_code'
