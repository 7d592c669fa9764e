import pytest
import torch

from leyden.data import Sunspots
from leyden.data.sunspots import read_sunspots


def test_there_is_a_number_of_every_year_from_1700_to_2008():
    assert len(read_sunspots()) == 2008 - 1700 + 1


@pytest.mark.parametrize(
    ("year", "number"), [(1700, 5.0), (1701, 11.0), (1957, 190.2), (2008, 2.9)]
)
def test_the_numbers_are_the_observatorys(year, number):
    assert read_sunspots()[year - 1700].item() == number


def test_it_trains_on_the_years_up_to_1915():
    parts = Sunspots(batch_size=4, lags=11).parts
    assert parts.train.firsts[-1] + 1700 == 1915
    assert parts.spec.target_mean == pytest.approx(read_sunspots()[:216].mean().item())


@pytest.mark.parametrize(("lags", "horizon"), [(22, 1), (11, 5)])
def test_the_windows_are_those_asked_for(lags, horizon):
    spec = Sunspots(batch_size=4, lags=lags, horizon=horizon).spec
    assert (spec.input_shape, spec.num_outputs) == ((lags, 1), horizon)


def test_the_series_ends_with_the_last_year():
    parts = Sunspots(batch_size=4).parts
    last = parts.test.values[-1] * parts.spec.target_std + parts.spec.target_mean
    torch.testing.assert_close(last, torch.tensor([2.9]))
