"""Docstrings are read in Google's, Sphinx's and NumPy's form."""

from dataclasses import dataclass

import pytest

from leyden.config.docstrings import argument_texts, field_texts, summary_of
from leyden.config.type_text import type_text
from leyden.types import Count, Fraction, PositiveFloat, PositiveInt


class Google:
    """Reads
    twice.

    Args:
        net: What is trained,
            and tested: both.
        lr (float, optional): Rate.

            More of the rate.

    Raises:
        ValueError: Never.
    """


class Sphinx:
    """Reads twice.

    :param net: What is trained,
        and tested: both.
    :param float lr: Rate.

        More of the rate.
    :return: Nothing.
    """


class NumPy:
    """Reads twice.

    Parameters
    ----------
    net : Module
        What is trained,
        and tested: both.
    lr : float, optional
        Rate.

    Returns
    -------
    nothing : None
        Never.
    """


class Derived(Google):
    """Another.

    Args:
        lr: Another rate.
    """

    def __init__(self, depth):
        """Makes it.

        Args:
            depth: Layers.
        """


class Bare:
    pass


@dataclass
class Fields:
    first: int
    """Of all."""
    second: int = 3
    third: int = 4
    """The
    last."""


@pytest.mark.parametrize("kind", [Google, Sphinx, NumPy])
def test_each_form_gives_the_same_texts(kind):
    texts = argument_texts(kind)
    assert texts.keys() == {"net", "lr"}
    assert texts["net"] == "What is trained, and tested: both."
    assert texts["lr"].startswith("Rate.")


def test_a_derived_class_has_the_texts_of_its_base_and_its_constructor():
    texts = argument_texts(Derived)
    assert texts["lr"] == "Another rate."
    assert texts["depth"] == "Layers."
    assert texts["net"] == "What is trained, and tested: both."


def test_the_summary_is_the_first_paragraph_in_one_line():
    assert summary_of(Google) == "Reads twice."
    assert summary_of(Bare) == ""
    assert argument_texts(Bare) == {}


def test_a_field_has_the_text_below_it():
    assert field_texts(Fields) == {"first": "Of all.", "third": "The last."}


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (PositiveInt, "whole number from 1 on"),
        (Count | None, "whole number from 0 on or null"),
        (PositiveFloat, "number more than 0"),
        (Fraction, "number from 0 to 1"),
        (tuple[float, float], "list: 2 of number"),
        (list[str], "list: text"),
        (Google, "Google by `_target_`"),
        (float | Google, "number"),
    ],
)
def test_a_type_is_said_in_words_with_its_range(hint, words):
    assert type_text(hint) == words
