"""Learning rates by layer and name, against steps computed by hand."""

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from leyden.config.instantiate import make
from leyden.config.location import CONF
from leyden.models import GPT
from leyden.optim.patterns import matches, matching_parameters
from leyden.optim.rates import rate_factors, split_by_rate
from leyden.optim.schedules import cosine
from leyden.tasks.factories import OptimizerFactory

OPTIMIZERS = sorted(file.stem for file in (CONF / "optimizer").glob("*.yaml"))


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 4), nn.Linear(4, 2))


def by_id(net, factors):
    return {id(parameter): factors[name] for name, parameter in net.named_parameters()}


@pytest.mark.parametrize(
    ("pattern", "name", "does"),
    [
        ("layer1", "layer1.0.conv1.weight", True),
        ("layer1", "layer10.weight", False),
        ("layer1.0", "layer1.0.conv1.weight", True),
        ("*.bias", "layer1.0.conv1.bias", True),
        ("layer[12]", "layer2.weight", True),
        ("blocks.*.attention", "blocks.3.attention.qkv.weight", True),
        ("conv1", "layer1.0.conv1.weight", False),
    ],
)
def test_a_pattern_names_a_parameter_or_a_module_around_it(pattern, name, does):
    assert matches(pattern, name) is does


def test_factors_of_layers_and_of_patterns_multiply():
    factors = rate_factors(network(), layer_decay=0.5, lr_multipliers={"*.bias": 10})
    assert factors == {
        "0.weight": 0.125,
        "0.bias": 1.25,
        "1.weight": 0.25,
        "1.bias": 2.5,
        "2.weight": 0.5,
        "2.bias": 5,
        "3.weight": 1,
        "3.bias": 10,
    }


def test_a_tied_parameter_goes_by_each_of_its_names():
    net = GPT(vocab_size=5, context=4, width=8, depth=1, head_dim=4)
    assert net.head.weight is net.token_embedding.weight
    assert [*matching_parameters(net, "head")] == ["token_embedding.weight"]
    assert rate_factors(net, lr_multipliers={"head": 2})["token_embedding.weight"] == 2


def test_each_parameter_steps_by_its_own_rate():
    net = network()
    before = {name: one.detach().clone() for name, one in net.named_parameters()}
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    factors = rate_factors(net, layer_decay=0.5)
    split_by_rate(optimizer, by_id(net, factors))
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    for name, parameter in net.named_parameters():
        torch.testing.assert_close(parameter, before[name] - 0.1 * factors[name])


def test_a_schedule_scales_all_rates_alike():
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    split_by_rate(optimizer, by_id(net, rate_factors(net, layer_decay=0.5)))
    schedule = cosine(optimizer, 10, final_fraction=0.0)
    for _ in range(5):
        optimizer.step()
        schedule.step()
    rates = [group["lr"] for group in optimizer.param_groups]
    assert rates[0] < 0.1
    assert rates == pytest.approx([rates[0] * 0.5**place for place in range(4)])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_keeps_its_groups_and_takes_the_largest_rate_first(name):
    net = network()
    node = OmegaConf.load(CONF / "optimizer" / f"{name}.yaml")
    plain = OptimizerFactory(make(node))(net)
    split = OptimizerFactory(make(node), lambda net: rate_factors(net, layer_decay=0.5))(net)
    factors = by_id(net, rate_factors(net, layer_decay=0.5))
    rates = {id(p): group["lr"] for group in plain.param_groups for p in group["params"]}
    found = {id(p): group["lr"] for group in split.param_groups for p in group["params"]}
    assert found == pytest.approx({one: rate * factors[one] for one, rate in rates.items()})
    assert split.param_groups[0]["lr"] == plain.param_groups[0]["lr"]
