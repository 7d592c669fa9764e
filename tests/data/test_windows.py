import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data.loader import Draw
from leyden.data.windows import Windows, window_places

few = settings(deadline=None, max_examples=40, derandomize=True)


def times(length):
    """Each value is its time; a second feature is a hundred more."""
    time = torch.arange(length, dtype=torch.float32)
    return torch.stack([time, time + 100], dim=1)


def part(length, start, stop, lags, horizon, *, holes=(), unmeasured=()):
    is_seen, is_target = torch.ones(2, length, dtype=torch.bool)
    is_seen[list(holes)] = False
    is_target[[*holes, *unmeasured]] = False
    places = window_places(start, stop, lags, horizon, is_seen=is_seen, is_target=is_target)
    return Windows(times(length), places, lags, horizon)


def everything(windows):
    return windows[Draw(0, torch.arange(len(windows)))]


def test_windows_are_cut_by_hand():
    windows = part(9, start=4, stop=8, lags=3, horizon=2)
    past, future = windows[Draw(0, torch.tensor([2, 0]))]
    assert past.tolist() == [[[3, 103], [4, 104], [5, 105]], [[1, 101], [2, 102], [3, 103]]]
    assert future.tolist() == [[6, 7], [4, 5]]


@pytest.mark.parametrize(
    ("start", "stop", "horizon", "length"),
    [(4, 8, 1, 4), (4, 8, 2, 3), (4, 8, 4, 1), (4, 8, 5, 0), (4, 4, 1, 0), (8, 4, 1, 0)],
)
def test_the_number_of_windows_is_counted_by_hand(start, stop, horizon, length):
    assert len(part(9, start, stop, 2, horizon)) == length


@few
@given(
    lags=st.integers(1, 5),
    start=st.integers(0, 9),
    length=st.integers(0, 9),
    horizon=st.integers(1, 5),
)
def test_the_past_ends_where_the_future_begins_and_the_future_stays_in_the_part(
    lags, start, length, horizon
):
    start += lags
    windows = part(start + length + 5, start, start + length, lags, horizon)
    past, future = everything(windows)
    whole = torch.cat([past[..., 0], future], dim=1)
    assert (whole.diff(dim=1) == 1).all()
    assert future[:, 0].tolist() == list(range(start, start + len(windows)))
    assert (future < start + length).all()


@few
@given(
    lags=st.integers(1, 4),
    horizon=st.integers(1, 3),
    holes=st.sets(st.integers(0, 29)),
    unmeasured=st.sets(st.integers(0, 29)),
)
def test_windows_are_all_those_without_a_hole_whose_targets_were_measured(
    lags, horizon, holes, unmeasured
):
    expected = [
        first
        for first in range(max(lags, 3), 25 - horizon + 1)
        if not holes & set(range(first - lags, first + horizon))
        and not unmeasured & set(range(first, first + horizon))
    ]
    windows = part(30, 3, 25, lags, horizon, holes=holes, unmeasured=unmeasured)
    assert windows.firsts.tolist() == expected
