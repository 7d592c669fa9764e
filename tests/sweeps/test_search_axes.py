"""How the axes of a sweep become Optuna's parameters."""

import pytest

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.config.sweep_space import Assignment, Axes, Axis, Condition
from leyden.sweeps.distributions import is_evenly_spaced
from leyden.sweeps.record import Objective
from leyden.sweeps.search import OptunaSearch
from leyden.sweeps.study import OptunaStudy


def axes_of(*words):
    return compose_request(Request((*words, "hydra/sweeper=optuna"), multirun=True)).sweep.axes


@pytest.fixture
def trials(tmp_path):
    def make(axes, **settings):
        objectives = [Objective("val/loss", "min")]
        return OptunaStudy(
            OptunaSearch(**settings), folder=tmp_path, axes=axes, objectives=objectives
        )

    return make


def asked(trials, n):
    return [trials.ask()[1].values for _ in range(n)]


@pytest.mark.parametrize(
    ("word", "allowed"),
    [
        ("model.depth=int(interval(1,3))", {"1", "2", "3"}),
        ("model.depth=range(1,6,2)", {"1", "3", "5"}),
        ("model.depth=1,2,5", {"1", "2", "5"}),
        ("optimizer=sgd,adamw", {"sgd", "adamw"}),
    ],
)
def test_an_axis_gives_all_of_its_values_and_no_other(word, allowed, trials):
    found = asked(trials(axes_of(word), sampler="random"), 40)
    assert {value for values in found for value in values.values()} == allowed


def test_a_logarithmic_range_has_as_much_below_as_above_its_middle(trials):
    axes = axes_of("optimizer.lr=tag(log,interval(1e-6,1e-2))")
    found = [float(one["optimizer.lr"]) for one in asked(trials(axes, sampler="random"), 200)]
    assert min(found) >= 1e-6
    assert max(found) <= 1e-2
    assert 70 < sum(value < 1e-4 for value in found) < 130


def test_sobols_points_fill_a_range_evenly(trials):
    axes = axes_of("optimizer.lr=interval(0.1,1)")
    found = [float(one["optimizer.lr"]) for one in asked(trials(axes, sampler="sobol"), 17)[1:]]
    quarters = [sum(0.1 + 0.225 * i <= v < 0.325 + 0.225 * i for v in found) for i in range(4)]
    assert all(3 <= count <= 5 for count in quarters)


def test_a_sequence_goes_on_where_it_was_left(trials):
    axes = axes_of("optimizer.lr=interval(0.1,1)")
    first = asked(trials(axes, sampler="halton"), 4)
    again = asked(trials(axes, sampler="halton"), 4)
    assert not {one["optimizer.lr"] for one in first} & {one["optimizer.lr"] for one in again}


def test_a_conditional_axis_is_a_parameter_of_its_own(trials):
    def rate(text, optimizer):
        return Axis(("lr",), ((text,),), "here", condition=Condition("optimizer", (optimizer,)))

    optimizer = Axis(("optimizer",), (("sgd",), ("adam",)), "here")
    made = trials(Axes((optimizer, rate("1", "sgd"), rate("2", "adam"))), sampler="random")
    found = {(one["optimizer"], one["lr"]) for one in asked(made, 20)}
    assert found == {("sgd", "1"), ("adam", "2")}


def test_trials_that_were_begun_are_found_again(trials):
    axes = axes_of("optimizer.lr=interval(0.1,1)")
    number, assignment = trials(axes, n_trials=3).ask()
    again = trials(axes, n_trials=3)
    assert again.unfinished() == [(number, assignment)]
    assert again.left() == 2


def test_a_value_of_an_unfinished_trial_is_the_very_same_text(trials):
    axes = axes_of("optimizer.lr=tag(log,interval(1e-5,1))", "model.width=int(interval(8,64))")
    found = [trials(axes, sampler="random").ask()[1] for _ in range(5)]
    again = [values for _, values in trials(axes).unfinished()]
    assert [one.values for one in again] == [one.values for one in found]


@pytest.mark.parametrize(
    ("texts", "even"),
    [
        (("1", "2", "3"), True),
        (("1", "3", "5"), True),
        (("1", "2", "4"), False),
        (("3", "2", "1"), False),
        (("1", "2"), False),
        (("a", "b", "c"), False),
    ],
)
def test_whole_numbers_in_steps_are_told_from_choices(texts, even):
    assert is_evenly_spaced(Axis(("k",), tuple((text,) for text in texts), "here")) == even


def test_a_start_may_be_given(trials):
    axes = axes_of("optimizer.lr=interval(0.1,1)")
    listed = Axes(axes.grid, listed=(Assignment({"optimizer.lr": "0.25"}),))
    assert trials(listed).ask()[1].values == {"optimizer.lr": "0.25"}


@pytest.mark.parametrize("settings", [{"pruner": "asha"}, {"sampler": "cma_es"}])
def test_several_objectives_go_not_with_everything(settings):
    with pytest.raises(ValueError, match="objective"):
        OptunaSearch(objectives={"val/loss": "min", "params": "min"}, **settings)


def test_a_password_is_not_described():
    described = OptunaSearch(storage="postgresql://me:secret@host/db").described()
    assert "secret" not in str(described)
