from signal import SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.distributed.stop_signal import StopRequests

SOON, LATE = 0.5, 15.5
"""Seconds after the first signal; a job has 15 to stop in."""

CASES = [
    # the signals with their moments, and whether the last one insists
    ([(SIGINT, 0)], False),
    ([(SIGINT, 0), (SIGINT, SOON)], True),
    ([(SIGINT, 0), (SIGTERM, SOON)], False),
    ([(SIGINT, 0), (SIGTERM, LATE)], False),
    ([(SIGTERM, 0), (SIGINT, SOON)], False),  # a scheduler's, then a person's first wish
    ([(SIGTERM, 0), (SIGINT, SOON), (SIGINT, SOON)], True),
    ([(SIGTERM, 0), (SIGTERM, SOON)], False),
    ([(SIGTERM, 0), (SIGTERM, LATE)], True),
    ([(SIGUSR2, 0), (SIGTERM, SOON)], False),  # Slurm's time is up, then its requeue
    ([(SIGUSR2, 0), (SIGTERM, LATE)], False),
    ([(SIGUSR2, 0), (SIGTERM, LATE), (SIGTERM, LATE)], True),
    ([(SIGUSR2, 0), (SIGUSR2, LATE)], False),
    ([(SIGUSR1, 0), (SIGUSR1, LATE)], False),
    ([(SIGHUP, 0), (SIGTERM, SOON)], False),  # a closed terminal, then what kills the session
    ([(SIGHUP, 0), (SIGHUP, LATE)], False),
]


def last_insists(signals):
    requests = StopRequests()
    return [requests.note(number, when=float(when)) for number, when in signals][-1]


@pytest.mark.parametrize(("signals", "insists"), CASES, ids=str)
def test_who_insists_on_an_end_at_once(signals, insists):
    assert last_insists(signals) == insists


@given(st.lists(st.sampled_from([SIGTERM, SIGUSR1, SIGUSR2, SIGHUP]), min_size=1, max_size=12))
def test_whatever_a_system_sends_within_the_seconds_for_a_stop_never_insists(numbers):
    assert not last_insists([(number, 15 * i / len(numbers)) for i, number in enumerate(numbers)])
