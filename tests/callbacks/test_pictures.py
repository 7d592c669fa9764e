"""The pictures show what they are of."""

import numpy as np
import pytest
import torch

from leyden.callbacks.predictions import (
    BLACK,
    CELL,
    MANY,
    RED,
    TITLE,
    WHITE,
    confusion_matrix,
    count_matrix,
    counts_in_colours,
    forecast_over_time,
    picture_of,
    predicted_over_true,
    prediction_grid,
    worst_mistakes,
)


def colours_of(picture):
    """How many pixels have each colour."""
    pixels, counts = np.unique(np.asarray(picture).reshape(-1, 3), axis=0, return_counts=True)
    return dict(zip(map(tuple, pixels.tolist()), counts.tolist(), strict=True))


def test_the_grid_shows_each_image_below_its_title():
    image = torch.tensor([[[-1.0, 1.0]]])
    shares, labels = torch.tensor([[0.9, 0.1]] * 9), torch.zeros(9, dtype=torch.int64)
    grid = prediction_grid(image.expand(9, 1, 1, 2), shares, labels, ["cat", "dog"])
    assert grid.size == (8 * CELL, 2 * (CELL + TITLE))
    for left, top in [(0, 0), (7, 0), (0, 1)]:
        first = (left * CELL, top * (CELL + TITLE))
        middle = first[1] + TITLE + CELL // 2
        assert grid.getpixel((first[0] + CELL // 4, middle)) == BLACK
        assert grid.getpixel((first[0] + 3 * CELL // 4, middle)) == WHITE
        title = grid.crop((*first, first[0] + CELL, first[1] + TITLE))
        assert BLACK in colours_of(title)


def test_a_mistake_is_told_in_red():
    image, shares = torch.rand(1, 1, 4, 4), torch.tensor([[0.4, 0.6]])
    right, wrong = (
        colours_of(prediction_grid(image, shares, torch.tensor([label]), ["cat", "dog"]))
        for label in (1, 0)
    )
    assert RED not in right
    assert wrong[RED] > 20


def test_an_image_has_the_colours_it_had():
    image = torch.tensor([[[0.0, 2.0]], [[0.0, 0.0]], [[2.0, 0.0]]])  # blue, red
    assert np.asarray(picture_of(image)).tolist() == [[[0, 0, 255], [255, 0, 0]]]


def test_true_classes_are_counted_in_rows():
    guesses, labels = torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 0, 1])
    assert count_matrix(guesses, labels, 2).tolist() == [[1, 2], [0, 1]]


def test_the_darkest_cell_has_the_largest_count():
    cells = counts_in_colours(torch.tensor([[1, 2], [0, 1]]), cell=40)
    corners = [cells.getpixel((column, row)) for row in (1, 41) for column in (1, 41)]
    half = tuple(round((many + 255) / 2) for many in MANY)
    assert [corners[1], corners[2]] == [MANY, WHITE]
    assert corners[0] == corners[3] == pytest.approx(half, abs=1)


@pytest.mark.parametrize("classes", [2, 10, 21, 1000])
def test_a_matrix_has_room_for_all_classes(classes):
    names = [f"a long name {number}" for number in range(classes)]
    labels = torch.arange(classes)
    matrix = confusion_matrix(labels, labels, names)
    assert max(matrix.size) < 1200
    assert colours_of(matrix)[MANY] >= classes


def test_the_surest_mistake_comes_first():
    shares = torch.tensor([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    labels = torch.tensor([1, 1, 1, 0])  # wrong, wrong, right, wrong
    assert worst_mistakes(shares, labels, 2).tolist() == [0, 3]


@pytest.mark.parametrize("draw", [forecast_over_time, predicted_over_true])
def test_a_forecasts_axes_say_what_they_show(draw):
    (axis,) = draw(torch.arange(5.0), torch.arange(5.0), "sunspots a year").axes
    assert axis.get_xlabel()
    assert "sunspots a year" in axis.get_ylabel()
