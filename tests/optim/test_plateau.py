import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from leyden.optim import plateau


def scheduled(*, lr=1.0, total_steps=100, mode="min", **options):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr)
    return plateau(optimizer, total_steps, monitor="val/loss", mode=mode, **options)


def rate_after(scheduler, value):
    """The learning rate after a validation and a step."""
    scheduler.observe(value)
    scheduler.optimizer.step()
    scheduler.step()
    return scheduler.get_last_lr()[0]


def test_it_falls_after_more_than_patience_validations_without_improvement():
    scheduler = scheduled(lr=2.0, factor=0.5, patience=1)
    rates = [rate_after(scheduler, value) for value in [3.0, 2.0, 2.0, 2.5, 2.1, 1.0, 1.0, 1.0]]
    assert rates == [2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 0.5]


def test_more_is_better_if_the_mode_says_so():
    scheduler = scheduled(mode="max", patience=0)
    assert [rate_after(scheduler, value) for value in [1.0, 2.0, 1.0]] == [1.0, 1.0, 0.1]


@settings(deadline=None, max_examples=100, derandomize=True)
@given(
    values=st.lists(st.sampled_from([-1.0, 0.0, 0.05, 0.1, 1.0, 2.0, float("nan")]), max_size=20),
    mode=st.sampled_from(["min", "max"]),
    patience=st.integers(0, 3),
    min_delta=st.sampled_from([0.0, 0.07]),
    final_fraction=st.sampled_from([0.0, 0.03]),
)
def test_rates_are_those_of_torch_with_an_absolute_threshold(
    values, mode, patience, min_delta, final_fraction
):
    options = {"mode": mode, "patience": patience, "factor": 0.3}
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 2.0)
    theirs = ReduceLROnPlateau(
        optimizer,
        threshold=min_delta,
        threshold_mode="abs",
        min_lr=final_fraction * 2.0,
        eps=0,
        **options,
    )
    ours = scheduled(lr=2.0, min_delta=min_delta, final_fraction=final_fraction, **options)
    for value in values:
        theirs.step(value)
        assert rate_after(ours, value) == pytest.approx(optimizer.param_groups[0]["lr"])


def test_the_step_after_a_validation_goes_at_the_new_rate():
    scheduler = scheduled(lr=2.0, warmup_steps=3, patience=0, factor=0.5)
    scheduler.observe(1.0)
    scheduler.observe(1.0)
    assert scheduler.optimizer.param_groups[0]["lr"] == pytest.approx(0.25)  # of 2 / 4


def test_it_rises_over_its_warmup_and_may_fall_meanwhile():
    scheduler = scheduled(lr=2.0, warmup_steps=4, patience=0, factor=0.5)
    rates = [scheduler.get_last_lr()[0]]
    rates += [rate_after(scheduler, value) for value in [3.0, 2.0, 2.0, 1.0, 0.0]]
    assert rates == pytest.approx([0.4, 0.8, 1.2, 0.8, 1.0, 1.0])


def test_a_warmup_may_be_said_as_a_share_of_the_run():
    scheduler = scheduled(total_steps=20, warmup_fraction=0.2)
    assert scheduler.get_last_lr() == pytest.approx([1 / 5])


def test_a_warmup_that_is_said_twice_is_an_error():
    with pytest.raises(ValueError, match="exclude each other"):
        scheduled(warmup_steps=0, warmup_fraction=0.0)


def test_without_a_validation_the_rate_stays():
    scheduler = scheduled(patience=0)
    for _ in range(50):
        scheduler.optimizer.step()
        scheduler.step()
    assert scheduler.get_last_lr() == [1.0]


def test_every_group_keeps_its_own_peak():
    groups = [{"params": [nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (1.0, 0.1)]
    scheduler = plateau(torch.optim.SGD(groups), 100, monitor="val/loss", mode="min", patience=0)
    rate_after(scheduler, 1.0)
    rate_after(scheduler, 1.0)
    assert scheduler.get_last_lr() == pytest.approx([0.1, 0.01])


def test_it_says_which_metric_it_is_to_be_told():
    assert scheduled().monitor == "val/loss"


@pytest.mark.parametrize("seen", [0, 1, 3, 4])
def test_a_restored_schedule_goes_on_where_it_was(seen):
    values = [2.0, 1.0, 1.0, 1.5, 1.2, 1.0, 1.0, 1.0]
    scheduler, restored = (scheduled(warmup_steps=2, patience=1) for _ in range(2))
    for value in values[:seen]:
        rate_after(scheduler, value)
    restored.load_state_dict(copy.deepcopy(scheduler.state_dict()))
    rates = [[rate_after(each, value) for value in values[seen:]] for each in (scheduler, restored)]
    assert rates[0] == rates[1]
    assert restored.reached < 1


def test_the_rate_can_fall_to_nothing():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.5)
    schedule = plateau(optimizer, 10, monitor="m", mode="min", patience=0, factor=0.0)
    for _ in range(3):
        schedule.observe(1.0)
    assert optimizer.param_groups[0]["lr"] == 0
