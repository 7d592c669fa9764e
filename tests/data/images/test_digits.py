import pytest
import torch

from leyden.data import Digits
from leyden.data.batches import BatchIndices
from leyden.data.images.digits import read_digits


@pytest.fixture(scope="module")
def parts():
    return Digits(batch_size=64).load()


def everything(part, epoch=0):
    return part[BatchIndices(epoch, torch.arange(len(part)))]


def test_the_images_are_scikit_learns():
    pixels, labels = read_digits()
    first_rows = torch.tensor([[0, 0, 5, 13, 9, 1, 0, 0], [0, 0, 13, 15, 10, 15, 5, 0]])
    assert torch.equal(pixels[0, 0, :2].long(), first_rows * 255 // 16)
    assert labels[:10].tolist() == list(range(10))


def test_the_classes_are_as_frequent_as_scikit_learns_description_says():
    _, labels = read_digits()
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert torch.bincount(labels).tolist() == counts


def test_pixels_use_the_whole_scale():
    pixels, _ = read_digits()
    assert (int(pixels.min()), int(pixels.max())) == (0, 255)


def test_the_parts_share_out_every_image_once(parts):
    pixels, labels = read_digits()
    split = [(part.pixels, part.labels) for part in (parts.train, parts.val, parts.test)]
    rows = torch.cat([torch.cat([p.flatten(1).long(), y[:, None]], 1) for p, y in split])
    whole = torch.cat([pixels.flatten(1).long(), labels[:, None]], 1)
    assert sorted(rows.tolist()) == sorted(whole.tolist())


def test_the_parts_have_their_documented_sizes(parts):
    assert [len(part) for part in (parts.train, parts.val, parts.test)] == [1437, 180, 180]


def test_every_part_has_every_class(parts):
    for part in (parts.train, parts.val, parts.test):
        assert part.labels.unique().tolist() == list(range(10))


def test_the_split_does_not_depend_on_the_seed(parts):
    other = Digits(batch_size=64, seed=5).load()
    assert torch.equal(other.val.pixels, parts.val.pixels)
    assert torch.equal(other.test.pixels, parts.test.pixels)


def test_the_training_part_is_normalised_to_mean_0_and_standard_deviation_1(parts):
    batch, _ = everything(parts.train)
    assert batch.mean().item() == pytest.approx(0, abs=1e-4)
    assert batch.std().item() == pytest.approx(1, abs=1e-4)


def test_all_parts_are_normalised_alike(parts):
    for part in (parts.val, parts.test):
        assert torch.equal(part.mean, parts.train.mean)
        assert torch.equal(part.std, parts.train.std)


@pytest.mark.parametrize("kind", [{"crop": 0.5}, {"translate": 1}, {"flip": True}, {"cutout": 2}])
def test_only_training_images_are_augmented(kind):
    changed = Digits(batch_size=64, **kind).load()
    for part, changes in [(changed.train, True), (changed.val, False), (changed.test, False)]:
        assert torch.equal(everything(part)[0], everything(part, epoch=1)[0]) is not changes


def test_the_seed_decides_the_augmentation():
    first, again, other = (
        everything(Digits(batch_size=64, seed=seed, translate=1).load().train)[0]
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_spec_is_that_of_the_batches(parts):
    batch, labels = everything(parts.val)
    assert parts.spec.input_shape == tuple(batch.shape[1:])
    assert parts.spec.num_outputs == len(parts.spec.class_names) == int(labels.max()) + 1
