"""Images of Hugging Face's data sets are read as they are, and their classes as they are coded."""

import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, Value
from PIL import Image as Picture

from leyden.data import BatchIndices, DataError, HFImages
from leyden.run.record import Record

NAMES = ["zebra", "ant", "cow"]


def pixels(count, seed, shape=(6, 8, 3)):
    return np.random.default_rng(seed).integers(0, 255, (count, *shape), dtype=np.uint8)


def rows(count, seed, label=None, shape=(6, 8, 3)):
    features = Features({"image": Image(), "label": label or ClassLabel(names=NAMES)})
    images = [Picture.fromarray(one) for one in pixels(count, seed, shape)]
    values = [one % 3 for one in range(count)]
    if isinstance(label, Value) and label.dtype == "string":
        values = [NAMES[value] for value in values]
    return Dataset.from_dict({"image": images, "label": values}, features=features)


def saved(folder, **splits):
    DatasetDict(splits).save_to_disk(folder)
    return HFImages(path=str(folder), batch_size=4)


def whole(part):
    return part[BatchIndices(0, torch.arange(len(part)))]


def test_images_are_standardised_by_the_training_split_and_keep_their_classes(tmp_path):
    data = saved(tmp_path / "d", train=rows(60, 0), validation=rows(12, 1), test=rows(15, 2))
    train, val = pixels(60, 0) / 255, pixels(12, 1) / 255
    expected = (val - train.mean((0, 1, 2))) / train.std((0, 1, 2))
    inputs, labels = whole(data.splits.val)
    np.testing.assert_allclose(inputs.permute(0, 2, 3, 1), expected, rtol=1e-3, atol=1e-3)
    assert labels.tolist() == [0, 1, 2] * 4
    assert data.spec.class_names == tuple(NAMES)
    assert data.spec.input_shape == (3, 6, 8)
    assert data.report.parts == {"train": 60, "val": 12, "test": 15}


def test_a_split_alone_is_divided_with_each_class_alike(tmp_path):
    data = saved(tmp_path / "d", train=rows(60, 0))
    assert data.report.classes == {name: {"train": 16, "val": 2, "test": 2} for name in NAMES}


def test_classes_may_be_texts(tmp_path):
    data = saved(
        tmp_path / "d", train=rows(60, 0, Value("string")), test=rows(6, 1, Value("string"))
    )
    assert data.spec.class_names == tuple(sorted(NAMES))
    order = [sorted(NAMES).index(name) for name in NAMES]
    assert whole(data.splits.test)[1].tolist() == order * 2


def test_a_grey_image_has_one_channel(tmp_path):
    data = saved(tmp_path / "d", train=rows(60, 0, shape=(5, 5)))
    assert data.spec.input_shape == (1, 5, 5)


@pytest.mark.usefixtures("user_files")
def test_images_of_a_plain_parquet_file_are_read(leyden):
    result = leyden(
        *("train", "data=hf_images", "data.path=pets", "model=cnn", "trainer.max_epochs=2"),
        "task.class_weights=balanced",
    )
    assert result.status == 0, result.err
    assert Record.read(result.folder).metrics["test/acc"] >= 0.5


def without_class(folder):
    part = rows(60, 0).to_dict() | {"label": [-1, *[1] * 59]}
    part = Dataset.from_dict(part, features=Features({"image": Image(), "label": NO_CLASS}))
    return saved(folder, train=part)


NO_CLASS = ClassLabel(names=NAMES)


def without_image(folder):
    part = rows(60, 0)
    images = part["image"][:]
    images[7] = None
    features = part.features
    values = {"image": images, "label": part["label"][:]}
    return saved(folder, train=Dataset.from_dict(values, features=features))


def of_two_sizes(folder):
    parts = [rows(30, 0), rows(30, 1, shape=(9, 9, 3))]
    values = {name: [one for part in parts for one in part[name]] for name in ("image", "label")}
    return saved(folder, train=Dataset.from_dict(values, features=parts[0].features))


REFUSED = {
    "a row without a class": (without_class, "label", "row 0 of the split train has no class: -1"),
    "a row without an image": (without_image, "image", "row 7 of the split train has nothing"),
    "images of two sizes": (of_two_sizes, "image", r"row 30 of the split train has the shape"),
    "another column": (
        lambda folder: HFImages(
            path=saved(folder, train=rows(60, 0)).path.as_posix(), image="imag", batch_size=4
        ),
        "image",
        "did you mean `image`",
    ),
    "too few": (lambda folder: saved(folder, train=rows(9, 0)), "path", "are too few"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_read_is_refused_with_its_place(tmp_path, name):
    make, key, message = REFUSED[name]
    data = make(tmp_path / "d")
    with pytest.raises(DataError, match=message) as caught:
        _ = data.splits
    assert caught.value.key == key
