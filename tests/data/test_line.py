import pytest

from leyden.data import Line


@pytest.mark.parametrize(
    ("part", "x"),
    [("train", [1, 2, 3, 4]), ("val", [1.5, 2.5, 3.5]), ("test", [5, 6, 7])],
)
def test_y_is_twice_x_and_nothing_is_scaled(part, x):
    rows = getattr(Line(batch_size=4).parts, part)
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
