from itertools import pairwise
from math import sqrt

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from leyden.optim import constant, cosine, inverse_sqrt, linear, one_cycle, step, wsd


def rates(schedule, total_steps, *, lr=1.0, **options):
    """The learning rate at which each step of a run is taken."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr)
    scheduler = schedule(optimizer, total_steps, **options)
    taken = []
    for _ in range(total_steps):
        taken.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return taken


def at(steps, taken):
    return [taken[step] for step in steps]


def test_constant_is_the_peak_after_the_warmup():
    taken = rates(constant, 10, lr=3.0, warmup_steps=4)
    assert at([0, 1, 3, 4, 9], taken) == pytest.approx([0.6, 1.2, 2.4, 3.0, 3.0])


def test_cosine_falls_along_half_a_cosine():
    taken = rates(cosine, 9)  # progress in eighths
    eighth = 0.5 + sqrt(0.5) / 2  # (1 + cos(pi / 4)) / 2
    expected = [1.0, 0.1 + 0.9 * eighth, 0.55, 0.1 + 0.9 * (1 - eighth), 0.1]
    assert at([0, 2, 4, 6, 8], taken) == pytest.approx(expected)


def test_cosine_starts_after_its_warmup():
    taken = rates(cosine, 13, lr=2.0, warmup_steps=4, final_fraction=0.0)
    assert at([0, 3, 4, 8, 12], taken) == pytest.approx([0.4, 1.6, 2.0, 1.0, 0.0])


def test_wsd_cools_down_in_a_line():
    taken = rates(wsd, 11, cooldown_fraction=0.5, cooldown="linear")
    assert at([0, 5, 6, 8, 10], taken) == pytest.approx([1.0, 1.0, 0.8, 0.4, 0.0])


def test_wsd_cools_down_along_a_root():
    taken = rates(wsd, 11, cooldown_fraction=0.5, cooldown="sqrt")
    expected = [1.0, 1.0, 1 - sqrt(0.2), 1 - sqrt(0.6), 0.0]
    assert at([0, 5, 6, 8, 10], taken) == pytest.approx(expected)


def test_wsd_cools_down_to_its_final_fraction_after_a_warmup():
    taken = rates(
        wsd,
        25,
        lr=2.0,
        warmup_steps=4,
        cooldown_fraction=0.2,
        cooldown="linear",
        final_fraction=0.5,
    )
    assert at([0, 4, 20, 22, 24], taken) == pytest.approx([0.4, 2.0, 2.0, 1.5, 1.0])


def test_wsd_without_a_cooldown_is_constant():
    assert rates(wsd, 5, cooldown_fraction=0.0) == [1.0] * 5


def test_by_default_wsd_cools_down_along_a_root_over_the_last_fifth():
    taken = rates(wsd, 11)
    expected = [1.0, 1.0, 1.0, 1 - sqrt(0.5), 0.0]
    assert at([0, 7, 8, 9, 10], taken) == pytest.approx(expected)


def test_linear_falls_in_a_line():
    taken = rates(linear, 11)
    assert at([0, 2, 5, 8, 10], taken) == pytest.approx([1.0, 0.8, 0.5, 0.2, 0.0])


def test_linear_falls_to_its_final_fraction_after_a_warmup():
    taken = rates(linear, 25, lr=2.0, warmup_steps=4, final_fraction=0.5)
    assert at([0, 4, 9, 14, 24], taken) == pytest.approx([0.4, 2.0, 1.75, 1.5, 1.0])


def test_inverse_sqrt_falls_with_the_root_of_the_step():
    taken = rates(inverse_sqrt, 25)
    assert at([0, 3, 8, 15, 24], taken) == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])


def test_inverse_sqrt_falls_from_the_end_of_its_warmup():
    taken = rates(inverse_sqrt, 36, lr=2.0, warmup_steps=3)
    assert at([0, 2, 3, 15, 35], taken) == pytest.approx([0.5, 1.5, 2.0, 1.0, 2 / 3])


def test_inverse_sqrt_does_not_depend_on_the_length_of_the_run():
    assert rates(inverse_sqrt, 40, warmup_steps=3)[:10] == rates(inverse_sqrt, 10, warmup_steps=3)


def test_step_falls_at_half_and_three_quarters_of_the_run():
    taken = rates(step, 64)
    assert at([31, 32, 47, 48, 63], taken) == pytest.approx([1.0, 0.1, 0.1, 0.01, 0.01])


def test_step_counts_its_milestones_from_the_end_of_the_warmup():
    taken = rates(step, 13, lr=2.0, warmup_steps=4, milestones=(0.25,), factor=0.5)
    assert at([0, 4, 5, 6, 12], taken) == pytest.approx([0.4, 2.0, 2.0, 1.0, 1.0])


def test_one_cycle_rises_and_falls_along_half_a_cosine_each():
    taken = rates(
        one_cycle, 21, lr=2.0, rise_fraction=1 / 3, initial_fraction=0.2, final_fraction=0.1
    )
    assert at([0, 3, 6, 13, 20], taken) == pytest.approx([0.4, 1.2, 2.0, 1.1, 0.2])


@pytest.mark.parametrize("total_steps", [10, 37, 100])
@pytest.mark.parametrize("rise_fraction", [0.15, 0.3, 0.9])
def test_one_cycle_is_torchs(total_steps, rise_fraction):
    def torchs(optimizer, total_steps):
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer, 0.5, total_steps, pct_start=rise_fraction, cycle_momentum=False
        )

    taken = rates(one_cycle, total_steps, lr=0.5, rise_fraction=rise_fraction)
    assert taken == pytest.approx(rates(torchs, total_steps), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("rise_fraction", [0.0, 0.01, 0.5, 1.0])
@pytest.mark.parametrize("total_steps", [1, 2, 12])
def test_one_cycle_stays_between_its_ends_and_the_peak(rise_fraction, total_steps):
    taken = rates(one_cycle, total_steps, rise_fraction=rise_fraction)
    assert all(4e-6 - 1e-12 <= rate <= 1 for rate in taken)


SCHEDULES = pytest.mark.parametrize("schedule", [constant, cosine, wsd, linear, inverse_sqrt, step])


@SCHEDULES
def test_a_warmup_may_be_said_as_a_share_of_the_run(schedule):
    assert rates(schedule, 20, warmup_fraction=0.25) == rates(schedule, 20, warmup_steps=5)


@SCHEDULES
def test_without_a_warmup_the_first_step_is_taken_at_the_peak(schedule):
    assert rates(schedule, 20, lr=0.3)[0] == 0.3


@SCHEDULES
def test_a_warmup_that_is_said_twice_is_an_error(schedule):
    with pytest.raises(ValueError, match="exclude each other"):
        rates(schedule, 20, warmup_steps=0, warmup_fraction=0.0)


@SCHEDULES
def test_a_warmup_of_the_whole_run_rises_to_its_end(schedule):
    assert rates(schedule, 4, warmup_fraction=1.0) == pytest.approx([0.2, 0.4, 0.6, 0.8])


@SCHEDULES
def test_a_run_of_one_step_is_taken_at_the_peak(schedule):
    assert rates(schedule, 1, lr=0.3) == [0.3]


@SCHEDULES
def test_every_group_keeps_its_own_peak(schedule):
    groups = [{"params": [nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (1.0, 0.1)]
    optimizer = torch.optim.SGD(groups)
    scheduler = schedule(optimizer, 20, warmup_steps=4)
    assert scheduler.get_last_lr() == pytest.approx([0.2, 0.02])


@pytest.mark.parametrize("cooldown", ["linear", "sqrt"])
@pytest.mark.parametrize("cooldown_fraction", [0.01, 0.1, 0.2, 0.3, 0.45, 0.6, 1.0])
def test_wsd_stays_between_zero_and_the_peak(cooldown, cooldown_fraction):
    taken = rates(wsd, 12, cooldown_fraction=cooldown_fraction, cooldown=cooldown)
    assert min(taken) >= 0
    assert max(taken) <= 1


@settings(deadline=None, max_examples=50, derandomize=True)
@given(warmup=st.integers(0, 12), final=st.floats(0, 1))
def test_cosine_never_rises_after_its_warmup(warmup, final):
    after = rates(cosine, 12, warmup_steps=warmup, final_fraction=final)[warmup:]
    assert all(later <= earlier for earlier, later in pairwise(after))
    assert all(final - 1e-12 <= rate <= 1 for rate in after)


@pytest.mark.parametrize("schedule", [cosine, inverse_sqrt, one_cycle])
def test_a_restored_schedule_goes_on_where_it_was(schedule):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 1.0)
    scheduler = schedule(optimizer, 9)
    for _ in range(4):
        optimizer.step()
        scheduler.step()
    restored = schedule(torch.optim.SGD([nn.Parameter(torch.zeros(1))], 1.0), 9)
    restored.load_state_dict(scheduler.state_dict())
    optimizer.step()
    scheduler.step()
    restored.optimizer.step()
    restored.step()
    assert restored.get_last_lr() == scheduler.get_last_lr()


@pytest.mark.parametrize(("rise_fraction", "total_steps"), [(0.0, 5), (0.3, 1)])
def test_a_cycle_without_room_to_rise_starts_at_the_peak(rise_fraction, total_steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.5)
    one_cycle(optimizer, total_steps, rise_fraction=rise_fraction)
    assert optimizer.param_groups[0]["lr"] == 0.5
