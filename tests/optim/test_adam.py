import pytest
import torch

from leyden.optim import adam, nadam


def adam_by_hand(w, gradients, *, lr, betas, eps, weight_decay):
    """Kingma and Ba 2015, algorithm 1, with an L2 penalty."""
    m = v = torch.zeros_like(w)
    for t, g in enumerate(gradients, start=1):
        g = g + weight_decay * w
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        w = w - lr * m / (1 - betas[0] ** t) / ((v / (1 - betas[1] ** t)).sqrt() + eps)
    return w


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("weight_decay", [0.0, 0.5])
def test_steps_of_adam_are_those_of_its_formula(follow, start, gradients, weight_decay, fused):
    options = {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": weight_decay}
    expected = adam_by_hand(start, gradients, **options)
    torch.testing.assert_close(follow(adam, start, gradients, **options, fused=fused), expected)


def nadam_by_hand(w, gradients, *, lr, betas, eps, weight_decay, momentum_decay):
    """Dozat 2016, section 2, with decoupled weight decay."""
    m = v = torch.zeros_like(w)
    product = 1.0
    for t, g in enumerate(gradients, start=1):
        now, later = (betas[0] * (1 - 0.96 ** (s * momentum_decay) / 2) for s in (t, t + 1))
        product *= now
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        ahead = later * m / (1 - product * later) + (1 - now) * g / (1 - product)
        w = (1 - lr * weight_decay) * w
        w = w - lr * ahead / ((v / (1 - betas[1] ** t)).sqrt() + eps)
    return w


@pytest.mark.parametrize("weight_decay", [0.0, 0.5])
def test_steps_of_nadam_are_those_of_its_formula(follow, start, gradients, weight_decay):
    options = {
        "lr": 0.1,
        "betas": (0.8, 0.9),
        "eps": 1e-3,
        "weight_decay": weight_decay,
        "momentum_decay": 0.5,
    }
    expected = nadam_by_hand(start, gradients, **options)
    torch.testing.assert_close(follow(nadam, start, gradients, **options), expected)
