"""Folders as people have them: which is a class, which is a part, what is left out."""

from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from leyden.data import DataError, ImageFolder
from leyden.data.images.duplicates import find_copies

different = count()


def photos(folder, number, *, ending="png"):
    """Images that differ from all others; their names do too."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for _ in range(number):
        place = next(different)
        pixels = np.random.default_rng(place).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(f"{folder}/{place}.{ending}", format="png")


def classes(folder, number, *, names=("cat", "dog")):
    for name in names:
        photos(f"{folder}/{name}", number)


def read(path="photos", **options):
    return ImageFolder(path=path, batch_size=4, size=4, **options)


def report(path="photos", **options):
    data = read(path, **options)
    _ = data.splits
    return data.report


def refusal(path="photos", **options):
    with pytest.raises(DataError) as raised:
        read(path, **options).load()
    assert raised.value.key == "path"
    return str(raised.value)


def any_case(word):
    return st.tuples(*(st.sampled_from((one, one.upper())) for one in word)).map("".join)


@given(
    st.sampled_from(["train", "training"]).flatmap(any_case),
    st.sampled_from(["val", "valid", "validation", "dev"]).flatmap(any_case),
    st.sampled_from(["test", "testing"]).flatmap(any_case),
)
@settings(max_examples=15)
def test_folders_of_parts_are_known_by_their_usual_names(train, val, test):
    root = mkdtemp(dir=".")
    for name, number in ((train, 6), (val, 2), (test, 3)):
        classes(f"{root}/{name}", number)
    found = report(root)
    assert found.parts == {"train": 12, "val": 4, "test": 6}
    assert found.classes["cat"] == {"train": 6, "val": 2, "test": 3}
    assert found.split == f"by folders: `{train}` as train, `{val}` as val, `{test}` as test"
    assert found.files_left_out == {}
    assert found.warnings == []


def test_a_part_that_is_missing_is_drawn_from_train_and_that_is_said():
    classes("photos/training", 20)
    classes("photos/validation", 6)
    found = report()
    assert found.parts == {"train": 36, "val": 12, "test": 4}
    assert found.split.endswith("`validation` as val, test drawn from train")


def test_two_folders_of_one_part_are_refused():
    for name in ("train", "val", "valid"):
        classes(f"photos/{name}", 6)
    assert "`val` and `valid`, which both name the part val" in refusal()


def test_parts_without_train_are_refused():
    classes("photos/val", 20)
    classes("photos/test", 20)
    assert "no folder `train`" in refusal()


def test_parts_that_hold_no_classes_are_refused():
    photos("photos/train", 20)
    photos("photos/test", 20)
    assert "photos/train has no folders with images" in refusal()


def test_a_test_part_without_labels_is_left_out_with_a_word():
    classes("photos/train", 20)
    photos("photos/test", 20)
    found = report()
    assert found.parts == {"train": 32, "val": 4, "test": 4}
    assert found.files_left_out == {"in no class of test/": 20}
    assert found.warnings[0].startswith("test/ has 20 images and no folders of classes")


def test_a_folder_of_a_part_is_found_a_level_down_with_a_word():
    classes("photos/dataset/train", 20)
    classes("photos/dataset/val", 6)
    found = report()
    assert found.parts["val"] == 12
    assert found.split.startswith("by folders in dataset/: `train` as train, `val` as val")


def test_a_data_set_beside_other_folders_is_asked_for():
    classes("photos/dataset/train", 20)
    photos("photos/examples", 5)
    assert "data.path=photos/dataset" in refusal()


def test_parts_within_classes_are_refused():
    classes("photos/cat", 6, names=("train", "test"))
    classes("photos/dog", 6, names=("train", "test"))
    assert "as photos/train/cat" in refusal()


def test_classes_a_level_down_are_asked_for():
    classes("photos/images", 10)
    assert "data.path=photos/images" in refusal()


@pytest.mark.parametrize("name", ["test", "val", "Dev"])
def test_a_part_beside_classes_is_refused(name):
    classes("photos", 10)
    photos(f"photos/{name}", 5)
    assert f"`{name}`, which names a part" in refusal()


def test_trains_are_a_class_beside_other_vehicles_and_that_is_said():
    classes("photos", 10, names=("bus", "car", "train"))
    found = report()
    assert list(found.classes) == ["bus", "car", "train"]
    assert found.notes == ["the folder `train` is taken as a class: others lie beside it"]


def test_a_folder_beside_the_parts_is_left_out_with_a_count():
    classes("photos/train", 10)
    photos("photos/unsorted", 7)
    photos("photos", 2)
    found = report()
    assert sum(found.parts.values()) == 20
    assert found.files_left_out == {
        "in unsorted/, which names no part": 7,
        "directly in photos/": 2,
    }


def test_images_beside_the_classes_are_counted():
    classes("photos", 10)
    photos("photos", 3)
    assert report().files_left_out == {"in no class of photos/": 3}


def test_a_class_that_is_not_trained_is_refused_by_name_with_a_hint():
    classes("photos/train", 10, names=("cat", "dog"))
    classes("photos/val", 3, names=("cat", "dogs"))
    assert "photos/val has a class `dogs`" in refusal()
    assert "did you mean `dog`?" in refusal()


def test_a_class_that_a_part_lacks_is_warned_of():
    classes("photos/train", 10)
    photos("photos/val/cat", 4)
    found = report()
    assert found.classes["dog"]["val"] == 0
    assert found.warnings[0].startswith("val/ has no images of `dog`")


@pytest.mark.parametrize("files", [(), ("a.txt",), ("a.heic", "b.heic")])
def test_a_class_that_gives_no_image_is_refused_by_name(files):
    classes("photos", 10)
    Path("photos/fox").mkdir()
    for name in files:
        Path("photos/fox", name).write_bytes(b"not an image")
    message = refusal()
    assert "photos/fox has no images" in message
    assert (f"{len(files)} with ending" in message) is bool(files)


def test_pictures_that_are_not_read_are_warned_of():
    classes("photos", 10)
    Path("photos/cat/1.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    found = report()
    assert found.files_left_out == {"ending .heic": 1}
    assert "1 files with the ending .heic are not read" in found.warnings[0]


def test_images_at_any_depth_behind_links_and_under_any_name_are_read():
    classes("photos", 10)
    photos("photos/cat/2025/march", 3)
    photos("elsewhere", 4)
    Path("photos/dog/more").symlink_to(Path("elsewhere").resolve())
    photos("photos/dog", 2, ending="JPG")
    photos("photos/dog", 1, ending="dat")
    photos("single", 1)
    Path("photos/dog/link.png").symlink_to(next(Path("single").resolve().iterdir()))
    found = report()
    totals = {name: sum(parts.values()) for name, parts in found.classes.items()}
    assert totals == {"cat": 13, "dog": 18}
    assert found.files_left_out == {}


def test_a_class_that_is_a_link_is_a_class():
    classes("elsewhere", 10)
    Path("photos").mkdir()
    for name in ("cat", "dog"):
        Path("photos", name).symlink_to(Path("elsewhere", name).resolve())
    assert sum(report().parts.values()) == 20


def test_the_same_bytes_in_train_and_test_are_warned_of():
    classes("photos/train", 10)
    classes("photos/val", 3)
    classes("photos/test", 3)
    for file in sorted(Path("photos/train/cat").iterdir())[:2]:
        Path("photos/test/cat", f"copy_{file.name}").write_bytes(file.read_bytes())
    assert report().warnings == ["2 images of test are in train too: the same bytes"]


def test_the_same_bytes_in_two_classes_are_warned_of():
    classes("photos/train", 10)
    file = next(Path("photos/train/cat").iterdir())
    classes("photos/val", 2)
    classes("photos/test", 2)
    Path("photos/train/dog/copy.png").write_bytes(file.read_bytes())
    assert report().warnings == ["2 images are in two classes: the same bytes"]


@given(st.lists(st.sampled_from([b"", b"a", b"b", b"x" * 9000, b"x" * 8999 + b"y"]), max_size=8))
def test_copies_are_files_with_equal_bytes(contents):
    files = [Path(f"{number}") for number in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    groups = {
        content: [file for file, one in zip(files, contents, strict=True) if one == content]
        for content in contents
    }
    expected = sorted(group for group in groups.values() if len(group) > 1)
    assert sorted(find_copies(files)) == expected


def test_copies_that_differ_only_in_the_middle_are_none():
    Path("a").write_bytes(b"x" * 20_000)
    Path("b").write_bytes(b"x" * 10_000 + b"y" + b"x" * 9_999)
    assert find_copies([Path("a"), Path("b")]) == []


def test_shares_of_the_parts_can_be_said():
    classes("photos", 20)
    assert report(split={"fractions": [0.5, 0.25, 0.25]}).parts == {
        "train": 20,
        "val": 10,
        "test": 10,
    }


def test_shares_where_nothing_is_drawn_are_refused():
    for name in ("train", "val", "test"):
        classes(f"photos/{name}", 6)
    with pytest.raises(DataError, match="nothing is drawn") as raised:
        read(split={"fractions": [0.5, 0.25, 0.25]}).load()
    assert raised.value.key == "split.fractions"
