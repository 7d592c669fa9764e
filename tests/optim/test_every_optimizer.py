import copy
from functools import partial

import pytest
import torch
from torch import nn

from leyden import optim

DECOUPLED = {
    "adamw": optim.adamw,
    "nadam": optim.nadam,
    "adafactor": optim.adafactor,
    "lion": optim.lion,
    "soap": optim.soap,
    "schedule_free_adamw": optim.schedule_free_adamw,
}
PENALTY = {
    "sgd": partial(optim.sgd, lr=0.01),
    "adam": optim.adam,
    "rmsprop": optim.rmsprop,
    "adagrad": optim.adagrad,
}
ALL = {**DECOUPLED, **PENALTY, "muon": optim.muon}


def parametrised(optimizers):
    return pytest.mark.parametrize("optimizer_of", optimizers.values(), ids=optimizers)


@pytest.fixture
def net():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(16, 8), nn.LayerNorm(8), nn.Linear(8, 3)
    )
    nn.init.normal_(net[3].bias)  # so that it can decay
    return net


def loss_of(net):
    inputs = torch.randn(16, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    return (net(inputs) - 1).square().mean()


def take_steps(net, optimizer, *, num_steps):
    for _ in range(num_steps):
        optimizer.zero_grad()
        loss_of(net).backward()
        optimizer.step()


def take_idle_step(net, optimizer):
    """A step with no gradient to follow: only the decay is left."""
    for p in net.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()


@parametrised(ALL)
def test_the_loss_falls(net, optimizer_of):
    before = loss_of(net).item()
    take_steps(net, optimizer_of(net), num_steps=20)
    assert loss_of(net).item() < before


@parametrised(ALL)
def test_a_restored_state_dict_continues_identically(net, optimizer_of):
    optimizer = optimizer_of(net)
    take_steps(net, optimizer, num_steps=3)
    twin = copy.deepcopy(net)
    restored = optimizer_of(twin)
    restored.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    take_steps(net, optimizer, num_steps=12)
    take_steps(twin, restored, num_steps=12)
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), twin.parameters(), strict=True))


@parametrised(ALL)
def test_a_checkpoint_of_its_state_is_read_as_plain_data(net, optimizer_of, tmp_path):
    optimizer = optimizer_of(net)
    take_steps(net, optimizer, num_steps=3)
    torch.save(optimizer.state_dict(), tmp_path / "state.pt")
    restored = torch.load(tmp_path / "state.pt", weights_only=True)
    assert restored.keys() == optimizer.state_dict().keys()


@parametrised(ALL)
def test_frozen_parameters_stay(net, optimizer_of):
    net[0].requires_grad_(False)
    before = copy.deepcopy(net[0])
    take_steps(net, optimizer_of(net), num_steps=3)
    assert torch.equal(net[0].weight, before.weight)


@parametrised(DECOUPLED)
@pytest.mark.parametrize("decay_vectors", [False, True])
def test_an_idle_step_shrinks_matrices_by_rate_times_decay(net, optimizer_of, decay_vectors):
    optimizer = optimizer_of(net, lr=0.1, weight_decay=0.5, decay_vectors=decay_vectors)
    if optimizer_of is optim.soap:
        take_idle_step(net, optimizer)  # it only looks
    before = copy.deepcopy(net)
    take_idle_step(net, optimizer)
    for p, q in zip(net.parameters(), before.parameters(), strict=True):
        torch.testing.assert_close(p, 0.95 * q if q.ndim >= 2 or decay_vectors else q)


@parametrised(PENALTY)
@pytest.mark.parametrize("decay_vectors", [False, True])
def test_a_penalty_pulls_matrices_against_their_sign(net, optimizer_of, decay_vectors):
    before = copy.deepcopy(net)
    take_idle_step(net, optimizer_of(net, weight_decay=0.5, decay_vectors=decay_vectors))
    for p, q in zip(net.parameters(), before.parameters(), strict=True):
        pulled = q.sign() if q.ndim >= 2 or decay_vectors else torch.zeros_like(q)
        assert torch.equal((q - p).sign(), pulled)


@pytest.mark.parametrize("name", ["adam", "adagrad", "adamw", "sgd"])
def test_a_fused_optimizer_does_not_offer_to_unscale_gradients(net, name):
    assert ALL[name](net)._step_supports_amp_scaling is False
