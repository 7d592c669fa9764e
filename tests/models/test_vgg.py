import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from leyden.models import VGG

SMALL = {"input_shape": (3, 16, 16), "num_outputs": 5, "width": 16}


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("depth", "norm", "count"),
    [
        (11, "none", 132_863_336),
        (11, "batch", 132_868_840),
        (16, "none", 138_357_544),
        (16, "batch", 138_365_992),
    ],
)
def test_at_imagenets_size_parameters_are_as_many_as_torchvision_lists(depth, norm, count):
    with torch.device("meta"):
        net = VGG(input_shape=(3, 224, 224), num_outputs=1000, depth=depth, norm=norm)
    assert sum(p.numel() for p in net.parameters()) == count


def random_weights(net):
    """Those of a network on the meta device, drawn: torchvision's own start takes seconds."""
    values = net.to_empty(device="cpu").state_dict()
    for value in values.values():
        if value.ndim >= 2:
            nn.init.kaiming_uniform_(value)
        elif value.is_floating_point():
            nn.init.uniform_(value, 0.5, 1.5)
    return values


@pytest.mark.parametrize(
    ("depth", "norm", "theirs"),
    [(11, "none", torchvision.models.vgg11), (16, "batch", torchvision.models.vgg16_bn)],
)
def test_with_torchvisions_weights_the_outputs_are_torchvisions(depth, norm, theirs):
    with torch.device("meta"):
        theirs = theirs(num_classes=10).eval()
        ours = VGG(input_shape=(3, 96, 96), num_outputs=10, depth=depth, norm=norm).eval()
    names = sorted(ours.state_dict(), key=lambda name: not name.startswith("stem"))
    values = random_weights(theirs).values()
    ours.load_state_dict(dict(zip(names, values, strict=True)), assign=True)
    x = torch.randn(1, 3, 96, 96)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("depth", "channels"),
    [
        (11, [16, 32, 64, 64, 128, 128, 128, 128]),
        (16, [16, 16, 32, 32, 64, 64, 64, 128, 128, 128, 128, 128, 128]),
    ],
)
def test_channels_double_from_stage_to_stage_up_to_eight_times_the_width(depth, channels):
    net = VGG(**SMALL, depth=depth)
    convolutions = [m for m in (net.stem, *net.features) if isinstance(m, nn.Conv2d)]
    assert [conv.out_channels for conv in convolutions] == channels


@pytest.mark.parametrize(
    ("size", "after"), [((8, 8), (1, 1)), ((32, 32), (1, 1)), ((64, 64), (2, 2)), ((5, 9), (1, 2))]
)
def test_small_images_are_pooled_as_long_as_there_is_something_to_pool(size, after):
    net = VGG(input_shape=(3, *size), num_outputs=5, width=4)
    assert net.features(net.stem(torch.randn(2, 3, *size))).shape[2:] == after


def test_small_images_have_the_readout_alone_after_the_convolutions():
    net = VGG(**SMALL, norm="none")
    maps = net.features(net.stem(x := torch.randn(2, 3, 16, 16)))
    torch.testing.assert_close(net(x), net.head(maps.mean((2, 3))))


@settings(deadline=None, max_examples=30, derandomize=True)
@given(
    channels=st.integers(1, 3),
    size=st.lists(st.integers(1, 40), min_size=2, max_size=2),
    depth=st.sampled_from([11, 16]),
)
def test_images_of_any_size_are_read(channels, size, depth):
    net = VGG(input_shape=(channels, *size), num_outputs=5, width=2, depth=depth)
    assert net(torch.randn(2, channels, *size)).shape == (2, 5)


@pytest.mark.parametrize("size", [(65, 65), (3, 100)])
def test_large_images_have_two_hidden_layers(size):
    net = VGG(input_shape=(3, *size), num_outputs=5, width=1)
    matrices = [tuple(p.shape) for p in net.parameters() if p.ndim == 2]
    assert matrices == [(64, 8 * 7 * 7), (64, 64), (5, 64)]
    assert net(torch.randn(2, 3, *size)).shape == (2, 5)


@pytest.mark.parametrize(("norm", "changes"), [("none", False), ("batch", True), ("group", False)])
def test_only_batch_norm_changes_in_evaluation(norm, changes):
    net, x = VGG(**SMALL, norm=norm), torch.randn(5, 3, 16, 16)
    assert torch.allclose(net(x), net.eval()(x), atol=1e-6) is not changes


@pytest.mark.parametrize("size", [(16, 16), (65, 65)])
def test_dropout_drops_in_training_only(size):
    options = {"input_shape": (3, *size), "num_outputs": 5, "width": 16, "norm": "group"}
    kept, dropping = (VGG(**options, dropout=rate) for rate in (0.0, 0.5))
    dropping.load_state_dict(kept.state_dict())
    x = torch.randn(5, 3, *size)
    assert not torch.allclose(dropping(x), kept(x))
    torch.testing.assert_close(dropping.eval()(x), kept(x))


@pytest.mark.parametrize("norm", ["none", "batch", "group"])
def test_every_parameter_gets_a_gradient(norm):
    net = VGG(**SMALL, norm=norm, activation="gelu")
    net(torch.randn(5, 3, 16, 16)).square().sum().backward()
    assert [name for name, p in net.named_parameters() if p.grad.abs().sum() == 0] == []
