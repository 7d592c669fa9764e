"""Arrays are compared with what NumPy computes of them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data import DataError, ImageArrays
from leyden.data.batches import BatchIndices
from leyden.data.parsing.numpy_file import array_role

NUMBER = 30


def images(number=NUMBER, *, shape=(5, 7), dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (number, *shape)).astype(dtype)


def labels(number=NUMBER):
    return np.arange(number) % 3


def save(**arrays):
    np.savez("a.npz", **arrays)


def read(path="a.npz", **options):
    return ImageArrays(path=path, batch_size=4, **options)


def pixels(**options):
    """All pixels, in the order of the file: each part has places of its rows in its labels."""
    parts = read(**options).splits
    return [(part.pixels, part.labels) for _, part in parts]


def refusal(**options):
    with pytest.raises(DataError) as raised:
        read(**options).load()
    return raised.value


def names_of_parts(form):
    return {
        ("train", "samples"): form("train", "x", "images"),
        ("train", "labels"): form("train", "y", "labels"),
        ("val", "samples"): form("val", "x", "images"),
        ("test", "labels"): form("test", "y", "labels"),
    }


FORMS = {
    "Keras": lambda part, letter, word: f"{letter}_{part}",
    "MedMNIST": lambda part, letter, word: f"{part}_{word}",
    "joined": lambda part, letter, word: f"{letter.upper()}{part}",
    "camel": lambda part, letter, word: f"{part}{word.capitalize()}",
    "reversed": lambda part, letter, word: f"{word}-{part}".upper(),
    "long": lambda part, letter, word: f"{part.upper()}_{letter}",
}


@pytest.mark.parametrize("form", FORMS)
def test_names_of_arrays_say_part_and_content(form):
    for meaning, name in names_of_parts(FORMS[form]).items():
        assert array_role(name) == meaning


@pytest.mark.parametrize("name", ["target_names", "train", "arr_0", "x_ray", "train_test_x", "n"])
def test_other_names_say_nothing(name):
    assert array_role(name) is None


@pytest.mark.parametrize("channels", [None, 1, 3, 4])
@pytest.mark.parametrize("is_first", [False, True])
def test_the_axis_with_few_entries_has_the_channels(is_first, channels):
    array = images(shape=(5, 7) if channels is None else (5, 7, channels))
    stored = np.moveaxis(array, 3, 1) if is_first and channels else array
    save(images=stored, labels=labels())
    data = read()
    assert data.spec.input_shape == (channels or 1, 5, 7)
    expected = array.reshape(NUMBER, 5, 7, -1).transpose(0, 3, 1, 2)
    got = np.concatenate([part.pixels.numpy() for _, part in data.splits])
    assert sorted(one.tobytes() for one in got) == sorted(one.tobytes() for one in expected)


def test_axes_that_could_both_have_the_channels_are_asked_for():
    save(images=images(shape=(3, 9, 4)), labels=labels())
    error = refusal()
    assert error.key == "layout"
    assert "data.layout=NHWC or NCHW" in str(error)
    assert read(layout="NCHW").spec.input_shape == (3, 9, 4)
    assert read(layout="NHWC").spec.input_shape == (4, 3, 9)


FULL = {"bool": 1, "uint8": 255, "int64": 255, "uint16": 65535, "int32": 65535, "float64": 1}


@pytest.mark.parametrize("dtype", FULL)
def test_every_type_is_read_from_black_to_white(dtype):
    shares = np.random.default_rng(0).random((NUMBER, 4, 4))
    shares[0, 0] = 0, 1, 0, 1
    stored = (shares * FULL[dtype]).astype(dtype)
    save(x_train=stored, y_train=labels())
    part = read().splits.train
    rows = {one.tobytes(): one for one in stored.astype(np.float64) / FULL[dtype] * 255}
    expected = np.stack(list(rows.values()))
    got = part.pixels[:, 0].double().numpy()
    nearest = [np.abs(expected - one).max(axis=(1, 2)).min() for one in got]
    assert max(nearest) < 1e-4
    assert part.pixels.dtype == (torch.uint8 if FULL[dtype] == 255 else torch.float32)


@pytest.mark.parametrize(
    ("array", "hint"),
    [
        (images(dtype=np.float32), "[0,255]"),
        (images().astype(np.float32) / 127.5 - 1, "[-1,1]"),
        (images().astype(np.int64) * 1000, "[0,255000]"),
        (images().astype(np.int16) - 100, "[-100,155]"),
    ],
)
def test_values_outside_black_and_white_are_refused_with_a_range(array, hint):
    array[0, 0, :2] = array.min(), array.max()
    save(images=array, labels=labels())
    error = refusal()
    assert error.key == "value_range"
    assert f"data.value_range={hint}" in str(error)


@given(st.floats(-100, 100), st.floats(1, 100))
@settings(max_examples=20)
def test_a_range_is_black_to_white(low, width):
    shares = np.random.default_rng(1).uniform(-0.2, 1.2, (NUMBER, 3, 3))
    save(images=low + width * shares, labels=labels())
    got = torch.cat([part.pixels for _, part in read(value_range=[low, low + width]).splits])
    expected = np.sort((255 * shares.clip(0, 1)).flatten())
    np.testing.assert_allclose(np.sort(got.numpy().flatten()), expected, atol=0.05)


def test_pixels_that_are_kept_stay_as_they_are_when_batches_are_normalised():
    save(images=images().astype(np.uint16) * 200, labels=labels())
    train = read().splits.train
    before = train.pixels.clone()
    _ = train[BatchIndices(0, torch.arange(4))]
    assert torch.equal(train.pixels, before)


@pytest.mark.parametrize(
    "of_train",
    [
        labels(),
        labels()[:, None],
        labels().astype(np.float32),
        np.eye(3)[labels()],
        labels() * 10 - 5,
        np.array(["b", "a", "c"])[labels()],
    ],
    ids=["numbers", "a column", "floats", "one-hot", "with gaps", "words"],
)
def test_labels_of_every_form_are_classes(of_train):
    array = images()
    save(x_train=array, y_train=of_train)
    data = read()
    assert data.spec.num_outputs == 3
    code_of = {one.tobytes(): code for one, code in zip(array, labels(), strict=True)}
    names = data.spec.class_names
    first = {"b": 0, "a": 1, "c": 2}
    for _, part in data.splits:
        for one, code in zip(part.pixels, part.labels.tolist(), strict=True):
            expected = code_of[one.numpy().tobytes()]
            assert (first[names[code]] if names[0] == "a" else code) == expected


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (np.ones((NUMBER, 3)), "several a sample"),
        (labels() + 0.5, "fractions"),
        (np.zeros(NUMBER), "1 classes"),
        (labels()[:-1], "30 images and 29 labels"),
    ],
)
def test_labels_that_are_no_classes_are_refused(wrong, word):
    save(images=images(), labels=wrong)
    assert word in str(refusal())


def test_parts_are_taken_as_they_are_and_missing_ones_drawn():
    train, test = images(40), images(6, seed=1)
    save(x_train=train, y_train=labels(40), x_test=test, y_test=labels(6))
    data = read()
    assert [len(part) for _, part in data.splits] == [36, 4, 6]
    assert np.array_equal(data.splits.test.pixels[:, 0].numpy(), test)
    assert data.report.split == "by the names of arrays: train, val drawn from train, test"
    assert data.report.classes["0"]["test"] == 2


def test_a_test_part_without_labels_is_left_out_with_a_word():
    save(x_train=images(), y_train=labels(), x_test=images(6, seed=1))
    assert read().splits.report.warnings[0].startswith("6 test images have no labels")


def test_images_of_two_parts_are_warned_of():
    train = images()
    save(
        x_train=train, y_train=labels(), x_test=train[:6], y_test=labels(6), x_val=images(6, seed=2)
    )
    save(
        x_train=train,
        y_train=labels(),
        x_val=images(6, seed=2),
        y_val=labels(6),
        x_test=train[:6],
        y_test=labels(6),
    )
    assert read().splits.report.warnings == ["6 images of test are in train too: the same pixels"]


def test_a_class_that_is_not_trained_is_refused():
    save(x_train=images(), y_train=labels(), x_val=images(6), y_val=labels(6) + 2)
    assert "val has a class `3`" in str(refusal())


def test_arrays_that_are_not_used_are_named():
    save(images=images(), labels=labels(), weights=np.zeros(2))
    assert read().splits.report.notes == ["arrays not used: weights (2,)"]


def test_other_files_are_refused_in_a_line():
    np.savez("objects.npz", images=np.array([{}, []], dtype=object), labels=labels(2))
    np.save("one.npy", images())
    np.savez("flat.npz", images=images().reshape(NUMBER, -1), labels=labels())
    np.savez("none.npz", a=images(), b=labels())
    np.savez("nan.npz", images=np.full((NUMBER, 2, 2), np.nan), labels=labels())
    np.savez("black.npz", images=np.zeros((NUMBER, 2, 2)), labels=labels())
    Path("text.npz").write_text("no arrays")
    Path("empty.npz").write_bytes(b"")
    Path("cut.npz").write_bytes(Path("flat.npz").read_bytes()[:900])
    words = {
        "objects.npz": "could run code",
        "one.npy": "images need labels",
        "flat.npz": "2 axes, (30, 35)",
        "none.npz": "needs arrays `images` and `labels`",
        "nan.npz": "NaN",
        "black.npz": "nothing to learn",
        "text.npz": "can't be read as a file of NumPy",
        "empty.npz": "can't be read as a file of NumPy",
        "cut.npz": "can't be read as a file of NumPy",
        "missing.npz": "is not a file",
    }
    for path, word in words.items():
        error = refusal(path=path)
        assert error.key == "path"
        assert word in str(error)
        assert "\n" not in str(error)
