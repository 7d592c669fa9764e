import pytest
from torch import nn

from leyden.models import CNN, GPT, MLP, RNN, VGG, ResNet
from leyden.optim import decay_groups, hidden_matrices


@pytest.fixture
def gpt():
    return GPT(vocab_size=50, context=8, width=16, depth=2, head_dim=8)


def names(net, parameters):
    name_of = {id(p): name for name, p in net.named_parameters()}
    return [name_of[id(p)] for p in parameters]


def test_matrices_decay_and_vectors_do_not():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))
    decayed, kept = decay_groups(net, weight_decay=0.3)
    assert (decayed["weight_decay"], kept["weight_decay"]) == (0.3, 0.0)
    assert names(net, decayed["params"]) == ["0.weight", "2.weight"]
    assert names(net, kept["params"]) == ["0.bias", "1.weight", "1.bias", "2.bias"]


def test_vectors_decay_too_if_asked(gpt):
    (group,) = decay_groups(gpt, weight_decay=0.3, decay_vectors=True)
    assert group["weight_decay"] == 0.3
    assert names(gpt, group["params"]) == [name for name, _ in gpt.named_parameters()]


def test_every_parameter_is_in_one_group_even_if_two_modules_share_it(gpt):
    grouped = [
        name for g in decay_groups(gpt, weight_decay=0.3) for name in names(gpt, g["params"])
    ]
    assert sorted(grouped) == sorted(name for name, _ in gpt.named_parameters())


def test_frozen_parameters_are_in_no_group():
    net = MLP(input_shape=(4,), num_outputs=2, depth=1)
    net.hidden.requires_grad_(False)
    grouped = [
        name for g in decay_groups(net, weight_decay=0.3) for name in names(net, g["params"])
    ]
    assert grouped == ["head.weight", "head.bias"]


def test_there_is_no_empty_group():
    (group,) = decay_groups(nn.Linear(2, 2, bias=False), weight_decay=0.3)
    assert len(group["params"]) == 1


def test_a_gpts_hidden_matrices_are_the_four_of_each_block(gpt):
    assert names(gpt, hidden_matrices(gpt)) == [
        f"blocks.{block}.{matrix}.weight"
        for block in (0, 1)
        for matrix in ("attention.qkv", "attention.proj", "mlp.fc", "mlp.proj")
    ]


def test_an_mlps_hidden_matrices_leave_out_its_head():
    net = MLP(input_shape=(4,), num_outputs=2, depth=2)
    assert names(net, hidden_matrices(net)) == ["hidden.1.weight", "hidden.4.weight"]


@pytest.mark.parametrize("network", [CNN, ResNet, VGG])
def test_a_convolutional_networks_hidden_matrices_leave_out_its_stem_and_head(network):
    net = network(input_shape=(1, 8, 8), num_outputs=3, width=4)
    left_out = {name for name, p in net.named_parameters() if p.ndim >= 2}
    left_out -= set(names(net, hidden_matrices(net)))
    assert left_out == {"stem.weight", "head.weight"}


def test_a_recurrent_networks_hidden_matrices_leave_out_its_embedding_and_head():
    net = RNN(input_shape=(8,), num_outputs=11, vocab_size=11, width=4, depth=1)
    assert names(net, hidden_matrices(net)) == ["layers.weight_ih_l0", "layers.weight_hh_l0"]


def test_kernels_are_hidden_matrices():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))
    assert names(net, hidden_matrices(net)) == ["0.weight"]


def test_frozen_matrices_are_left_out(gpt):
    gpt.blocks[0].requires_grad_(False)
    assert all(name.startswith("blocks.1.") for name in names(gpt, hidden_matrices(gpt)))
