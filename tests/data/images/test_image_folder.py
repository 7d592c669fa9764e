from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from leyden.data import DataError, ImageFolder
from leyden.data.batches import BatchIndices
from leyden.data.images.image_file import Decoder
from leyden.data.images.image_folder import ImageFiles

GREY = (200 * 299 + 100 * 587 + 50 * 114) // 1000  # of ITU-R 601: 124.2


def random_pixels(height=4, width=4, *, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def save(path, pixels=None):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(random_pixels() if pixels is None else pixels).save(path)
    return path


def save_class(folder, num, *, first=0):
    """Images whose colours tell them apart."""
    for number in range(first, first + num):
        save(Path(folder) / f"{number}.png", np.full((4, 4, 3), number, np.uint8))


def make(path="photos", **options):
    return ImageFolder(path=str(path), **({"batch_size": 4, "size": 4} | options))


def numbers(part):
    """Which of the images of `save_class` are in a part."""
    return part.pixels[torch.arange(len(part))][:, 0, 0, 0].tolist()


def all_parts(parts):
    return parts.train, parts.val, parts.test


def decoded(path, *, size=4, channels=3):
    return ImageFiles([Path(path)], Decoder(size, channels))[torch.tensor([0])][0]


def test_classes_are_folders_in_the_order_of_their_names():
    save_class("photos/dog", 10)
    save_class("photos/cat/indoors", 10, first=10)
    data = make()
    assert data.spec.class_names == ("cat", "dog")
    for part in all_parts(data.splits):
        assert part.labels.tolist() == [int(number < 10) for number in numbers(part)]


@pytest.mark.parametrize(
    "other", ["photos/.hidden/a.png", "photos/a.png", "photos/cat/.a.png", "photos/cat/.d/a.png"]
)
def test_what_is_hidden_or_in_no_folder_is_no_image_of_a_class(other):
    save_class("photos/cat", 5)
    save_class("photos/dog", 5, first=5)
    save(other)
    parts = make().splits
    assert sorted(n for part in all_parts(parts) for n in numbers(part)) == list(range(10))


def test_files_of_other_endings_are_left_out():
    save_class("photos/cat", 5)
    save_class("photos/dog", 5)
    Path("photos/cat/notes.txt").write_text("asleep")
    data = make()
    assert data.spec.num_outputs == 2
    assert sum(len(part) for part in all_parts(data.splits)) == 10
    assert data.report.files_left_out == {"ending .txt": 1}


def test_four_fifths_train_and_every_image_is_in_one_part():
    save_class("photos/cat", 16)
    save_class("photos/dog", 15, first=16)
    parts = all_parts(make().splits)
    assert [len(part) for part in parts] == [25, 3, 3]
    assert sorted(n for part in parts for n in numbers(part)) == list(range(31))


def test_the_split_does_not_depend_on_the_seed():
    save_class("photos/cat", 10)
    save_class("photos/dog", 10, first=10)
    assert numbers(make(seed=0).splits.val) == numbers(make(seed=1).splits.val)


OWN = {"train": range(20), "val": range(20, 24), "test": range(24, 26)}


def save_own(*parts):
    for part in parts:
        half = len(OWN[part]) // 2
        save_class(f"photos/{part}/cat", half, first=OWN[part][0])
        save_class(f"photos/{part}/dog", half, first=OWN[part][half])


def test_the_users_own_parts_are_taken_as_they_are():
    save_own("train", "val", "test")
    parts = make().splits
    assert [sorted(numbers(part)) for part in all_parts(parts)] == [list(r) for r in OWN.values()]


@pytest.mark.parametrize(
    ("own", "sizes"),
    [(("train",), [16, 2, 2]), (("train", "val"), [18, 4, 2]), (("train", "test"), [18, 2, 2])],
)
def test_a_tenth_of_the_training_images_takes_the_place_of_a_part_that_is_missing(own, sizes):
    save_own(*own)
    parts = all_parts(make().splits)
    assert [len(part) for part in parts] == sizes
    drawn = sorted(n for part in parts for n in numbers(part))
    assert drawn == sorted(n for part in own for n in OWN[part])


def test_a_class_of_another_part_that_is_not_trained_is_refused():
    save_own("train", "val")
    save("photos/val/fox/a.png")
    with pytest.raises(DataError, match="fox") as raised:
        make().load()
    assert raised.value.key == "path"


@pytest.mark.parametrize(
    ("classes", "number"), [([], "no folders"), (["cat"], "1 folder")], ids=["none", "one"]
)
def test_fewer_than_two_classes_are_refused(classes, number):
    Path("photos").mkdir()
    for name in classes:
        save_class(f"photos/{name}", 12)
    with pytest.raises(DataError, match=f"has {number} with images") as raised:
        make().load()
    assert raised.value.key == "path"


def test_fewer_than_ten_images_are_refused():
    save_class("photos/cat", 4)
    save_class("photos/dog", 5)
    with pytest.raises(DataError, match="9 images are too few"):
        make().load()


def test_an_image_of_the_right_size_keeps_its_pixels():
    pixels = random_pixels()
    image = decoded(save("a.png", pixels))
    assert image.permute(1, 2, 0).tolist() == pixels.tolist()


@pytest.mark.parametrize(
    ("height", "width", "middle"),
    [(4, 10, np.s_[:, 3:7]), (10, 4, np.s_[3:7]), (4, 7, np.s_[:, 1:5])],
)
def test_the_middle_is_cut_out_of_an_image_that_is_no_square(height, width, middle):
    pixels = random_pixels(height, width)
    image = decoded(save("a.png", pixels))
    assert image.permute(1, 2, 0).tolist() == pixels[middle].tolist()


@pytest.mark.parametrize("ending", ["png", "jpg", "JPEG", "bmp", "gif", "tif", "webp"])
@pytest.mark.parametrize(("height", "width"), [(64, 48), (3, 5)], ids=["larger", "smaller"])
def test_an_image_is_scaled_to_the_square(ending, height, width):
    pixels = np.zeros((height, width, 3), np.uint8) + np.uint8([200, 100, 50])
    image = decoded(save(f"a.{ending}", pixels), size=16)
    expected = torch.tensor([200, 100, 50])[:, None, None].expand(3, 16, 16)
    torch.testing.assert_close(image.long(), expected, rtol=0, atol=6)  # compression changes some


def test_a_larger_image_is_scaled_before_its_middle_is_cut_out():
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, 40:] = 255
    row = decoded(save("a.png", pixels), size=20)[0, 10]
    assert row[:9].max() == 0
    assert row[11:].min() == 255


def test_grey_is_the_brightness_of_the_colours():
    path = save("a.png", np.zeros((4, 4, 3), np.uint8) + np.uint8([200, 100, 50]))
    assert torch.equal(decoded(path, channels=1), torch.full((1, 4, 4), GREY, dtype=torch.uint8))


def test_a_grey_image_has_three_equal_colours():
    pixels = random_pixels()[..., 0]
    assert decoded(save("a.png", pixels)).tolist() == [pixels.tolist()] * 3


@pytest.mark.parametrize("channels", [1, 3])
def test_the_spec_is_that_of_the_batches(channels):
    save_class("photos/cat", 10)
    save_class("photos/dog", 10)
    data = make(channels=channels, size=6)
    batch, labels = data.splits.train[BatchIndices(0, torch.arange(5))]
    assert tuple(batch.shape[1:]) == data.spec.input_shape == (channels, 6, 6)
    assert 0 <= labels.min() <= labels.max() < data.spec.num_outputs == 2


def broken(content):
    Path("broken.png").write_bytes(content)
    return Path("broken.png")


@pytest.mark.parametrize("kept", [0, 30, 0.5])
def test_a_broken_file_is_named(kept):
    whole = save("a.png", random_pixels(40, 40)).read_bytes()
    path = broken(whole[: int(kept * len(whole)) if kept < 1 else kept])
    with pytest.raises(DataError, match=r"broken\.png can't be read as an image") as raised:
        decoded(path)
    assert raised.value.key == "path"


def on_one_process(data):
    data.trainer = SimpleNamespace(
        global_rank=0, world_size=1, accumulate_grad_batches=1, limit_train_batches=1.0
    )
    return data


def test_workers_change_no_batch():
    save_class("photos/cat", 10)
    save_class("photos/dog", 10, first=10)
    first, second = (
        list(on_one_process(make(num_workers=number, crop=0.5, flip=True)).train_dataloader())
        for number in (0, 2)
    )
    assert len(first) == 4
    for batch, same in zip(first, second, strict=True):
        assert torch.equal(batch[0], same[0])
        assert torch.equal(batch[1], same[1])


def test_a_folder_that_is_none_is_refused():
    Path("photos").write_text("no folder")
    with pytest.raises(DataError, match="not a folder"):
        make().load()


def test_a_part_without_images_is_refused():
    save_own("train", "val")
    for image in Path("photos/val").rglob("*.png"):
        image.unlink()
    with pytest.raises(DataError, match="no folders with images"):
        make().load()
