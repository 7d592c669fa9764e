import copy

import numpy as np
import pytest
import torch
from torch import nn

from leyden.models import GPT, MLP
from leyden.optim import Muon, muon
from leyden.optim.muon import orthogonalize

SHAPES = pytest.mark.parametrize("shape", [(64, 32), (32, 64), (16, 80)])


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def give_gradients(net, *, seed):
    generator = torch.Generator().manual_seed(seed)
    for p in net.parameters():
        p.grad = torch.randn(p.shape, generator=generator)


def take_steps(net, optimizer, seeds):
    for seed in seeds:
        give_gradients(net, seed=seed)
        optimizer.step()


def newton_schulz_by_hand(matrix):
    x = matrix / np.linalg.norm(matrix)
    for _ in range(5):
        x = 3.4445 * x - 4.7750 * x @ x.T @ x + 2.0315 * x @ x.T @ x @ x.T @ x
    return x


def muon_by_hand(weight, gradients, *, lr, momentum, weight_decay, nesterov=True):
    """One matrix in double precision, after Jordan et al."""
    w = weight.detach().double().numpy()
    mean = np.zeros_like(w)
    for gradient in gradients:
        g = gradient.double().numpy()
        mean = momentum * mean + (1 - momentum) * g
        update = newton_schulz_by_hand(momentum * mean + (1 - momentum) * g if nesterov else mean)
        w = w * (1 - lr * weight_decay) - lr * max(1, w.shape[0] / w.shape[1]) ** 0.5 * update
    return torch.from_numpy(w).float()


@SHAPES
def test_orthogonalize_brings_singular_values_near_one(shape):
    values = torch.linalg.svdvals(orthogonalize(gaussian(1, *shape), num_iterations=5)[0])
    assert values.min() > 0.6
    assert values.max() < 1.3


def test_five_iterations_bring_to_one_what_is_above_a_600th_of_the_norm():
    values = torch.logspace(-6, 0, 300, dtype=torch.float64)
    relative = values / values.norm()
    found = orthogonalize(torch.diag(values)[None], num_iterations=5)[0].diagonal()
    large = relative > 1 / 600
    assert found[large].min() > 0.68
    assert found.max() < 1.21
    assert (found[~large] <= 485 * relative[~large] * (1 + 1e-6)).all()


@SHAPES
def test_orthogonalize_is_close_to_the_nearest_orthogonal_matrix(shape):
    matrix = gaussian(1, *shape)
    u, _, vh = torch.linalg.svd(matrix[0], full_matrices=False)
    result = orthogonalize(matrix, num_iterations=5)[0]
    assert torch.cosine_similarity(result.flatten(), (u @ vh).flatten(), dim=0) > 0.97


@SHAPES
def test_orthogonalize_keeps_the_singular_vectors(shape):
    matrix = gaussian(1, *shape)
    u, _, vh = torch.linalg.svd(matrix[0], full_matrices=False)
    seen = u.T @ orthogonalize(matrix, num_iterations=5)[0] @ vh.T
    torch.testing.assert_close(seen, torch.diag(seen.diagonal()), rtol=0, atol=1e-4)


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_orthogonalize_does_not_depend_on_the_scale(factor):
    matrix = gaussian(1, 8, 12)
    torch.testing.assert_close(
        orthogonalize(factor * matrix, num_iterations=5),
        orthogonalize(matrix, num_iterations=5),
        rtol=1e-3,
        atol=1e-4,
    )


def test_orthogonalize_treats_each_matrix_of_a_batch_alone():
    batch = gaussian(3, 8, 12)
    alone = torch.cat([orthogonalize(batch[i : i + 1], num_iterations=5) for i in range(3)])
    torch.testing.assert_close(orthogonalize(batch, num_iterations=5), alone)


def test_orthogonalize_leaves_nothing_of_nothing():
    zeros = torch.zeros(1, 4, 6)
    assert torch.equal(orthogonalize(zeros, num_iterations=5), zeros)


def two_layers(shape):
    """Two matrices of a shape, so that they are stepped as a batch."""
    torch.manual_seed(0)
    return nn.ModuleList(nn.Linear(shape[1], shape[0], bias=False) for _ in range(2))


@SHAPES
@pytest.mark.parametrize("nesterov", [True, False])
def test_hidden_matrices_step_as_computed_by_hand(shape, nesterov):
    net = two_layers(shape)
    options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.5, "nesterov": nesterov}
    gradients = [[gaussian(*shape, seed=10 * i + step) for step in range(3)] for i in range(2)]
    expected = [muon_by_hand(net[i].weight, gradients[i], **options) for i in range(2)]
    optimizer = muon(net, **options)
    for step in range(3):
        for i in range(2):
            net[i].weight.grad = gradients[i][step].clone()
        optimizer.step()
    for i in range(2):
        torch.testing.assert_close(net[i].weight.detach(), expected[i], rtol=1e-3, atol=1e-4)


@SHAPES
def test_hidden_matrices_step_roughly_as_torchs_muon(shape):
    net = two_layers(shape)
    twin = copy.deepcopy(net)
    start = net[0].weight.detach().clone()
    options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}
    take_steps(net, muon(net, **options), range(3))
    take_steps(twin, torch.optim.Muon(twin.parameters(), **options), range(3))
    moved, torch_moved = net[0].weight - start, twin[0].weight - start
    assert (moved - torch_moved).norm() < 0.05 * torch_moved.norm()  # torch's is in bfloat16


@pytest.mark.parametrize("channels", [(1, 16), (8, 2)])
def test_kernels_step_as_matrices_of_their_first_dimension(channels):
    net = nn.Conv2d(*channels, 3, bias=False)
    matrix = net.weight.flatten(1)
    gradients = [gaussian(*net.weight.shape, seed=step) for step in range(2)]
    options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.5}
    expected = muon_by_hand(matrix, [g.flatten(1) for g in gradients], **options)
    optimizer = muon(net, **options)
    for gradient in gradients:
        net.weight.grad = gradient.clone()
        optimizer.step()
    torch.testing.assert_close(net.weight.detach().flatten(1), expected, rtol=1e-3, atol=1e-4)


@pytest.fixture
def gpt():
    torch.manual_seed(0)
    return GPT(vocab_size=50, context=8, width=16, depth=1, head_dim=8)


def test_everything_else_steps_exactly_like_torchs_adamw(gpt):
    twin = copy.deepcopy(gpt)
    optimizer = muon(gpt, adamw_lr=0.01, adamw_betas=(0.8, 0.9), adamw_eps=1e-6)
    others = [
        name
        for name, p in gpt.named_parameters()
        if p.ndim == 1 or name.endswith("embedding.weight")
    ]
    adamw = torch.optim.AdamW(
        [twin.get_parameter(name) for name in others],
        lr=0.01,
        betas=(0.8, 0.9),
        eps=1e-6,
        weight_decay=0.0,
        fused=True,
    )
    take_steps(gpt, optimizer, range(3))
    take_steps(twin, adamw, range(3))
    for name in others:
        assert torch.equal(gpt.get_parameter(name), twin.get_parameter(name)), name


def test_head_and_embeddings_are_not_in_the_matrix_group(gpt):
    matrices, others = muon(gpt).param_groups
    assert matrices["orthogonal"]
    assert not others["orthogonal"]
    chosen = {id(p) for p in matrices["params"]}
    outer = [gpt.head.weight, gpt.token_embedding.weight, gpt.position_embedding.weight]
    assert not chosen & {id(p) for p in outer}
    assert {id(p) for p in outer} <= {id(p) for p in others["params"]}


def test_an_untied_head_is_not_in_the_matrix_group():
    net = MLP(input_shape=(4,), num_outputs=2, width=8, depth=1)
    (hidden,) = muon(net).param_groups[0]["params"]
    assert hidden is net.hidden[1].weight


def test_every_trainable_parameter_is_in_one_group(gpt):
    gpt.norm.requires_grad_(False)
    grouped = [id(p) for group in muon(gpt).param_groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in gpt.parameters() if p.requires_grad)


def test_a_network_without_hidden_matrices_has_one_group():
    net = MLP(input_shape=(4,), num_outputs=2, depth=0)
    (group,) = muon(net).param_groups
    assert not group["orthogonal"]


def test_parameters_without_a_gradient_stay(gpt):
    before = copy.deepcopy(gpt)
    optimizer = muon(gpt)
    optimizer.zero_grad()
    optimizer.step()
    assert all(
        torch.equal(p, q) for p, q in zip(gpt.parameters(), before.parameters(), strict=True)
    )


def test_a_restored_state_dict_continues_identically(gpt):
    optimizer = muon(gpt)
    take_steps(gpt, optimizer, range(2))
    twin = copy.deepcopy(gpt)
    restored = muon(twin)
    restored.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    take_steps(gpt, optimizer, range(2, 5))
    take_steps(twin, restored, range(2, 5))
    assert all(torch.equal(p, q) for p, q in zip(gpt.parameters(), twin.parameters(), strict=True))


def test_the_closure_is_evaluated_with_gradients_and_its_loss_returned():
    weight = nn.Parameter(torch.ones(2, 2))
    group = {"orthogonal": False, "lr": 0.1, "betas": (0.9, 0.9), "eps": 1e-8, "fused": True}
    optimizer = Muon([{"params": [weight], **group}])

    def closure():
        loss = weight.square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 4.0
    torch.testing.assert_close(weight.detach(), torch.full((2, 2), 0.9))


def test_a_restored_state_is_on_the_device_of_its_parameters(gpt):
    optimizer = muon(gpt)
    take_steps(gpt, optimizer, [0])
    with torch.device("meta"):  # stands for a GPU; checkpoints are read onto the CPU
        elsewhere = GPT(vocab_size=50, context=8, width=16, depth=1, head_dim=8)
    restored = muon(elsewhere)
    restored.load_state_dict(optimizer.state_dict())
    devices = {value.device.type for state in restored.state.values() for value in state.values()}
    assert devices == {"meta"}
