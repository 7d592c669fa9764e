import pytest
import torch
from hypothesis import settings

from leyden.data.batches import BatchIndices
from leyden.data.images import pixels as images_module
from leyden.data.images.augmentation import Augmentation
from leyden.data.images.pixels import Images, channel_statistics, image_splits, statistics_of

few = settings(deadline=None, max_examples=40, derandomize=True)


def noise(n=6, *, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(1, 256, (n, 2, 5, 7), dtype=torch.uint8, generator=generator)


class Store:
    """Images that are no tensor, and who asked for them."""

    def __init__(self, pixels):
        self.pixels, self.asked = pixels, []

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        self.asked.append(index.tolist())
        return self.pixels[index]


def make_images(pixels, **options):
    unchanged = {"mean": torch.zeros(2), "std": torch.full((2,), 1 / 255)}  # 0 to 255 stay
    return Images(pixels, torch.arange(len(pixels)), **(unchanged | options))


def draw(*index, epoch=0):
    return BatchIndices(epoch, torch.tensor(index))


def parts_of(*pixels, **augmentation):
    labels = tuple(torch.arange(len(part)) for part in pixels)
    return image_splits(pixels, labels, Augmentation(**augmentation))


def test_channel_statistics_are_those_computed_by_hand():
    pixels = torch.tensor([[[[0, 255]], [[51, 153]]], [[[0, 255]], [[51, 153]]]]).to(torch.uint8)
    mean, std = channel_statistics(pixels)
    torch.testing.assert_close(mean, torch.tensor([0.5, 0.4]))
    torch.testing.assert_close(std, torch.tensor([(1 / 3) ** 0.5, 0.4 * (1 / 3) ** 0.5]))


def test_the_deviation_of_one_colour_is_a_step_of_the_scale_not_0():
    _, std = channel_statistics(torch.full((2, 1, 3, 3), 51, dtype=torch.uint8))
    torch.testing.assert_close(std, torch.tensor([1 / 255]))


def test_statistics_are_those_of_the_whole_where_it_is_small():
    for statistic, whole in zip(statistics_of(noise()), channel_statistics(noise()), strict=True):
        torch.testing.assert_close(statistic, whole)


def test_statistics_are_of_some_images_where_there_are_many(monkeypatch):
    monkeypatch.setattr(images_module, "STATISTICS_SAMPLES", 4)
    first, second = Store(noise(10)), Store(noise(10))
    statistics_of(first)
    statistics_of(second)
    assert len(set(first.asked[0])) == 4
    assert first.asked == second.asked


def test_images_are_normalised_by_channel():
    pixels = torch.tensor([[[[255]], [[51]]]], dtype=torch.uint8)
    images = make_images(pixels, mean=torch.tensor([0.5, 0.4]), std=torch.tensor([0.25, 0.1]))
    batch, _ = images[draw(0)]
    torch.testing.assert_close(batch.flatten(), torch.tensor([2.0, -2.0]))


@pytest.mark.parametrize("store", [lambda pixels: pixels, Store], ids=["tensor", "store"])
def test_a_batch_holds_the_drawn_images_and_labels_in_order(store):
    batch, labels = make_images(store(noise()))[draw(4, 0, 4)]
    torch.testing.assert_close(batch, noise()[[4, 0, 4]].float())
    assert labels.tolist() == [4, 0, 4]


def test_a_batch_is_asked_for_at_once():
    store = Store(noise())
    _ = make_images(store)[draw(2, 5, 1)]
    assert store.asked == [[2, 5, 1]]


def test_images_are_augmented_before_they_are_normalised():
    augmentation = Augmentation(seed=3, translate=2)
    batch, _ = make_images(noise(), augmentation=augmentation)[draw(1, 4, epoch=2)]
    expected = augmentation(noise()[[1, 4]], draw(1, 4, epoch=2)).float()
    torch.testing.assert_close(batch, expected)


def test_without_augmentation_every_epoch_shows_the_same():
    images = make_images(noise())
    assert torch.equal(images[draw(1, 2, epoch=0)][0], images[draw(1, 2, epoch=9)][0])


def test_the_stored_pixels_stay_as_they_are():
    images = make_images(noise(), augmentation=Augmentation(translate=2, cutout=2, flip=True))
    _ = images[draw(0, 1, 2)]
    assert torch.equal(images.pixels, noise())


def test_what_is_read_once_is_not_kept_normalised():
    kept = [part.normalised is not None for part in parts_of(*[noise()] * 3)]
    assert kept == [True, True, False]


def test_all_parts_are_normalised_by_the_training_parts_statistics():
    mean, std = channel_statistics(noise(seed=1))
    for part in parts_of(noise(seed=1), noise(3, seed=2) // 2, noise(4, seed=3) // 4):
        torch.testing.assert_close(part.mean.flatten(), mean)
        torch.testing.assert_close(part.std.flatten(), std)


@pytest.mark.parametrize("kind", [{"crop": 0.3}, {"translate": 2}, {"flip": True}, {"cutout": 3}])
def test_only_training_images_are_augmented(kind):
    every = torch.arange(6)
    for part, changes in zip(parts_of(*[noise()] * 3, **kind), (True, False, False), strict=True):
        same = torch.equal(part[BatchIndices(0, every)][0], part[BatchIndices(1, every)][0])
        assert same is not changes
