"""`leyden explain --method activations`, and pictures in TensorBoard."""

import csv
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from leyden.cli.verbs.explain import METHODS as OFFERED
from leyden.inference.explanation_page import METHOD_WORDS
from leyden.inference.explanations import METHODS
from leyden.inference.load import load_run

QUICK = ("logger=null", "baselines=null", "trainer.max_epochs=1", "model.width=8")


@pytest.fixture
def digits(leyden, tmp_path):
    """A run of a CNN on digits, and two images."""
    result = leyden("train", *QUICK, "model=cnn", "run_dir=digits")
    assert result.status == 0, result.err
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        pixels = random.integers(0, 255, size=(8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    return result.folder


def test_the_map_of_a_convolution_is_the_mean_size_of_what_it_gives(digits, leyden, tmp_path):
    result = leyden("explain", str(digits), "a.png", "--method", "activations", "--output", "out")
    assert result.status == 0, result.err
    run = load_run(digits)
    pixels = torch.from_numpy(np.asarray(Image.open("a.png")).copy())[None, None]
    with torch.no_grad():
        expected = run.net.stem(run.preparation.inputs(pixels)).abs().mean(1)[0]
    with (tmp_path / "out" / "activations.csv").open() as file:
        rows = list(csv.DictReader(file))
    told = [float(row["activation"]) for row in rows if row["layer"] == "stem"]
    assert told == pytest.approx(expected.flatten().tolist(), rel=1e-4)
    assert {row["layer"] for row in rows} == {"stem", "features.3"}
    page = (tmp_path / "out" / "explanation.html").read_text()
    assert "<img alt='activations of a.png'" in page


def test_a_network_without_convolutions_is_refused(mlp_run, leyden, tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    words = ("a.png", "--method", "activations", "--output", "out")
    result = leyden("explain", str(mlp_run), *words)
    assert result.status == 2
    assert "--method=activations: needs a network with convolutions" in result.err
    assert not (tmp_path / "out").exists()


def test_tensorboard_has_the_pictures_of_each_explanation_at_a_step_of_its_own(digits, leyden):
    before = sorted(path.name for path in digits.glob("events.out.*"))
    for _ in range(2):
        words = ("a.png", "b.png", "--method", "activations", "--tensorboard")
        result = leyden("explain", str(digits), *words)
        assert result.status == 0, result.err
    assert "pictures for TensorBoard: digits/explanation" in result.err
    events = EventAccumulator(str(digits / "explanation"), size_guidance={"images": 0})
    events.Reload()
    tags = events.Tags()["images"]
    assert tags == ["activations/activations of a.png", "activations/activations of b.png"]
    images = events.Images(tags[0])
    assert [image.step for image in images] == [0, 1]
    assert images[0].encoded_image_string.startswith(b"\x89PNG")
    assert images[0].width == 429  # three panels of 1.3 inches at 110 dots
    assert sorted(path.name for path in digits.glob("events.out.*")) == before


def test_images_of_one_name_have_a_tag_each(digits, leyden, tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        shutil.copy(tmp_path / "a.png", tmp_path / folder)
    words = ("x/a.png", "y/a.png", "--method", "gradcam", "--tensorboard")
    assert leyden("explain", str(digits), *words).status == 0
    events = EventAccumulator(str(digits / "explanation"))
    events.Reload()
    tags = ["gradcam/attributions of a.png", "gradcam/attributions of a.png (2)"]
    assert events.Tags()["images"] == tags


def test_without_the_option_tensorboard_has_nothing(digits, leyden):
    assert leyden("explain", str(digits), "a.png").status == 0
    assert not (digits / "explanation").exists()


def test_the_command_line_offers_every_method_and_the_page_explains_it():
    assert list(OFFERED) == list(METHODS)
    assert list(METHOD_WORDS) == list(METHODS)
