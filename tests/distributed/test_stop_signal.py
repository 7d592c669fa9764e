"""Signals that reach a process of its own, in every place of a run where they may come."""

from signal import SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, raise_signal

import pytest

from leyden.distributed.stop_signal import StopSignal, current, handling, uninterrupted
from leyden.errors import Interrupted

SYSTEMS = (SIGTERM, SIGUSR1, SIGUSR2, SIGHUP)


@pytest.fixture
def stop():
    made = StopSignal()
    with handling(made.handle):
        yield made


@pytest.mark.parametrize("number", [SIGINT, *SYSTEMS])
def test_where_there_is_no_step_the_first_signal_ends_the_run(number, stop):
    with pytest.raises(Interrupted, match=f"stopped at once by {number.name}"):
        raise_signal(number)


@pytest.mark.parametrize("number", [SIGINT, *SYSTEMS])
def test_in_training_the_first_signal_is_noted(number, stop):
    stop.watch()
    raise_signal(number)
    assert stop.received == number


@pytest.mark.parametrize("second", SYSTEMS)
@pytest.mark.parametrize("first", [SIGINT, *SYSTEMS])
def test_a_systems_signal_after_another_ends_nothing_in_training_nor_after_it(first, second, stop):
    stop.watch()
    raise_signal(first)
    raise_signal(second)
    stop.leave()  # the run ends and its record is written
    raise_signal(second)
    assert stop.received == first


def test_a_second_ctrl_c_ends_a_run_at_once(stop):
    stop.watch()
    raise_signal(SIGINT)
    with pytest.raises(Interrupted, match="stopped at once by SIGINT"):
        raise_signal(SIGINT)


def write_beside_two_signals(stop, path):
    with uninterrupted():
        raise_signal(SIGINT)
        assert stop.received == SIGINT  # noted at once: the seconds to stop in have begun
        with uninterrupted():
            raise_signal(SIGINT)
        path.write_text("whole")


def test_but_what_is_being_written_is_finished_first(stop, tmp_path):
    stop.watch()
    with pytest.raises(Interrupted):
        write_beside_two_signals(stop, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "whole"


def test_a_save_leaves_the_handlers_as_they_were(stop):
    before = current()
    with uninterrupted():
        pass
    assert current() == before
