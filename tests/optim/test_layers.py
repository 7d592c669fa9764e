"""Layers of networks, against those that timm knows and those that hands have listed."""

import pytest
import timm
import torch
from timm.optim import param_groups_layer_decay
from torch import nn
from torchvision import models

from leyden.models import GPT, MLP
from leyden.optim.layers import layers_of
from leyden.optim.rates import rate_factors


def parts(net):
    """The modules that the parameters of each layer are in, without repetition."""
    return [list(dict.fromkeys(name.rpartition(".")[0] for name in one)) for one in layers_of(net)]


def test_the_blocks_of_a_resnet_are_layers_between_its_stem_and_its_head():
    with torch.device("meta"):
        layers = layers_of(models.resnet18())
    firsts = [layer[0].rpartition(".")[0] for layer in layers]
    blocks = [f"layer{stage}.{block}.conv1" for stage in (1, 2, 3, 4) for block in (0, 1)]
    assert firsts == ["conv1", *blocks, "fc"]
    assert layers[0] == ["conv1.weight", "bn1.weight", "bn1.bias"]


def test_embeddings_are_a_layer_and_so_are_the_last_norm_and_the_head():
    sizes = {"vocab_size": 5, "context": 4, "width": 8, "depth": 2, "head_dim": 4}
    first, *blocks, last = parts(GPT(**sizes, tied_head=False))
    assert first == ["token_embedding", "position_embedding"]
    assert [block[0].rpartition(".")[0] for block in blocks] == ["blocks.0", "blocks.1"]
    assert last == ["norm", "head"]


def test_each_linear_of_an_mlp_is_a_layer():
    assert parts(MLP(input_shape=(3,), num_outputs=2, depth=2)) == [
        ["hidden.1"],
        ["hidden.4"],
        ["head"],
    ]


def test_a_network_without_lists_is_one_layer():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)

    assert len(layers_of(Two())) == 1


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "deit_tiny_patch16_224", "resnet18"])
def test_rates_by_layer_are_those_of_timm(name):
    with torch.device("meta"):
        net = timm.create_model(name)
    names = {id(parameter): one for one, parameter in net.named_parameters()}
    theirs = {
        names[id(parameter)]: group["lr_scale"]
        for group in param_groups_layer_decay(net, layer_decay=0.6)
        for parameter in group["params"]
    }
    ours = rate_factors(net, layer_decay=0.6)
    for name in ("norm.weight", "norm.bias"):  # with the head, as in BEiT; timm has it with a block
        assert ours.pop(name, 1.0) == 1.0
        theirs.pop(name, None)
    assert ours == pytest.approx(theirs)


@pytest.mark.parametrize("name", ["vgg11", "convnext_tiny", "densenet121", "swin_t", "vit_b_16"])
def test_every_parameter_is_in_one_layer(name):
    with torch.device("meta"):
        net = models.get_model(name, weights=None)
    names = [one for layer in layers_of(net) for one in layer]
    assert sorted(names) == sorted(one for one, _ in net.named_parameters())
    assert len(layers_of(net)) > 9
