import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data.images import Images, channel_statistics, shift
from leyden.data.loader import Draw

few = settings(deadline=None, max_examples=40, derandomize=True)


def noise(n=6, *, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(1, 256, (n, 2, 5, 7), dtype=torch.uint8, generator=generator)


def make_images(pixels, **options):
    unchanged = {"mean": torch.zeros(2), "std": torch.full((2,), 1 / 255)}  # 0 to 255 stay
    return Images(pixels, torch.arange(len(pixels)), **(unchanged | options))


def draw(*index, epoch=0):
    return Draw(epoch, torch.tensor(index))


def moved_by_hand(image, rows, columns):
    result = torch.zeros_like(image)
    height, width = image.shape[1:]
    for y in range(height):
        for x in range(width):
            if 0 <= y + rows < height and 0 <= x + columns < width:
                result[:, y + rows, x + columns] = image[:, y, x]
    return result


@few
@given(rows=st.integers(-6, 6), columns=st.integers(-8, 8))
def test_shift_moves_pixels_down_and_right_and_blackens_the_rest(rows, columns):
    pixels = noise(1)
    shifted = shift(pixels, torch.tensor([rows]), torch.tensor([columns]))
    assert torch.equal(shifted[0], moved_by_hand(pixels[0], rows, columns))
    assert shifted.dtype == torch.uint8


def test_shift_moves_each_image_by_its_own_amount():
    pixels, rows, columns = noise(3), torch.tensor([0, 1, -2]), torch.tensor([0, -3, 2])
    shifted = shift(pixels, rows, columns)
    for image, moved, down, right in zip(pixels, shifted, rows, columns, strict=True):
        assert torch.equal(moved, moved_by_hand(image, int(down), int(right)))


def test_channel_statistics_are_those_computed_by_hand():
    pixels = torch.tensor([[[[0, 255]], [[51, 51]]], [[[0, 255]], [[51, 51]]]], dtype=torch.uint8)
    mean, std = channel_statistics(pixels)
    torch.testing.assert_close(mean, torch.tensor([0.5, 0.2]))
    torch.testing.assert_close(std, torch.tensor([(1 / 3) ** 0.5, 0.0]), rtol=1e-5, atol=1e-6)


def test_images_are_normalised_by_channel():
    pixels = torch.tensor([[[[255]], [[51]]]], dtype=torch.uint8)
    images = make_images(pixels, mean=torch.tensor([0.5, 0.4]), std=torch.tensor([0.25, 0.1]))
    batch, _ = images[draw(0)]
    torch.testing.assert_close(batch.flatten(), torch.tensor([2.0, -2.0]))


def test_a_batch_holds_the_drawn_images_and_labels_in_order():
    pixels = noise()
    batch, labels = make_images(pixels)[draw(4, 0, 4)]
    torch.testing.assert_close(batch, pixels[[4, 0, 4]].float())
    assert labels.tolist() == [4, 0, 4]


def shifts_of(images, pixels, index, epoch):
    """Which shifts turn each original into what was drawn."""
    batch, _ = images[Draw(epoch, index)]
    reach = range(-3, 4)
    return [
        {
            (rows, columns)
            for rows in reach
            for columns in reach
            if torch.allclose(image, moved_by_hand(pixels[i], rows, columns).float())
        }
        for image, i in zip(batch, index.tolist(), strict=True)
    ]


def test_translation_draws_every_shift_within_its_reach_and_no_other():
    pixels = noise(1)
    images = make_images(pixels, translate=1, seed=3)
    seen = [shifts_of(images, pixels, torch.tensor([0]), epoch)[0] for epoch in range(80)]
    assert all(len(shifts) == 1 for shifts in seen)
    assert set.union(*seen) == {(rows, columns) for rows in (-1, 0, 1) for columns in (-1, 0, 1)}


def test_translation_does_not_depend_on_the_batch():
    images = make_images(noise(), translate=2)
    together, _ = images[draw(0, 1, 2, 3, epoch=4)]
    alone = torch.cat([images[draw(i, epoch=4)][0] for i in range(4)])
    assert torch.equal(together, alone)


@pytest.mark.parametrize(("epoch", "seed"), [(1, 0), (0, 1)])
def test_translation_depends_on_epoch_and_seed(epoch, seed):
    pixels = noise(30)
    index = torch.arange(30)
    before, _ = make_images(pixels, translate=2)[Draw(0, index)]
    after, _ = make_images(pixels, translate=2, seed=seed)[Draw(epoch, index)]
    assert not torch.equal(before, after)


def test_without_translation_every_epoch_shows_the_same():
    images = make_images(noise())
    assert torch.equal(images[draw(1, 2, epoch=0)][0], images[draw(1, 2, epoch=9)][0])


def test_the_stored_pixels_stay_as_they_are():
    pixels = noise()
    images = make_images(pixels.clone(), translate=2)
    _ = images[draw(0, 1, 2)]
    assert torch.equal(images.pixels, pixels)
