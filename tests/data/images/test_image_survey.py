"""What is found of a set before it is used: damage, depth, and pixels that say nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from leyden.data import DataError, ImageFolder
from leyden.data.batches import BatchIndices
from leyden.data.images import survey as survey_module
from leyden.data.images.pixels import channel_statistics

CLASSES = ("bright", "dim")


def save(file, pixels):
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file)


def save_noise(number=10, *, ending="png", root="photos"):
    for code, name in enumerate(CLASSES):
        for place in range(number):
            pixels = np.random.default_rng([code, place]).integers(0, 256, (8, 8, 3), np.uint8)
            save(f"{root}/{name}/{place}.{ending}", pixels)


def read(path="photos", **options):
    return ImageFolder(path=path, batch_size=4, size=8, **options)


def refusal(**options):
    with pytest.raises(DataError) as raised:
        read(**options).load()
    return raised.value


def cells(level, place, dtype):
    """A picture of a microscope: noise around a level of 16 bits."""
    noise = np.random.default_rng([level, place]).normal(level, 1500, (8, 8)).clip(256, 65535)
    return noise.astype(np.uint16) if dtype is np.uint16 else (noise / 65535).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("ending", "dtype"), [("png", np.uint16), ("tif", np.uint16), ("tif", np.float32)]
)
def test_deep_images_keep_their_difference(ending, dtype, channels):
    for name, level in zip(CLASSES, (40_000, 8_000), strict=True):
        for place in range(10):
            save(f"photos/{name}/{place}.{ending}", cells(level, place, dtype))
    data = read(channels=channels)
    images, labels = data.splits.train[BatchIndices(0, torch.arange(16))]
    full = 65535 if dtype is np.uint16 else 1
    values = {
        (code, place): cells(level, place, dtype) / full
        for code, level in enumerate((40_000, 8_000))
        for place in range(10)
    }
    files = data.splits.train.pixels.files
    trained = np.stack([values[CLASSES.index(one.parent.name), int(one.stem)] for one in files])
    expected = (trained - trained.mean()) / trained.std()
    got = images.mean(1)
    torch.testing.assert_close(got, torch.from_numpy(expected).float(), rtol=1e-3, atol=1e-3)
    assert (images.mean((1, 2, 3)) > 0).tolist() == (labels == 0).tolist()
    word = "grey of 16 bits" if dtype is np.uint16 else "grey in floats"
    assert data.report.source["pixels"] == f"20 {word}"
    assert "data.value_range" in data.report.source["black and white"]


def test_a_range_says_what_is_black_and_white():
    for name, level in zip(CLASSES, (30, 3), strict=True):
        for place in range(10):
            save(f"photos/{name}/{place}.tif", np.full((8, 8), level + place, np.float32))
    error = refusal()
    assert error.key == "value_range"
    assert "data.value_range=[0,39]" in str(error)
    data = read(value_range=[0, 40])
    pixels = data.splits.train.pixels
    by_hand = [255 * ((30 if "bright" in str(f) else 3) + int(f.stem)) / 40 for f in pixels.files]
    got = pixels[torch.arange(len(pixels))][:, 0, 0, 0]
    torch.testing.assert_close(got, torch.tensor(by_hand).float())
    assert data.report.source["black and white"] == "0 and 40 (data.value_range)"


@pytest.mark.parametrize("given", [[1, 0], [0, 0], [1], [0, 1, 2]])
def test_a_range_that_does_not_rise_is_refused(given):
    save_noise()
    assert refusal(value_range=given).key == "value_range"


def test_a_range_without_effect_is_warned_of():
    save_noise()
    assert read(value_range=[0, 4095]).splits.report.warnings == [
        "data.value_range changes nothing: all images have 8 bits"
    ]


def test_modes_turns_and_transparency_are_counted():
    save_noise()
    save("photos/dim/grey.png", np.arange(64, dtype=np.uint8).reshape(8, 8))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 8), "red").save("photos/dim/turned.jpg", exif=exif)
    Image.new("RGBA", (8, 8), (9, 8, 7, 0)).save("photos/dim/clear.png")
    source = read().splits.report.source
    assert source["files"] == "22 PNG, 1 JPEG"
    assert source["pixels"] == "22 colour, 1 grey"
    assert source["turned"] == "1 images, as their EXIF data says"
    assert source["with transparency"] == "1 images, on white"


def damage(file, kind):
    whole = Path(file).read_bytes()
    content = {
        "cut": whole[: len(whole) // 2],
        "cut late": whole[:-60],
        "empty": b"",
        "html": b"<html>403 Forbidden</html>",
    }
    Path(file).write_bytes(content[kind])


@pytest.mark.parametrize("ending", ["jpg", "png"])
@pytest.mark.parametrize("kind", ["cut", "cut late", "empty", "html"])
def test_a_damaged_file_is_named_before_the_start_or_left_out(kind, ending):
    save_noise(ending=ending)
    damage(f"photos/dim/3.{ending}", kind)
    error = refusal()
    assert error.key == "path"
    assert f"photos/dim/3.{ending} can't be read as an image" in str(error)
    assert "data.skip_damaged=true" in str(error)
    data = read(skip_damaged=True)
    assert sum(map(len, (part for _, part in data.splits))) == 19
    assert data.report.files_left_out == {"damaged": 1}
    assert Path(f"photos/dim/3.{ending}") not in data.source_files()


def test_parts_are_the_same_whether_a_damaged_file_is_left_out_or_was_never_there():
    save_noise()
    save_noise(root="copy")
    damage("photos/dim/3.png", "cut")
    Path("copy/dim/3.png").unlink()
    left_out, without = read(skip_damaged=True), read("copy")
    for (_, part), (_, same) in zip(left_out.splits, without.splits, strict=True):
        inside = [file.relative_to("photos") for file in part.pixels.files]
        assert inside == [file.relative_to("copy") for file in same.pixels.files]


def test_a_class_of_which_all_images_are_damaged_is_refused_by_name():
    save_noise(12)
    for file in Path("photos/dim").iterdir():
        damage(file, "cut")
    error = refusal(skip_damaged=True)
    assert "all images of the class `dim` are damaged" in str(error)


def test_of_many_images_damage_that_was_not_seen_is_named_when_it_is_read(monkeypatch):
    save_noise(40)
    monkeypatch.setattr(survey_module, "STATISTICS_SAMPLES", 1)
    for file in Path("photos").rglob("*7.png"):
        damage(file, "cut late")
    data = read()
    assert "1 of 80 images were decoded before the start" in data.splits.report.notes
    with pytest.raises(DataError, match=r"7\.png can't be read .*skip_damaged=true"):
        _ = data.splits.train[BatchIndices(0, torch.arange(len(data.splits.train)))]
    skipping = read(skip_damaged=True)
    assert skipping.splits.report.files_left_out == {"damaged": 8}
    _ = skipping.splits.train[BatchIndices(0, torch.arange(len(skipping.splits.train)))]


@pytest.mark.parametrize("value", [0, 255])
def test_a_set_of_one_value_is_refused(value):
    for name in CLASSES:
        for place in range(10):
            save(f"photos/{name}/{place}.png", np.full((8, 8), value, np.uint8))
    assert f"all 20 images have the value {value} of 255 only" in str(refusal())


def test_a_set_of_one_image_is_refused():
    for name in CLASSES:
        for place in range(10):
            save(f"photos/{name}/{place}.png", np.arange(64, dtype=np.uint8).reshape(8, 8))
    assert "all 20 images are the same" in str(refusal())


def test_images_of_one_value_each_are_warned_of():
    for code, name in enumerate(CLASSES):
        for place in range(10):
            save(f"photos/{name}/{place}.png", np.full((8, 8), 10 * place + code, np.uint8))
    (warning,) = read().splits.report.warnings
    assert warning.startswith("20 of 20 images are of a single value")


def test_deep_images_and_others_go_together():
    save_noise()
    save("photos/dim/deep.png", np.full((8, 8), 13107, np.uint16))  # a fifth of 65,535
    save("photos/dim/deep.tif", np.full((8, 8), 0.6, np.float32))
    data = read()
    values = {}
    for _, part in data.splits:
        pixels = part.pixels[torch.arange(len(part))]
        assert pixels.dtype == torch.float32
        values |= {file.name: pixels[place] for place, file in enumerate(part.pixels.files)}
    torch.testing.assert_close(values["deep.png"], torch.full((3, 8, 8), 51.0))
    torch.testing.assert_close(values["deep.tif"], torch.full((3, 8, 8), 153.0))
    assert data.report.source["black and white"].startswith("0 and 65,535, 0 and 1 of floats")


def test_few_samples_to_learn_by_heart_have_the_files_of_all_as_their_source():
    save_noise()
    data = read(overfit_samples=4)
    assert len(data.source_files()) == 20
    assert data.fingerprint()["files"] == "20"


@pytest.mark.parametrize(("name", "hint"), [("a.npz", "image_arrays"), ("a.zip", "unpack it")])
def test_a_file_in_the_place_of_a_folder_says_what_to_do(name, hint):
    Path(name).touch()
    with pytest.raises(DataError, match=f"is not a folder; .*{hint}"):
        read(name).load()


def test_statistics_are_those_of_the_training_pixels():
    save_noise()
    train = read().splits.train
    mean, std = channel_statistics(train.pixels[torch.arange(len(train))])
    torch.testing.assert_close(train.mean.flatten(), mean)
    torch.testing.assert_close(train.std.flatten(), std, rtol=1e-3, atol=1e-3)


def test_training_images_do_not_depend_on_those_of_other_parts():
    trained = []
    for seed in (0, 1):
        root = f"photos{seed}"
        save_noise(6, root=f"{root}/train")
        for part in ("val", "test"):
            for name in CLASSES:
                pixels = np.random.default_rng(seed).integers(0, 99, (8, 8, 3), np.uint8)
                save(f"{root}/{part}/{name}/{part}{name}.png", pixels)
        images, _ = read(root).splits.train[BatchIndices(0, torch.arange(12))]
        trained.append(images)
    assert torch.equal(*trained)
