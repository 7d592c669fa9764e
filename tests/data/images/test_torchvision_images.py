import gzip
import hashlib
import pickle
import struct
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from sklearn.model_selection import StratifiedKFold
from torchvision import datasets

from leyden.data import DataError, TorchvisionImages
from leyden.data.batches import BatchIndices
from leyden.data.images import torchvision_images

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NO_SERVER = "file:///nowhere/"


def pixels_of(n, seed):
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28), dtype=np.uint8)


PIXELS = {"train": pixels_of(12, 1), "t10k": pixels_of(5, 2)}
LABELS = {"train": [4, 0, 1, 9, 2, 3, 5, 6, 7, 8, 0, 1], "t10k": [3, 1, 4, 1, 5]}


def write_idx(folder):
    """The four files of a set like MNIST, small; and their checksums."""
    folder.mkdir(parents=True, exist_ok=True)
    sums = []
    for part, pixels in PIXELS.items():
        images = struct.pack(">IIII", 0x803, *pixels.shape) + pixels.tobytes()
        labels = struct.pack(">II", 0x801, len(pixels)) + bytes(LABELS[part])
        for content, raw in (("images-idx3", images), ("labels-idx1", labels)):
            name, packed = f"{part}-{content}-ubyte.gz", gzip.compress(raw, mtime=0)
            (folder / name).write_bytes(packed)
            sums.append((name, hashlib.md5(packed).hexdigest()))
    return sums


@pytest.fixture(autouse=True)
def world(monkeypatch):
    """No set is here, and none can be fetched."""
    monkeypatch.setenv("LEYDEN_DATA", "data")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(torchvision_images, "DEBIAN_FASHION_MNIST", Path("nowhere"))
    for cls in (datasets.MNIST, datasets.FashionMNIST, datasets.KMNIST):
        monkeypatch.setattr(cls, "mirrors", [NO_SERVER])


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A small MNIST on a server of this machine; its folder."""
    folder = tmp_path / "served"
    monkeypatch.setattr(datasets.MNIST, "resources", write_idx(folder))
    handler = partial(SimpleHTTPRequestHandler, directory=folder)
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with HTTPServer(("127.0.0.1", 0), handler) as http:
        monkeypatch.setattr(datasets.MNIST, "mirrors", [f"http://127.0.0.1:{http.server_port}/"])
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder
        http.shutdown()
        thread.join()


@pytest.fixture
def debian(tmp_path, monkeypatch):
    write_idx(tmp_path / "debian")
    monkeypatch.setattr(torchvision_images, "DEBIAN_FASHION_MNIST", tmp_path / "debian")


def make(dataset="mnist", **options):
    return TorchvisionImages(dataset=dataset, **({"batch_size": 4, "num_val": 3} | options))


def fetched(dataset="mnist", **options):
    data = make(dataset, **options)
    data.prepare_data()
    return data


def samples(*parts):
    """Pixels and labels of all images of the parts, sorted."""
    return sorted(
        (image.flatten().tolist(), int(label))
        for part in parts
        for image, label in zip(part.pixels, part.labels, strict=True)
    )


def written(part):
    return sorted(
        (image.flatten().tolist(), label)
        for image, label in zip(PIXELS[part], LABELS[part], strict=True)
    )


def left_in_data():
    return sorted(path.name for path in Path("data").iterdir())


def test_debians_files_are_read_pixel_by_pixel(debian):
    parts = fetched("fashion_mnist").splits
    assert samples(parts.train, parts.val) == written("train")
    assert parts.test.pixels.squeeze(1).tolist() == PIXELS["t10k"].tolist()
    assert parts.test.labels.tolist() == LABELS["t10k"]


def test_debians_fashion_stands_in_for_no_other_set(debian):
    with pytest.raises(DataError):
        fetched("mnist")


@pytest.mark.parametrize("num_val", [0, 1, 3])
def test_some_training_images_validate(num_val, debian):
    parts = fetched("fashion_mnist", num_val=num_val).splits
    sizes = [len(part) for part in (parts.train, parts.val, parts.test)]
    assert sizes == [12 - num_val, num_val, 5]


def test_the_split_does_not_depend_on_the_seed(debian):
    parts, other = (fetched("fashion_mnist", seed=seed).splits for seed in (0, 1))
    assert torch.equal(parts.val.pixels, other.val.pixels)


def test_images_that_are_in_memory_are_not_read_again(debian):
    first, again = fetched("fashion_mnist").splits, fetched("fashion_mnist", seed=1).splits
    assert again.train is first.train


@pytest.mark.parametrize("options", [{"num_val": 2}, {"flip": True}])
def test_other_parts_of_the_same_files_are_other_images(options, debian):
    first, other = fetched("fashion_mnist").splits, fetched("fashion_mnist", **options).splits
    assert other.train is not first.train


def test_images_augmented_by_another_seed_are_other_images(debian):
    parts = [fetched("fashion_mnist", seed=seed, flip=True).splits for seed in (0, 1)]
    assert parts[0].train is not parts[1].train


def test_mnist_is_downloaded_and_unpacked(server):
    parts = fetched().splits
    assert samples(parts.train, parts.val) == written("train")
    assert samples(parts.test) == written("t10k")


def test_a_set_that_is_here_needs_no_server(server, monkeypatch):
    fetched()
    monkeypatch.setattr(datasets.MNIST, "mirrors", [NO_SERVER])
    again = make()
    assert again.is_here()
    assert len(fetched().splits.test) == 5


@pytest.mark.parametrize("number", range(4))
def test_a_file_that_is_not_the_expected_one_is_refused(number, server, monkeypatch):
    sums = datasets.MNIST.resources.copy()
    sums[number] = (sums[number][0], "0" * 32)
    monkeypatch.setattr(datasets.MNIST, "resources", sums)
    with pytest.raises(DataError, match="could not be fetched"):
        fetched()
    assert left_in_data() == [".mnist.lock"]


def test_a_server_that_is_gone_is_told_with_what_can_be_done():
    with pytest.raises(
        DataError,
        match=r"t10k-labels-idx1-ubyte\.gz from file:///nowhere/ into data/archives/mnist",
    ):
        fetched()
    assert left_in_data() == [".mnist.lock"]


def test_files_that_a_person_put_into_the_archives_need_no_server(monkeypatch):
    monkeypatch.setattr(datasets.MNIST, "resources", write_idx(make().archives))
    parts = fetched().splits
    assert samples(parts.train, parts.val) == written("train")


def test_of_the_archives_that_are_missing_the_server_is_asked(server):
    archives, name = make().archives, "train-images-idx3-ubyte.gz"
    archives.mkdir(parents=True)
    (server / name).rename(archives / name)
    assert len(fetched().splits.test) == 5


def test_an_archive_that_is_not_the_expected_one_is_refused(monkeypatch):
    monkeypatch.setattr(datasets.MNIST, "resources", write_idx(make().archives))
    (make().archives / "train-labels-idx1-ubyte.gz").write_bytes(b"something else")
    with pytest.raises(DataError):
        fetched()
    assert left_in_data() == [".mnist.lock", "archives"]


@pytest.mark.parametrize(("dataset", "mentioned"), [("fashion_mnist", True), ("kmnist", False)])
def test_debians_package_is_mentioned_where_there_is_one(dataset, mentioned):
    with pytest.raises(DataError) as raised:
        fetched(dataset)
    assert ("dataset-fashion-mnist" in str(raised.value)) is mentioned


def test_the_spec_is_known_before_the_set_is_here(server):
    before = make().spec
    after = fetched().spec
    assert (before.kind, before.input_shape, before.num_outputs) == ("image", (1, 28, 28), 10)
    assert (after.kind, after.input_shape, after.num_outputs) == ("image", (1, 28, 28), 10)


def test_the_spec_is_that_of_the_batches(server):
    data = fetched()
    batch, _ = data.splits.val[BatchIndices(0, torch.arange(2))]
    assert tuple(batch.shape[1:]) == data.spec.input_shape


@pytest.mark.parametrize(
    ("dataset", "num_train"), [("mnist", 60_000), ("cifar10", 50_000), ("cifar100", 50_000)]
)
def test_the_number_of_training_samples_is_known_before_the_set_is_here(dataset, num_train):
    assert make(dataset, num_val=5000).train_samples == num_train - 5000


def test_classes_are_called_by_their_names_alone(server):
    assert fetched().spec.class_names == DIGITS


@pytest.fixture
def cifar(monkeypatch):
    """A small CIFAR-10, unpacked: red, green and blue planes after each other."""
    folder = Path("data/cifar10/cifar-10-batches-py")
    folder.mkdir(parents=True)
    planes = np.arange(3072) // 1024 * 100  # 0 red, 100 green, 200 blue
    planes[:32] = 255  # but for the first row of red
    batch = {"data": np.tile(planes, (4, 1)).astype(np.uint8), "labels": [3, 1, 2, 0]}
    content = {"batch": batch, "meta": {"label_names": ["plane", "car", "bird", "cat"]}}
    for name, saved in content.items():
        (folder / name).write_bytes(pickle.dumps(saved))
    sums = {name: hashlib.md5((folder / name).read_bytes()).hexdigest() for name in content}
    meta = {"filename": "meta", "key": "label_names", "md5": sums["meta"]}
    for name in ("train_list", "test_list"):
        monkeypatch.setattr(datasets.CIFAR10, name, [["batch", sums["batch"]]])
    monkeypatch.setattr(datasets.CIFAR10, "meta", meta)


def test_colour_images_are_channels_rows_columns(cifar):
    image = make("cifar10", num_val=1).splits.test.pixels[0]
    expected = torch.tensor([0, 100, 200])[:, None, None].repeat(1, 32, 32)
    expected[0, 0] = 255
    assert torch.equal(image.long(), expected)


def test_labels_of_colour_images_are_theirs(cifar):
    data = make("cifar10", num_val=1)
    assert data.splits.test.labels.tolist() == [3, 1, 2, 0]
    assert data.spec.class_names == ("plane", "car", "bird", "cat")


@pytest.mark.filterwarnings("ignore:The least populated class")
def test_folds_cut_the_training_images_as_scikit_learn_does(debian):
    labels = np.array(LABELS["train"])
    wanted = StratifiedKFold(2, shuffle=True, random_state=0).split(labels, labels)
    for number, (train, val) in enumerate(wanted, start=1):
        parts = fetched("fashion_mnist", split={"fold": f"{number}/2"}).splits
        assert parts.train.pixels.squeeze(1).tolist() == PIXELS["train"][train].tolist()
        assert parts.val.pixels.squeeze(1).tolist() == PIXELS["train"][val].tolist()
        assert parts.test.pixels.squeeze(1).tolist() == PIXELS["t10k"].tolist()
        assert parts.report.split == f"test images as they are given; fold {number} of 2 validates"


def test_a_fold_decides_the_number_of_training_samples_before_the_set_is_here():
    assert make("cifar10", num_val=5000, split={"fold": "1/5"}).train_samples == 40_000


def test_other_keys_of_a_split_than_the_fold_are_refused():
    with pytest.raises(DataError, match="num_val says how many images validate"):
        make(split={"fractions": [0.8, 0.1, 0.1]})
