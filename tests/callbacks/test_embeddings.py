"""The features in TensorBoard's PROJECTOR."""

import numpy as np
import pytest
import torch
from google.protobuf import text_format
from PIL import Image
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
from torch import nn

import leyden as package
from leyden.callbacks.embeddings import (
    MOST_DIMENSIONS,
    config_text,
    few_dimensions,
    inputs_of,
    readout_of,
    write_labels,
)
from leyden.data import Digits
from leyden.data.batches import BatchIndices
from leyden.inference.load import load_run

DEEP = ("trainer.max_steps=3", "logger=tensorboard_deep", "callbacks.embeddings.num_samples=50")


def trained(folder, *words):
    return package.train(*words, *DEEP, f"run_dir={folder / 'run'}").folder


def test_the_features_are_those_of_the_samples_that_are_named(tmp_path):
    folder = trained(tmp_path, "model=mlp", "data=digits", "model.width=8")
    features = np.loadtxt(folder / "projector" / "features.tsv")
    rows = (folder / "projector" / "labels.tsv").read_text().splitlines()
    assert features.shape == (50, 8)
    assert rows[0].split("\t") == ["class", "predicted", "is it right", "probability", "place"]
    assert len(rows) == 1 + 50
    net = load_run(folder, "last").net
    inputs, labels = Digits(batch_size=1).splits.val[BatchIndices(0, torch.arange(50))]
    with torch.no_grad(), inputs_of(net.head) as seen:
        guesses = net(inputs).argmax(-1)
    assert np.allclose(seen[0].numpy(), features, rtol=1e-3, atol=1e-4)
    assert [row.split("\t")[0] for row in rows[1:]] == [f"class {one}" for one in labels.tolist()]
    assert [row.split("\t")[1] for row in rows[1:]] == [f"class {one}" for one in guesses.tolist()]


def test_images_stand_in_one_square_with_the_size_that_is_said(tmp_path):
    folder = trained(tmp_path, "model=cnn", "data=digits")
    config = text_format.Parse((folder / "projector_config.pbtxt").read_text(), ProjectorConfig())
    (embedding,) = config.embeddings
    assert (folder / embedding.tensor_path).is_file()
    assert (folder / embedding.metadata_path).is_file()
    with Image.open(folder / embedding.sprite.image_path) as image:
        assert image.size == (8 * 8, 8 * 8)  # ceil(sqrt(50)) images of 8 pixels a side
    assert list(embedding.sprite.single_image_dim) == [8, 8]


def test_classes_of_a_table_have_features_and_no_pictures(tmp_path):
    folder = trained(tmp_path, "data=blobs")
    assert not (folder / "projector" / "images.png").exists()
    assert "sprite" not in (folder / "projector_config.pbtxt").read_text()


def test_a_regression_has_none(tmp_path):
    assert not (trained(tmp_path, "data=line") / "projector_config.pbtxt").exists()


def test_many_dimensions_become_those_in_which_the_samples_differ_most():
    generator = torch.Generator().manual_seed(0)
    plane = torch.randn(30, 2, generator=generator) @ torch.randn(2, 100, generator=generator)
    few = few_dimensions(plane)
    assert few.shape == (30, min(MOST_DIMENSIONS, 30))
    distances = torch.cdist(plane, plane)
    assert torch.allclose(torch.cdist(few[:, :2], few[:, :2]), distances, atol=1e-2)


def test_the_readout_is_the_head_or_the_last_linear_layer():
    plain = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2), nn.Softmax(-1))
    assert readout_of(plain) is plain[2]
    assert readout_of(nn.ReLU()) is None


@pytest.mark.parametrize(
    ("names", "shown"), [(["0", "1"], "class 1"), (["a\tcat", "a\ndog"], "a dog")]
)
def test_names_of_classes_are_texts_in_one_cell(tmp_path, names, shown):
    write_labels(tmp_path / "labels.tsv", torch.eye(2), torch.tensor([0, 1]), names)
    rows = (tmp_path / "labels.tsv").read_text().splitlines()
    assert len(rows) == 3
    assert rows[2].split("\t") == [shown, shown, "right", "1.000", "1"]


def test_the_config_without_pictures_is_read_by_tensorboard():
    (one,) = text_format.Parse(config_text(None), ProjectorConfig()).embeddings
    assert one.tensor_path == "projector/features.tsv"
