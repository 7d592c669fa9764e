import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.models import CNN

DIGIT = {"input_shape": (1, 8, 8), "num_outputs": 10, "width": 4}


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def layers(net):
    """Convolutions and linear layers in the order in which the data meets them."""
    return [m for m in (net.stem, *net.features, *net.hidden, net.head) if hasattr(m, "weight")]


def test_parameters_are_those_counted_by_hand():
    net = CNN(input_shape=(3, 32, 32), num_outputs=10, width=32, depth=2)
    count = (27 * 32 + 32) + (9 * 32 * 64 + 64) + (64 * 8 * 8 * 128 + 128) + (128 * 10 + 10)
    assert sum(p.numel() for p in net.parameters()) == count


def test_an_image_is_convolved_rectified_and_pooled_layer_by_layer():
    net = CNN(**DIGIT, depth=2)
    x = torch.randn(5, 1, 8, 8)
    conv1, conv2, hidden, head = layers(net)
    maps = F.max_pool2d(F.conv2d(x, conv1.weight, conv1.bias, padding=1).relu(), 2)
    maps = F.max_pool2d(F.conv2d(maps, conv2.weight, conv2.bias, padding=1).relu(), 2)
    units = F.linear(maps.flatten(1), hidden.weight, hidden.bias).relu()
    torch.testing.assert_close(net(x), F.linear(units, head.weight, head.bias))


def test_a_series_is_convolved_along_time():
    net = CNN(input_shape=(12, 3), num_outputs=2, width=4, depth=1)
    x = torch.randn(5, 12, 3)
    conv, hidden, head = layers(net)
    maps = F.max_pool1d(F.conv1d(x.mT, conv.weight, conv.bias, padding=1).relu(), 2)
    units = F.linear(maps.flatten(1), hidden.weight, hidden.bias).relu()
    torch.testing.assert_close(net(x), F.linear(units, head.weight, head.bias))


def test_the_features_of_a_series_are_channels_of_the_stem():
    net = CNN(input_shape=(12, 3), num_outputs=2, width=4)
    x, order = torch.randn(5, 12, 3), [2, 0, 1]
    before = net(x)
    net.stem.weight.data = net.stem.weight.data[:, order]
    torch.testing.assert_close(net(x[..., order]), before)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(
    channels=st.integers(1, 3),
    size=st.lists(st.integers(1, 20), min_size=2, max_size=2),
    depth=st.integers(1, 8),
)
def test_images_of_any_size_go_through_any_depth(channels, size, depth):
    net = CNN(input_shape=(channels, *size), num_outputs=5, width=2, depth=depth)
    assert net(torch.zeros(2, channels, *size)).shape == (2, 5)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(lags=st.integers(1, 20), features=st.integers(1, 4), depth=st.integers(1, 8))
def test_series_of_any_length_go_through_any_depth(lags, features, depth):
    net = CNN(input_shape=(lags, features), num_outputs=3, width=2, depth=depth)
    assert net(torch.zeros(2, lags, features)).shape == (2, 3)


def test_channels_double_until_the_map_cannot_be_halved():
    net = CNN(input_shape=(1, 5, 4), num_outputs=5, width=2, depth=5)  # 5x4, 2x2, 1x1
    assert [conv.out_channels for conv in layers(net)[:5]] == [2, 4, 4, 4, 4]


@pytest.mark.parametrize("input_shape", [(1, 8, 8), (8, 3)])
@pytest.mark.parametrize("norm", ["batch", "group"])
def test_a_norm_has_a_gain_and_a_shift_of_each_channel(input_shape, norm):
    options = {"input_shape": input_shape, "num_outputs": 10, "width": 4, "depth": 2}
    nets = CNN(**options), CNN(**options, norm=norm)
    sizes = [sum(p.numel() for p in net.parameters()) for net in nets]
    assert sizes[1] - sizes[0] == 2 * (4 + 8)


@pytest.mark.parametrize(("norm", "changes"), [("none", False), ("batch", True), ("group", False)])
def test_only_batch_norm_changes_in_evaluation(norm, changes):
    net, x = CNN(**DIGIT, norm=norm), torch.randn(5, 1, 8, 8)
    assert torch.allclose(net(x), net.eval()(x)) is not changes


@pytest.mark.parametrize("norm", ["none", "batch", "group"])
def test_in_evaluation_samples_do_not_see_each_other(norm):
    net, x = CNN(**DIGIT, norm=norm).eval(), torch.randn(5, 1, 8, 8)
    torch.testing.assert_close(net(x)[3:4], net(x[3:4]))


def test_dropout_drops_in_training_only():
    kept, dropping = CNN(**DIGIT), CNN(**DIGIT, dropout=0.5)
    dropping.load_state_dict(kept.state_dict())
    x = torch.randn(5, 1, 8, 8)
    assert not torch.allclose(dropping(x), kept(x))
    torch.testing.assert_close(dropping.eval()(x), kept(x))


def test_every_parameter_gets_a_gradient():
    net = CNN(**DIGIT, norm="batch", activation="tanh")
    net(torch.randn(5, 1, 8, 8)).square().sum().backward()
    names = [name for name, p in net.named_parameters() if p.grad.abs().sum() == 0]
    assert names == []
