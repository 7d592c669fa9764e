import copy

import pytest
import torch
from torch import nn

from leyden.optim import sgd


def small_net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 3))


def take_steps(net, optimizer, *, num_steps):
    inputs = torch.randn(16, 4, generator=torch.Generator().manual_seed(1))
    for _ in range(num_steps):
        optimizer.zero_grad()
        net(inputs).square().mean().backward()
        optimizer.step()


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
def test_three_steps_are_those_of_torchs_plain_sgd(fused, momentum, nesterov):
    net = small_net()
    twin = copy.deepcopy(net)
    groups = [
        {"params": [p for p in twin.parameters() if p.ndim == 2], "weight_decay": 0.5},
        {"params": [p for p in twin.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ]
    plain = torch.optim.SGD(groups, 0.1, momentum, nesterov=nesterov, foreach=False, fused=False)
    options = {"lr": 0.1, "momentum": momentum, "nesterov": nesterov, "weight_decay": 0.5}
    take_steps(net, sgd(net, **options, fused=fused), num_steps=3)
    take_steps(twin, plain, num_steps=3)
    for p, q in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-6)


def test_a_plain_step_is_the_gradient_times_the_rate():
    net = nn.Linear(2, 1, bias=False)
    before = net.weight.detach().clone()
    optimizer = sgd(net, lr=0.5)
    net.weight.grad = torch.tensor([[4.0, -2.0]])
    optimizer.step()
    torch.testing.assert_close(net.weight - before, torch.tensor([[-2.0, 1.0]]))


@pytest.mark.parametrize("decay_vectors", [False, True])
def test_vectors_decay_only_if_asked(decay_vectors):
    net = small_net()
    before = copy.deepcopy(net)
    optimizer = sgd(net, lr=0.1, weight_decay=0.5, decay_vectors=decay_vectors)
    for p in net.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    for p, q in zip(net.parameters(), before.parameters(), strict=True):
        torch.testing.assert_close(p, 0.95 * q if q.ndim == 2 or decay_vectors else q)


def test_a_fused_optimizer_does_not_offer_to_unscale_gradients():
    assert sgd(small_net())._step_supports_amp_scaling is False
