"""Conditions on runs say what they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.errors import ConfigError
from leyden.run.query import facts_of, parse_conditions, require_known, sort_key

RECORD = {
    "folder": "outputs/a",
    "status": "completed",
    "choices": {"model": "mlp", "optimizer": "muon"},
    "overrides": ["optimizer=muon", "optimizer.lr=3e-3", "++data.noise=0.1"],
    "metrics": {"val/loss": 0.25, "test/acc": None},
    "params": {"total": 1000},
    "flops": {"total": None},
    "seed": 3,
    "best": {"value": 0.2},
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("model=mlp", True),
        ("model=cnn", False),
        ("model!=cnn", True),
        ("optimizer.lr=0.003", True),
        ("optimizer.lr<1e-2", True),
        ("val/loss<0.25", False),
        ("val/loss<=0.25", True),
        ("val/loss>=0.3", False),
        ("test/acc>0", False),
        ("test/acc!=1", True),
        ("data.noise=0.1", True),
        ("folder~puts", True),
        ("params>999", True),
        ("seed=3.0", True),
    ],
)
def test_a_condition_holds_as_it_is_read(text, holds):
    (condition,) = parse_conditions([text])
    assert condition.holds(facts_of(RECORD)) is holds


def test_several_conditions_may_stand_in_a_text():
    found = parse_conditions(["model=mlp val/loss<0.1", "seed>=2"])
    assert [(one.key, one.sign, one.value) for one in found] == [
        ("model", "=", "mlp"),
        ("val/loss", "<", "0.1"),
        ("seed", ">=", "2"),
    ]


@pytest.mark.parametrize(
    ("text", "message"), [("model", "is no condition"), ("model<mlp", "needs a number")]
)
def test_what_is_no_condition_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_conditions([text])


def test_a_key_that_no_run_has_is_answered_with_one_like_it():
    with pytest.raises(ConfigError, match="did you mean `optimizer`"):
        require_known(["optimizr"], [facts_of(RECORD)], flag="--where")


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False), st.text(max_size=3))))
def test_what_is_not_known_comes_last(values):
    known = [{"key": value} for value in values]
    ordered = [one["key"] for one in sorted(known, key=lambda facts: sort_key(facts, "key"))]
    assert all(value is None for value in ordered[len(values) - values.count(None) :])
