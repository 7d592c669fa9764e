import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data.batches import BatchIndices
from leyden.data.images.augmentation import Augmentation, crop, cut_out, shift

few = settings(deadline=None, max_examples=40, derandomize=True)
shares = st.floats(0, 1, width=32)
KINDS = [{"crop": 0.3}, {"translate": 2}, {"flip": True}, {"cutout": 3}]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: next(iter(kind)))


def noise(n=6):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(1, 256, (n, 2, 5, 7), dtype=torch.uint8, generator=generator)


def white(n, height, width):
    return torch.full((n, 1, height, width), 255, dtype=torch.uint8)


def augment(pixels, *, epoch=0, **options):
    return Augmentation(**options)(pixels, BatchIndices(epoch, torch.arange(len(pixels))))


def moved_by_hand(image, rows, columns):
    result = torch.zeros_like(image)
    height, width = image.shape[1:]
    for y in range(height):
        for x in range(width):
            if 0 <= y + rows < height and 0 <= x + columns < width:
                result[:, y + rows, x + columns] = image[:, y, x]
    return result


def cut_by_hand(image, top, left, side):
    result = image.clone()
    for y in range(image.shape[1]):
        for x in range(image.shape[2]):
            if top <= y < top + side and left <= x < left + side:
                result[:, y, x] = 0
    return result


@each_kind
def test_an_augmented_batch_has_the_shape_and_type_of_the_batch(kind):
    changed = augment(noise(), **kind)
    assert (changed.shape, changed.dtype) == (noise().shape, torch.uint8)


@each_kind
def test_augmentation_does_not_depend_on_the_batch(kind):
    pixels, augmentation = noise(), Augmentation(seed=3, **kind)
    together = augmentation(pixels, BatchIndices(4, torch.arange(6)))
    alone = [augmentation(pixels[[i]], BatchIndices(4, torch.tensor([i]))) for i in (5, 1, 3)]
    assert torch.equal(torch.cat(alone), together[[5, 1, 3]])


@each_kind
@pytest.mark.parametrize("key", [{"epoch": 1}, {"seed": 1}], ids=["epoch", "seed"])
def test_augmentation_depends_on_epoch_and_seed(kind, key):
    assert not torch.equal(augment(noise(30), **kind), augment(noise(30), **kind, **key))


@each_kind
def test_augmentation_leaves_its_input_as_it_is(kind):
    pixels = noise()
    augment(pixels, **kind)
    assert torch.equal(pixels, noise())


@pytest.mark.parametrize("epoch", [0, 9])
def test_by_default_nothing_changes(epoch):
    assert torch.equal(augment(noise(), epoch=epoch), noise())


@few
@given(rows=st.integers(-6, 6), columns=st.integers(-8, 8))
def test_shift_moves_pixels_down_and_right_and_blackens_the_rest(rows, columns):
    shifted = shift(noise(1), torch.tensor([rows]), torch.tensor([columns]))
    assert torch.equal(shifted[0], moved_by_hand(noise(1)[0], rows, columns))
    assert shifted.dtype == torch.uint8


def test_shift_moves_each_image_by_its_own_amount():
    pixels, rows, columns = noise(3), torch.tensor([0, 1, -2]), torch.tensor([0, -3, 2])
    shifted = shift(pixels, rows, columns)
    for image, moved, down, right in zip(pixels, shifted, rows, columns, strict=True):
        assert torch.equal(moved, moved_by_hand(image, int(down), int(right)))


def test_translation_draws_every_shift_within_its_reach_and_no_other():
    pixels, reach = noise(1), range(-3, 4)
    every = {(r, c): moved_by_hand(pixels[0], r, c) for r in reach for c in reach}
    seen = set()
    for epoch in range(80):
        moved = augment(pixels, epoch=epoch, translate=1)[0]
        seen |= {key for key, image in every.items() if torch.equal(image, moved)}
    assert seen == {(rows, columns) for rows in (-1, 0, 1) for columns in (-1, 0, 1)}


def test_flipping_mirrors_an_image_left_to_right_or_leaves_it():
    pixels = noise()
    mirrored = torch.stack([pixels[..., x] for x in range(6, -1, -1)], dim=-1)
    for image, original, mirror in zip(augment(pixels, flip=True), pixels, mirrored, strict=True):
        assert torch.equal(image, original) or torch.equal(image, mirror)


def test_flipping_mirrors_about_every_second_image():
    pixels = torch.tensor([0, 255], dtype=torch.uint8).expand(4000, 1, 1, 2)
    num_mirrored = (augment(pixels, flip=True)[..., 0] == 255).sum()
    assert 1900 < num_mirrored < 2100  # the standard deviation of fair coins is 32


@few
@given(top=st.integers(-4, 6), left=st.integers(-4, 8), side=st.integers(1, 6))
def test_a_cut_out_is_a_black_square_that_may_reach_over_the_edge(top, left, side):
    cut = cut_out(noise(1), torch.tensor([top]), torch.tensor([left]), side)
    assert torch.equal(cut[0], cut_by_hand(noise(1)[0], top, left, side))
    assert cut.dtype == torch.uint8


@pytest.mark.parametrize("side", [1, 2, 3])
def test_a_cut_out_is_drawn_around_any_pixel(side):
    before = -(side // 2)
    every = {
        (y, x): cut_by_hand(white(1, 4, 5)[0], y + before, x + before, side)
        for y in range(4)
        for x in range(5)
    }
    changed = augment(white(400, 4, 5), cutout=side)
    found = [{key for key, cut in every.items() if torch.equal(cut, image)} for image in changed]
    assert all(found)
    assert set.union(*found) == set(every)


@few
@given(down=shares, right=shares)
def test_a_crop_of_scale_1_is_the_image(down, right):
    same = crop(noise(1), torch.ones(1), torch.tensor([down]), torch.tensor([right]))
    assert torch.equal(same, noise(1))


@few
@given(value=st.integers(0, 255), scale=shares, down=shares, right=shares)
def test_a_crop_of_one_colour_is_of_that_colour(value, scale, down, right):
    pixels = torch.full((1, 3, 5, 4), value, dtype=torch.uint8)
    window = torch.tensor([[scale], [down], [right]])
    assert torch.equal(crop(pixels, *window), pixels)


@pytest.mark.parametrize(
    ("place", "expected"),
    [(0.0, [0, 10, 30, 50]), (0.5, [30, 50, 70, 90]), (1.0, [70, 90, 110, 120])],
)
@pytest.mark.parametrize("axis", [2, 3], ids=["down", "right"])
def test_a_crop_to_half_the_side_is_interpolated_by_hand(place, expected, axis):
    # The window's four pixels lie 1/4, 3/4, 5/4 and 7/4 pixels from its edge.
    ramp = torch.tensor([0, 40, 80, 120], dtype=torch.uint8).expand(1, 1, 4, 4)
    middle = torch.tensor([0.5])
    places = (torch.tensor([place]), middle) if axis == 2 else (middle, torch.tensor([place]))
    cropped = crop(ramp.mT if axis == 2 else ramp, torch.tensor([0.5]), *places)
    line = cropped[0, 0, :, 1] if axis == 2 else cropped[0, 0, 1]
    assert line.tolist() == expected


def test_crops_keep_every_share_of_the_area_from_the_least_one_on():
    ramp = torch.arange(0, 256, 4, dtype=torch.uint8).expand(1000, 1, 8, 64)
    cropped = augment(ramp, crop=0.25).float()
    scale = (cropped[:, 0, 4, 40] - cropped[:, 0, 4, 24]) / (40 - 24) / 4  # of the slope of 4
    counts = torch.histc(scale.square(), bins=3, min=0.24, max=1.02)
    assert counts.sum() == 1000
    assert counts.min() > 280
