"""Whether values of YAML fit type hints."""

from typing import Annotated, Literal

import pytest
from annotated_types import Ge
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.config.hints import misfit
from leyden.types import Fraction, PositiveInt, Probability

quick = settings(derandomize=True, deadline=None, max_examples=30)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (3, int),
        (3, float),  # a whole number is a number
        (None, int | None),
        ("relu", Literal["relu", "gelu"]),
        ([0.9, 0.95], tuple[Probability, Probability]),
        (1, Fraction),
        ([1, 2], list[int]),
        ([0.5, 0.75, 1], tuple[Fraction, ...]),
        ([], tuple[str, ...]),
    ],
)
def test_these_fit(value, hint):
    assert misfit(value, hint) is None


@pytest.mark.parametrize(
    ("value", "hint", "message"),
    [
        (1.5, int, "must be a whole number"),
        (True, int, "must be a whole number"),
        (True, float, "must be a number"),
        ("3", int, "must be a whole number"),
        (None, str, "must be a text"),
        ("sigmoid", Literal["relu", "gelu"], "must be one of relu, gelu"),
        (0, PositiveInt, "must be at least 1"),
        (0, PositiveInt | None, "must be at least 1"),
        ("x", PositiveInt | None, "must be a whole number or null"),
        (1.0, Probability, "must be less than 1"),
        ([0.9], tuple[Probability, Probability], "must be a list of 2"),
        ([0.9, 2.0], tuple[Probability, Probability], "must be less than 1"),
        ([0.5, 2.0], tuple[Fraction, ...], "must be at most 1"),
        ("color", tuple[str, ...], "must be a list of texts, in brackets"),
        ("c", Literal["a"] | Literal["b"] | None, "must be one of a, b or null"),
    ],
)
def test_these_do_not_and_it_is_said_why(value, hint, message):
    assert misfit(value, hint) == message


@quick
@given(st.integers(), st.integers())
def test_a_bound_divides_the_whole_numbers(bound, value):
    assert (misfit(value, Annotated[int, Ge(bound)]) is None) == (value >= bound)
