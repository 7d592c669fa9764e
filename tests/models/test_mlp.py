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


@pytest.mark.parametrize(("norm", "dim"), [("batch", 0), ("layer", 1)])
def test_a_norm_standardises_each_hidden_layer_before_its_activation(norm, dim):
    torch.manual_seed(0)
    net = MLP(**DIGIT, depth=1, activation="tanh", norm=norm)
    x = torch.randn(5, 1, 8, 8)
    w1, b1, gain, shift, w2, b2 = net.parameters()
    nn.init.normal_(gain)
    nn.init.normal_(shift)
    units = F.linear(x.view(5, 64), w1, b1)
    units = (units - units.mean(dim, keepdim=True)) / (
        units.var(dim, correction=0, keepdim=True) + 1e-5
    ).sqrt()
    torch.testing.assert_close(net(x), F.linear(torch.tanh(units * gain + shift), w2, b2))


def test_every_hidden_layer_has_a_norm():
    plain, normed = (MLP(**DIGIT, depth=3, norm=norm) for norm in ("none", "layer"))
    sizes = [sum(p.numel() for p in net.parameters()) for net in (plain, normed)]
    assert sizes[1] - sizes[0] == 3 * 2 * 16


def test_samples_do_not_see_each_other():
    net = MLP(**DIGIT, depth=2)
    x = torch.randn(5, 1, 8, 8)
    torch.testing.assert_close(net(x)[3:4], net(x[3:4]))


def test_in_evaluation_batch_norm_takes_its_running_statistics():
    net = MLP(**DIGIT, norm="batch")
    x = torch.randn(5, 1, 8, 8)
    net(x)
    torch.testing.assert_close(net.eval()(x)[3:4], net(x[3:4]))


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


TEXT = {"input_shape": (8,), "num_outputs": 11, "vocab_size": 11, "width": 6, "depth": 1}


def test_text_is_read_through_a_window_with_nothing_before_its_start():
    torch.manual_seed(0)
    net = MLP(**TEXT, window=3, activation="tanh")
    tokens = torch.tensor([[4, 0, 7, 7]])
    e4, e0, e7 = net.embedding.weight[[4, 0, 7]]
    none = torch.zeros(6)
    windows = [(none, none, e4), (none, e4, e0), (e4, e0, e7), (e0, e7, e7)]
    x = torch.stack([torch.stack(window, dim=1).flatten() for window in windows])
    _, w1, b1, w2, b2 = net.parameters()
    expected = F.linear(torch.tanh(F.linear(x, w1, b1)), w2, b2)
    torch.testing.assert_close(net(tokens), expected[None])


@pytest.mark.parametrize("window", [1, 3, 8, 20])
@pytest.mark.parametrize("changed", [0, 4, 7])
def test_logits_depend_on_the_tokens_of_their_window_and_no_others(window, changed):
    torch.manual_seed(0)
    net = MLP(**TEXT, window=window, activation="tanh")
    tokens = torch.randint(11, (1, 8))
    other = tokens.clone()
    other[0, changed] = (other[0, changed] + 1) % 11
    differs = (net(tokens) - net(other))[0].abs().amax(-1) > 1e-5
    assert differs.tolist() == [changed <= t < changed + window for t in range(8)]


def test_batch_norm_of_text_is_refused_since_it_shows_what_is_to_come():
    with pytest.raises(ValueError, match="layer"):
        MLP(input_shape=(4,), num_outputs=5, vocab_size=5, norm="batch")
