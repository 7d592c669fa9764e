"""The pictures show what they are of."""

import pytest
import torch

from leyden.callbacks.forecast import forecast_over_time, predicted_over_true
from leyden.callbacks.predictions import confusion_matrix, prediction_grid, worst_mistakes


def test_the_grid_shows_each_image_with_its_class_and_probability():
    images = torch.rand(3, 1, 4, 4)
    shares = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    figure = prediction_grid(images, shares, torch.tensor([0, 1, 0]), ["cat", "dog"])
    (axis,) = figure.axes
    assert len(axis.images) == 3
    assert [text.get_text() for text in axis.texts] == ["cat  90%", "dog  80%", "dog  60%\nis cat"]


def test_the_confusion_matrix_counts_true_classes_in_rows():
    guesses, labels = torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 0, 1])
    (axis,) = confusion_matrix(guesses, labels, ["a", "b"]).axes
    assert axis.images[0].get_array().tolist() == [[1, 2], [0, 1]]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted class", "true class")


def test_the_surest_mistake_comes_first():
    shares = torch.tensor([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    labels = torch.tensor([1, 1, 1, 0])  # wrong, wrong, right, wrong
    assert worst_mistakes(shares, labels, 2).tolist() == [0, 3]


@pytest.mark.parametrize("draw", [forecast_over_time, predicted_over_true])
def test_a_forecasts_axes_say_what_they_show(draw):
    (axis,) = draw(torch.arange(5.0), torch.arange(5.0), "sunspots a year").axes
    assert axis.get_xlabel()
    assert "sunspots a year" in axis.get_ylabel()
