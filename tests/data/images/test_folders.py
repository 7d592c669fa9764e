"""Folders that may be something else than classes: parts, forms of the same images, masks."""

import re
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from leyden.data import DataError, ImageFolder
from leyden.data.images.folders import names_masks
from leyden.data.split_names import split_in_name

different = count()


def photos(folder, number):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for _ in range(number):
        place = next(different)
        pixels = np.random.default_rng(place).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(f"{folder}/{place}.png")


def folders(*paths, number=6):
    for path in paths:
        photos(path, number)


def report(path="photos", **options):
    data = ImageFolder(path=path, batch_size=4, size=4, **options)
    _ = data.splits
    return data.report


def refusal(path="photos", **options):
    with pytest.raises(DataError) as raised:
        report(path, **options)
    return str(raised.value)


def advised(message):
    """The classes and paths that a message says to type."""
    found = re.findall(r"data\.(classes|path)=(\S+?)(?=[,;:]? |$)", message)
    return [
        {"classes": tuple(value.strip("[]").split(","))} if key == "classes" else {"path": value}
        for key, value in found
    ]


@given(
    st.sampled_from(["train", "Training", "train_another", "seg_train", "asl-train", "trainset"]),
    st.sampled_from(["seg_test", "test_set", "PublicTest", "testset", "asl alphabet test"]),
    st.sampled_from(["", "same", "images"]),
)
@settings(max_examples=15)
def test_words_within_names_say_parts_where_the_classes_agree(train, test, shell):
    root = mkdtemp(dir=".")
    for name in (train, test):
        below = {"": name, "same": f"{name}/{name}", "images": f"{name}/images"}[shell]
        folders(f"{root}/{below}/sea", f"{root}/{below}/wood")
    found = report(root)
    assert found.parts["train"] + found.parts["val"] == 12
    assert found.classes["sea"]["test"] == 6
    assert f"`{train}` as train" in found.split
    assert f"`{test}` as test" in found.split


def test_pictures_to_predict_beside_parts_are_left_out_with_a_count():
    for part in ("seg_train/seg_train", "seg_test/seg_test"):
        folders(f"photos/{part}/sea", f"photos/{part}/wood")
    folders("photos/seg_pred/seg_pred")
    assert report().files_left_out == {"in seg_pred/, which names no part": 6}


def test_a_part_without_classes_is_left_out_with_a_warning():
    folders("photos/asl_train/asl_train/A", "photos/asl_train/asl_train/B", number=8)
    folders("photos/asl_test/asl_test", number=2)
    found = report()
    assert list(found.classes) == ["A", "B"]
    assert found.files_left_out == {"in no class of asl_test/": 2}
    assert len(found.warnings) == 1


def test_two_folders_of_one_part_within_their_names_are_refused():
    for part in ("Training", "PublicTest", "PrivateTest"):
        folders(f"photos/{part}/happy", f"photos/{part}/sad")
    assert "`PrivateTest` and `PublicTest`, which both name the part test" in refusal()


def test_parts_that_have_other_classes_are_refused_and_may_be_called_classes():
    folders("photos/my_train/a", "photos/my_train/b", "photos/my_test/c", "photos/my_test/d")
    (typed,) = advised(refusal())
    assert set(report(**typed).classes) == {"my_train", "my_test"}


def test_classes_and_parts_in_one_name_are_refused():
    folders("photos/cats_train", "photos/cats_test", "photos/dogs_train", "photos/dogs_test")
    assert "whose names say parts" in refusal()


def test_parts_within_classes_by_words_are_refused():
    for name in ("cat", "dog"):
        folders(f"photos/{name}/{name}_train", f"photos/{name}/{name}_test")
    assert "folders of parts within a class" in refusal()


def test_forms_of_the_same_images_are_refused_and_each_reading_can_be_typed():
    for form in ("color", "grayscale", "segmented"):
        folders(f"photos/{form}/ok", f"photos/{form}/scab")
    path, classes = advised(refusal())
    assert set(report(**path).classes) == {"ok", "scab"}
    assert set(report(**classes).classes) == {"color", "grayscale", "segmented"}


def test_a_copy_of_the_classes_beside_them_is_refused_and_each_reading_can_be_typed():
    folders("photos/cells/ill", "photos/cells/well", "photos/ill", "photos/well")
    without, alone, all_three = advised(refusal())
    found = report(**without)
    assert list(found.classes) == ["ill", "well"]
    assert found.files_left_out == {"in folders that data.classes does not name": 12}
    assert list(report(**alone).classes) == ["ill", "well"]
    assert list(report(**all_three).classes) == ["cells", "ill", "well"]


def test_masks_beside_images_within_classes_are_left_out_with_a_warning():
    for name in ("covid", "normal"):
        folders(f"photos/{name}/images")
        folders(f"photos/{name}/masks", number=5)
    found = report()
    assert sum(found.parts.values()) == 12
    assert found.files_left_out == {"in folders masks/ beside images": 10}
    assert len(found.warnings) == 1


def test_images_and_their_masks_are_no_classes():
    folders("photos/images/cat", "photos/images/dog", "photos/masks/cat", "photos/masks/dog")
    path, classes = advised(refusal())
    assert set(report(**path).classes) == {"cat", "dog"}
    assert set(report(**classes).classes) == {"images", "masks"}


@pytest.mark.parametrize(
    "paths",
    [
        ("bus", "train"),
        ("mask", "no_mask"),
        ("with_mask/a", "without_mask/b"),
        ("ill/patient_1", "ill/patient_2", "well/patient_3", "well/patient_4"),
        ("ill/left", "ill/right", "well/left"),
        ("cat/images", "dog/images"),
        ("protest", "contest", "devil"),
    ],
)
def test_classes_with_such_words_are_read_without_a_warning(paths):
    folders(*(f"photos/{path}" for path in paths))
    found = report()
    assert set(found.classes) == {path.split("/")[0] for path in paths}
    assert found.files_left_out == {}
    assert [one for one in found.warnings if "has no" not in one] == []


def test_a_class_with_the_word_of_a_part_is_warned_of():
    folders("photos/blood_test", "photos/scan")
    assert report().warnings == [
        "the folder `blood_test` is taken as a class, not as the part test"
    ]


def test_classes_can_be_chosen_within_parts():
    for part in ("train", "test"):
        folders(f"photos/{part}/cat", f"photos/{part}/dog", f"photos/{part}/fox")
    found = report(classes=("dog", "fox"))
    assert list(found.classes) == ["dog", "fox"]
    assert found.files_left_out == {"in folders that data.classes does not name": 12}


def test_a_chosen_class_that_is_not_there_is_refused():
    folders("photos/cat", "photos/dog")
    assert "has no folder `cats`; it has `cat`, `dog`" in refusal(classes=("cats", "dog"))


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("seg_train", "train"),
        ("training_set", "train"),
        ("PublicTest", "test"),
        ("train2017", "train"),
        ("VALIDATION images", "val"),
        ("trainval", "train"),
        ("train_test", None),
        ("protest", None),
    ],
)
def test_a_word_of_a_name_says_a_part(name, part):
    assert split_in_name(name) == part


@pytest.mark.parametrize(
    ("name", "expected"),
    [("masks", True), ("Ground_Truth", True), ("mask_images", True), ("gas_masks", False)],
)
def test_names_of_masks_have_no_other_words(name, expected):
    assert names_masks(name) is expected
