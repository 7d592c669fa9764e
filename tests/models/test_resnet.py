from math import sqrt

import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from leyden.models import ResNet

SMALL = {"input_shape": (3, 16, 16), "num_outputs": 5, "width": 4}
TORCHVISION = {
    18: torchvision.models.resnet18,
    34: torchvision.models.resnet34,
    50: torchvision.models.resnet50,
}


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("depth", [18, 34, 50])
def test_with_torchvisions_weights_the_outputs_are_torchvisions(depth):
    theirs = TORCHVISION[depth](num_classes=10)
    x = torch.randn(2, 3, 96, 96)
    theirs(x)  # so that running statistics are not those of the start
    ours = ResNet(input_shape=(3, 96, 96), num_outputs=10, depth=depth).eval()
    values = theirs.state_dict().values()
    ours.load_state_dict(dict(zip(ours.state_dict(), values, strict=True)))
    torch.testing.assert_close(ours(x), theirs.eval()(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("depth", "count"), [(18, 11_689_512), (34, 21_797_672), (50, 25_557_032)])
def test_at_imagenets_size_parameters_are_as_many_as_torchvision_lists(depth, count):
    with torch.device("meta"):
        net = ResNet(input_shape=(3, 224, 224), num_outputs=1000, depth=depth)
    assert sum(p.numel() for p in net.parameters()) == count


def size_after_stem(size, **options):
    net = ResNet(input_shape=(3, *size), num_outputs=5, width=4, **options).eval()
    return tuple(net.start(net.stem(torch.zeros(1, 3, *size))).shape[2:])


@pytest.mark.parametrize("size", [(1, 1), (5, 8), (32, 32), (64, 64)])
def test_up_to_64_pixels_the_stem_keeps_the_size(size):
    assert size_after_stem(size) == size


@pytest.mark.parametrize(("size", "after"), [((65, 65), (17, 17)), ((32, 96), (8, 24))])
def test_above_64_pixels_the_stem_halves_the_size_twice(size, after):
    assert size_after_stem(size) == after


@pytest.mark.parametrize(
    ("size", "stem", "after"), [((96, 96), "small", (96, 96)), ((32, 32), "large", (8, 8))]
)
def test_the_stem_may_be_chosen(size, stem, after):
    assert size_after_stem(size, stem=stem) == after


@pytest.mark.parametrize(("depth", "channels"), [(18, 32), (34, 32), (50, 128)])
def test_each_stage_after_the_first_halves_the_map_and_doubles_the_channels(depth, channels):
    net = ResNet(**SMALL, depth=depth)
    maps = net.blocks(net.start(net.stem(torch.zeros(2, 3, 16, 16))))
    assert maps.shape == (2, channels, 2, 2)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(channels=st.integers(1, 3), size=st.lists(st.integers(1, 20), min_size=2, max_size=2))
def test_images_of_any_size_are_read(channels, size):
    net = ResNet(input_shape=(channels, *size), num_outputs=5, width=2)
    assert net(torch.randn(2, channels, *size)).shape == (2, 5)


@pytest.mark.parametrize(("norm", "biased"), [("none", True), ("batch", False), ("group", False)])
def test_convolutions_have_a_bias_only_without_a_norm(norm, biased):
    convolutions = [m for m in ResNet(**SMALL, norm=norm).modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 20  # 1 in the stem, 16 in the blocks, 3 in shortcuts
    assert {conv.bias is not None for conv in convolutions} == {biased}


@pytest.mark.parametrize(("norm", "changes"), [("batch", True), ("group", False)])
def test_only_batch_norm_changes_in_evaluation(norm, changes):
    net, x = ResNet(**SMALL, norm=norm), torch.randn(5, 3, 16, 16)
    assert torch.allclose(net(x), net.eval()(x), atol=1e-6) is not changes


def test_dropout_drops_in_training_only():
    kept, dropping = (ResNet(**SMALL, norm="group", dropout=rate) for rate in (0.0, 0.5))
    dropping.load_state_dict(kept.state_dict())
    x = torch.randn(5, 3, 16, 16)
    assert not torch.allclose(dropping(x), kept(x))
    torch.testing.assert_close(dropping.eval()(x), kept(x))


def test_kernels_start_with_the_standard_deviation_of_their_fan_out():
    net = ResNet(input_shape=(3, 32, 32), num_outputs=5, width=64)
    kernels = [p for p in net.parameters() if p.ndim == 4]
    for kernel in kernels:
        fan_out = kernel.shape[0] * kernel.shape[2] * kernel.shape[3]
        assert kernel.std().item() == pytest.approx(sqrt(2 / fan_out), rel=0.06)


@pytest.mark.parametrize("depth", [18, 50])
@pytest.mark.parametrize("norm", ["none", "batch", "group"])
def test_every_parameter_gets_a_gradient(depth, norm):
    net = ResNet(**SMALL, depth=depth, norm=norm, activation="gelu")
    net(torch.randn(5, 3, 16, 16)).square().sum().backward()
    assert [name for name, p in net.named_parameters() if p.grad.abs().sum() == 0] == []


@pytest.mark.parametrize("depth", [18, 50])
def test_on_a_series_it_is_the_network_of_an_image_of_one_row(depth):
    length = 24
    image = ResNet(input_shape=(3, 1, length), num_outputs=5, width=4, depth=depth).eval()
    series = ResNet(input_shape=(length, 3), num_outputs=5, width=4, depth=depth).eval()
    weights = {
        name: weight[:, :, weight.shape[2] // 2] if weight.ndim == 4 else weight
        for name, weight in image.state_dict().items()
    }
    series.load_state_dict(weights)
    x = torch.randn(2, length, 3)
    torch.testing.assert_close(series(x), image(x.movedim(-1, 1)[:, :, None]))
