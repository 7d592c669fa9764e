import copy

import pytest
import torch
from torch import nn

from leyden.optim import adamw


def small_net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 3))


def take_steps(net, optimizer, *, num_steps):
    inputs = torch.randn(16, 4, generator=torch.Generator().manual_seed(1))
    for _ in range(num_steps):
        optimizer.zero_grad()
        net(inputs).square().mean().backward()
        optimizer.step()


def take_idle_step(net, optimizer):
    """A step with no gradient to follow: only the decay is left."""
    for p in net.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()


@pytest.mark.parametrize("fused", [True, False])
def test_three_steps_are_those_of_torchs_plain_adamw(fused):
    net = small_net()
    twin = copy.deepcopy(net)
    groups = [
        {"params": [p for p in twin.parameters() if p.ndim == 2], "weight_decay": 0.5},
        {"params": [p for p in twin.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ]
    plain = torch.optim.AdamW(groups, 0.1, (0.8, 0.9), 1e-6, foreach=False, fused=False)
    take_steps(
        net,
        adamw(net, lr=0.1, betas=(0.8, 0.9), eps=1e-6, weight_decay=0.5, fused=fused),
        num_steps=3,
    )
    take_steps(twin, plain, num_steps=3)
    for p, q in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-6)


def test_an_idle_step_shrinks_matrices_by_rate_times_decay_and_leaves_vectors():
    net = small_net()
    before = copy.deepcopy(net)
    take_idle_step(net, adamw(net, lr=0.1, weight_decay=0.5))
    for p, q in zip(net.parameters(), before.parameters(), strict=True):
        torch.testing.assert_close(p, 0.95 * q if q.ndim == 2 else q)


def test_vectors_decay_too_if_asked():
    net = small_net()
    before = copy.deepcopy(net)
    take_idle_step(net, adamw(net, lr=0.1, weight_decay=0.5, decay_vectors=True))
    for p, q in zip(net.parameters(), before.parameters(), strict=True):
        torch.testing.assert_close(p, 0.95 * q)


def test_first_step_moves_each_weight_by_the_learning_rate():
    net = nn.Linear(3, 1, bias=False)
    before = net.weight.detach().clone()
    optimizer = adamw(net, lr=0.01, weight_decay=0.0)
    net.weight.grad = torch.tensor([[5.0, -0.2, 1.0]])
    optimizer.step()
    torch.testing.assert_close(net.weight - before, torch.tensor([[-0.01, 0.01, -0.01]]))


def test_a_fused_optimizer_does_not_offer_to_unscale_gradients():
    assert adamw(small_net())._step_supports_amp_scaling is False
