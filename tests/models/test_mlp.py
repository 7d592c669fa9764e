import pytest
import torch
import torch.nn.functional as F
from torch import nn

from leyden.models import MLP

DIGIT = {"input_shape": (1, 8, 8), "num_outputs": 10, "width": 16}


@pytest.mark.parametrize(
    ("depth", "count"),
    [
        (0, 64 * 10 + 10),
        (1, (64 * 16 + 16) + (16 * 10 + 10)),
        (3, (64 * 16 + 16) + 2 * (16 * 16 + 16) + (16 * 10 + 10)),
    ],
)
def test_parameters_are_those_counted_by_hand(depth, count):
    net = MLP(**DIGIT, depth=depth)
    assert sum(p.numel() for p in net.parameters()) == count


def test_without_hidden_layers_it_is_linear():
    net = MLP(**DIGIT, depth=0)
    x = torch.randn(5, 1, 8, 8)
    torch.testing.assert_close(net(x), x.view(5, 64) @ net.head.weight.T + net.head.bias)


def test_hidden_layers_are_affine_maps_with_an_activation_each():
    net = MLP(**DIGIT, depth=2, activation="tanh")
    x = torch.randn(5, 1, 8, 8)
    w1, b1, w2, b2, w3, b3 = net.parameters()
    hidden = torch.tanh(torch.tanh(x.view(5, 64) @ w1.T + b1) @ w2.T + b2)
    torch.testing.assert_close(net(x), F.linear(hidden, w3, b3))


def test_samples_do_not_see_each_other():
    net = MLP(**DIGIT, depth=2)
    x = torch.randn(5, 1, 8, 8)
    torch.testing.assert_close(net(x)[3:4], net(x[3:4]))


def test_dropout_drops_its_share_of_the_hidden_units_and_scales_up_the_rest():
    torch.manual_seed(0)
    net = MLP(input_shape=(4,), num_outputs=1, width=20_000, depth=1, dropout=0.25)
    nn.init.zeros_(net.hidden[1].weight)
    nn.init.ones_(net.hidden[1].bias)
    units = net.hidden(torch.zeros(1, 4))
    assert (units == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    torch.testing.assert_close(units[units != 0].unique(), torch.tensor([1 / 0.75]))


def test_evaluation_drops_nothing():
    kept, dropping = MLP(**DIGIT), MLP(**DIGIT, dropout=0.5)
    dropping.load_state_dict(kept.state_dict())
    x = torch.randn(5, 1, 8, 8)
    torch.testing.assert_close(dropping.eval()(x), kept(x))


def test_every_parameter_gets_a_gradient():
    net = MLP(**DIGIT, depth=2, activation="tanh")
    net(torch.randn(5, 1, 8, 8)).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in net.parameters())
