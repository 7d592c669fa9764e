import pytest
import torch
from torch import nn

from leyden.optim import adam, lion, schedule_free_adamw, soap


def lion_by_hand(w, gradients, *, lr, betas, weight_decay):
    """Chen et al. 2023, algorithm 2."""
    m = torch.zeros_like(w)
    for g in gradients:
        w = w - lr * ((betas[0] * m + (1 - betas[0]) * g).sign() + weight_decay * w)
        m = betas[1] * m + (1 - betas[1]) * g
    return w


@pytest.mark.parametrize("weight_decay", [0.0, 0.5])
def test_steps_of_lion_are_those_of_its_formula(follow, start, gradients, weight_decay):
    options = {"lr": 0.1, "betas": (0.6, 0.9), "weight_decay": weight_decay}
    expected = lion_by_hand(start, gradients, **options)
    torch.testing.assert_close(follow(lion, start, gradients, **options), expected)


def test_without_decay_lion_moves_each_weight_by_the_learning_rate(follow, start, gradients):
    moved = follow(lion, start, gradients[:1], lr=0.01, weight_decay=0.0) - start
    torch.testing.assert_close(moved, -0.01 * gradients[0].sign())


def schedule_free_by_hand(w, gradients, rates, *, betas, eps, weight_decay):
    """Defazio et al. 2024, algorithm 1: where gradients are taken, and the mean."""
    x = z = y = w
    v = torch.zeros_like(w)
    for t, (g, lr) in enumerate(zip(gradients, rates, strict=True), start=1):
        v = betas[1] * v + (1 - betas[1]) * g**2
        z = z - lr * (g / ((v / (1 - betas[1] ** t)).sqrt() + eps) + weight_decay * y)
        share = lr**2 / sum(rate**2 for rate in rates[:t])
        x = (1 - share) * x + share * z
        y = (1 - betas[0]) * z + betas[0] * x
    return y, x


@pytest.mark.parametrize("rates", [(0.1, 0.1, 0.1, 0.1), (0.05, 0.1, 0.15, 0.2)])
@pytest.mark.parametrize("weight_decay", [0.0, 0.5])
def test_schedule_free_steps_at_one_point_and_keeps_a_mean(start, gradients, rates, weight_decay):
    options = {"betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": weight_decay}
    net = nn.Linear(3, 2, bias=False).double()
    net.weight.data = start.clone()
    optimizer = schedule_free_adamw(net, **options)
    for gradient, rate in zip(gradients, rates, strict=True):
        optimizer.param_groups[0]["lr"] = rate  # as a warm-up does
        net.weight.grad = gradient.clone()
        optimizer.step()
    point, mean = schedule_free_by_hand(start, gradients, rates, **options)
    torch.testing.assert_close(net.weight.detach(), point)
    optimizer.eval()
    torch.testing.assert_close(net.weight.detach(), mean)
    optimizer.train()
    torch.testing.assert_close(net.weight.detach(), point)


def test_switching_between_steps_changes_no_step_of_schedule_free(start, gradients):
    weights = []
    for switches in (False, True):
        net = nn.Linear(3, 2, bias=False).double()
        net.weight.data = start.clone()
        optimizer = schedule_free_adamw(net, lr=0.1)
        for gradient in gradients:
            if switches:
                optimizer.eval()
                optimizer.train()
            net.weight.grad = gradient.clone()
            optimizer.step()
        weights.append(net.weight.detach())
    torch.testing.assert_close(*weights)


def square_gradients(num_steps):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(3, 3, generator=generator, dtype=torch.float64) for _ in range(num_steps)]


def soap_by_hand(w, gradients, *, lr, betas, eps, weight_decay):
    """Vyas et al. 2024, algorithm 3, as long as its first basis is kept."""
    first, *others = gradients
    left, right = torch.linalg.eigh(first @ first.T)[1], torch.linalg.eigh(first.T @ first)[1]
    m = v = torch.zeros_like(w)
    for t, g in enumerate(others, start=1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * (left.T @ g @ right) ** 2
        corrected = (1 - betas[1] ** t) ** 0.5 / (1 - betas[0] ** t)
        step = left @ (corrected * (left.T @ m @ right) / (v.sqrt() + eps)) @ right.T
        w = (1 - lr * weight_decay) * (w - lr * step)
    return w


@pytest.mark.parametrize("weight_decay", [0.0, 0.5])
def test_steps_of_soap_are_those_of_adam_in_the_basis_of_its_first_gradient(follow, weight_decay):
    start, *gradients = square_gradients(5)
    options = {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": weight_decay}
    expected = soap_by_hand(start, gradients, **options)
    torch.testing.assert_close(follow(soap, start, gradients, **options), expected)


def test_the_first_step_of_soap_only_looks(follow, start, gradients):
    assert torch.equal(follow(soap, start, gradients[:1]), start)


def test_sides_longer_than_its_limit_keep_their_own_basis(follow):
    start, *gradients = square_gradients(5)
    options = {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-12, "weight_decay": 0.0}
    bounded = follow(soap, start, gradients, **options, max_precondition_dim=2)
    torch.testing.assert_close(bounded, follow(adam, start, gradients[1:], **options))


@pytest.mark.parametrize(("optimizer_of", "blind"), [(soap, True), (adam, False)])
def test_soap_is_blind_to_a_rotation_of_rows_and_columns(follow, optimizer_of, blind):
    start, left, right, *gradients = square_gradients(15)
    left, right = torch.linalg.qr(left)[0], torch.linalg.qr(right)[0]
    options = {"precondition_frequency": 2} if blind else {}
    turned = [left @ g @ right for g in (start, *gradients)]
    expected = left @ follow(optimizer_of, start, gradients, lr=0.1, **options) @ right
    weight = follow(optimizer_of, turned[0], turned[1:], lr=0.1, **options)
    assert torch.allclose(weight, expected, atol=1e-4) is blind  # its bases are in float32


@pytest.mark.parametrize("frequency", [2, 3])
@pytest.mark.parametrize("num_steps", [2, 3, 4, 5])
def test_soap_takes_its_first_basis_for_as_many_steps_as_its_frequency(
    follow, frequency, num_steps
):
    start, *gradients = square_gradients(num_steps + 2)  # one that is only looked at
    weight, unchanging = (
        follow(soap, start, gradients, precondition_frequency=each) for each in (frequency, 1000)
    )
    assert torch.equal(weight, unchanging) is (num_steps <= frequency)
