from math import cos, pi, sin

import pytest
import torch

from leyden.data import Blobs, Line


def everything(**options):
    parts = Blobs(batch_size=4, **options).splits
    each = (parts.train, parts.val, parts.test)
    return torch.cat([p.features for p in each]), torch.cat([p.targets for p in each])


@pytest.mark.parametrize("num_classes", [3, 5])
def test_each_class_lies_around_its_centre_on_the_unit_circle(num_classes):
    points, labels = everything(num_classes=num_classes, num_samples=6000, std=0.3)
    for label in range(num_classes):
        angle = 2 * pi * label / num_classes
        cloud = points[labels == label]
        expected = torch.tensor([cos(angle), sin(angle)])
        torch.testing.assert_close(cloud.mean(dim=0), expected, rtol=0, atol=0.05)
        torch.testing.assert_close(cloud.std(dim=0), torch.full((2,), 0.3), rtol=0, atol=0.03)


def test_classes_are_equally_frequent():
    _, labels = everything(num_classes=4, num_samples=1000)
    assert torch.bincount(labels).tolist() == [250] * 4


def test_the_parts_are_70_15_and_15_percent():
    parts = Blobs(batch_size=4).splits
    assert [len(part) for part in (parts.train, parts.val, parts.test)] == [700, 150, 150]


def test_the_points_do_not_depend_on_the_seed():
    assert torch.equal(everything(seed=0)[0], everything(seed=1)[0])


def test_it_is_a_classification_of_two_numbers():
    spec = Blobs(batch_size=4, num_classes=7).spec
    assert (spec.kind, spec.task, spec.input_shape, spec.num_outputs) == (
        "table",
        "classification",
        (2,),
        7,
    )


@pytest.mark.parametrize(
    ("part", "x"),
    [("train", [1, 2, 3, 4]), ("val", [1.5, 2.5, 3.5]), ("test", [5, 6, 7])],
)
def test_y_is_twice_x_and_nothing_is_scaled(part, x):
    rows = getattr(Line(batch_size=4).splits, part)
    assert rows.features.flatten().tolist() == x
    assert rows.targets.flatten().tolist() == [2 * number for number in x]


def test_it_is_a_regression_of_a_number_on_a_number():
    spec = Line(batch_size=4).spec
    assert (spec.kind, spec.task, spec.input_shape, spec.num_outputs) == (
        "table",
        "regression",
        (1,),
        1,
    )
    assert (spec.target_mean, spec.target_std) == (0, 1)
