import pytest
import torch
import torch.nn.functional as F

from leyden.models import RNN

SERIES = {"input_shape": (5, 3), "num_outputs": 2, "width": 4}
TEXT = {"input_shape": (8,), "num_outputs": 11, "vocab_size": 11, "width": 6}
CELLS = pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def rnn_by_hand(inner, outer, h, c):
    return (inner + outer).tanh(), c


def gru_by_hand(inner, outer, h, c):
    reset, update = ((inner + outer).chunk(3, dim=-1)[i].sigmoid() for i in (0, 1))
    new = (inner.chunk(3, dim=-1)[2] + reset * outer.chunk(3, dim=-1)[2]).tanh()
    return (1 - update) * new + update * h, c


def lstm_by_hand(inner, outer, h, c):
    enter, forget, new, leave = (inner + outer).chunk(4, dim=-1)
    c = forget.sigmoid() * c + enter.sigmoid() * new.tanh()
    return leave.sigmoid() * c.tanh(), c


def states_by_hand(formula, x, w_in, w_state, b_in, b_state):
    h = c = torch.zeros(len(x), w_state.shape[1])
    states = []
    for t in range(x.shape[1]):
        h, c = formula(F.linear(x[:, t], w_in, b_in), F.linear(h, w_state, b_state), h, c)
        states.append(h)
    return torch.stack(states, dim=1)


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize(
    ("cell", "formula"), [("rnn", rnn_by_hand), ("gru", gru_by_hand), ("lstm", lstm_by_hand)]
)
def test_a_series_is_read_lag_by_lag_and_the_last_state_read_out(cell, formula, depth):
    net = RNN(**SERIES, cell=cell, depth=depth)
    x = states = torch.randn(6, 5, 3)
    *layers, w, b = net.parameters()
    for layer in range(depth):
        states = states_by_hand(formula, states, *layers[4 * layer : 4 * layer + 4])
    torch.testing.assert_close(net(x), F.linear(states[:, -1], w, b))


@CELLS
def test_an_image_is_read_as_the_series_of_its_rows_from_the_top(cell):
    image_net = RNN(input_shape=(2, 5, 3), num_outputs=4, cell=cell, width=4)
    series_net = RNN(input_shape=(5, 6), num_outputs=4, cell=cell, width=4)
    series_net.load_state_dict(image_net.state_dict())
    images = torch.randn(7, 2, 5, 3)
    rows = torch.stack([images[:, :, row].flatten(1) for row in range(5)], dim=1)
    torch.testing.assert_close(image_net(images), series_net(rows))


@CELLS
def test_text_is_read_as_a_series_of_embeddings_and_read_out_at_each_token(cell):
    net = RNN(**TEXT, cell=cell)
    series_net = RNN(input_shape=(8, 6), num_outputs=11, cell=cell, width=6)
    series_net.load_state_dict(net.state_dict(), strict=False)
    tokens = torch.randint(11, (2, 8))
    x = net.embedding(tokens)
    expected = torch.stack([series_net(x[:, : t + 1]) for t in range(8)], dim=1)
    torch.testing.assert_close(net(tokens), expected)


@CELLS
@pytest.mark.parametrize("changed", [0, 4, 7])
def test_a_changed_token_changes_the_logits_from_there_on(cell, changed):
    net = RNN(**TEXT, cell=cell, depth=2)
    tokens = torch.randint(11, (1, 8))
    other = tokens.clone()
    other[0, changed] = (other[0, changed] + 1) % 11
    differs = (net(tokens) - net(other))[0].abs().amax(-1) > 1e-6
    assert differs.tolist() == [t >= changed for t in range(8)]


@CELLS
@pytest.mark.parametrize("depth", [1, 2])
def test_two_halves_read_on_are_one_reading(cell, depth):
    net = RNN(**TEXT, cell=cell, depth=depth)
    tokens = torch.randint(11, (2, 8))
    first, state = net.forward_with_state(tokens[:, :5], None)
    second, _ = net.forward_with_state(tokens[:, 5:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), net(tokens))


@pytest.mark.parametrize("depth", [1, 2])
def test_dropout_drops_in_training_only(depth):
    kept, dropping = (RNN(**SERIES, depth=depth, dropout=rate) for rate in (0.0, 0.5))
    dropping.load_state_dict(kept.state_dict())
    x = torch.randn(6, 5, 3)
    assert not torch.allclose(dropping(x), kept(x))
    torch.testing.assert_close(dropping.eval()(x), kept(x))


@pytest.mark.parametrize(("depth", "rate"), [(1, 0.0), (2, 0.5), (3, 0.5)])
def test_between_layers_is_dropout_where_there_are_several(depth, rate):
    assert RNN(**SERIES, depth=depth, dropout=0.5).layers.dropout == rate


@CELLS
@pytest.mark.parametrize("options", [SERIES, TEXT], ids=["series", "text"])
def test_every_parameter_gets_a_gradient(cell, options):
    net = RNN(**options, cell=cell, depth=2)
    x = torch.randint(11, (6, 8)) if options is TEXT else torch.randn(6, 5, 3)
    net(x).square().sum().backward()
    assert [name for name, p in net.named_parameters() if p.grad.abs().sum() == 0] == []


@CELLS
@pytest.mark.parametrize("options", [SERIES, TEXT], ids=["series", "text"])
def test_the_head_reads_the_features(cell, options):
    net = RNN(**options, cell=cell)
    x = torch.randint(11, (6, 8)) if options is TEXT else torch.randn(6, 5, 3)
    assert torch.equal(net.head(net.features(x)), net(x))
