"""The pictures show what they are of."""

import torch

from leyden.callbacks.predictions import confusion_matrix, prediction_grid


def test_the_grid_shows_each_image_with_its_class_and_probability():
    images = torch.rand(3, 1, 4, 4)
    shares = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    figure = prediction_grid(images, shares, torch.tensor([0, 1, 0]), ["cat", "dog"])
    titles = [axis.get_title() for axis in figure.axes if axis.images]
    assert titles == ["cat  90%", "dog  80%", "dog  60%\nis cat"]


def test_the_confusion_matrix_counts_true_classes_in_rows():
    guesses, labels = torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 0, 1])
    (axis,) = confusion_matrix(guesses, labels, ["a", "b"]).axes
    assert axis.images[0].get_array().tolist() == [[1, 2], [0, 1]]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted class", "true class")
