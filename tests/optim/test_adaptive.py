import pytest
import torch

from leyden.optim import adafactor, adagrad, rmsprop


def rmsprop_by_hand(w, gradients, *, lr, alpha, eps, momentum, weight_decay):
    square = update = torch.zeros_like(w)
    for g in gradients:
        g = g + weight_decay * w
        square = alpha * square + (1 - alpha) * g**2
        update = momentum * update + g / (square.sqrt() + eps)
        w = w - lr * update
    return w


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_steps_of_rmsprop_are_those_of_its_formula(follow, start, gradients, momentum):
    options = {"lr": 0.1, "alpha": 0.8, "eps": 1e-3, "momentum": momentum, "weight_decay": 0.5}
    expected = rmsprop_by_hand(start, gradients, **options)
    torch.testing.assert_close(follow(rmsprop, start, gradients, **options), expected)


def adagrad_by_hand(w, gradients, *, lr, lr_decay, eps, weight_decay):
    total = torch.zeros_like(w)
    for t, g in enumerate(gradients):
        g = g + weight_decay * w
        total = total + g**2
        w = w - lr / (1 + t * lr_decay) * g / (total.sqrt() + eps)
    return w


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("lr_decay", [0.0, 0.3])
def test_steps_of_adagrad_are_those_of_its_formula(follow, start, gradients, lr_decay, fused):
    options = {"lr": 0.1, "lr_decay": lr_decay, "eps": 1e-3, "weight_decay": 0.5}
    expected = adagrad_by_hand(start, gradients, **options)
    torch.testing.assert_close(follow(adagrad, start, gradients, **options, fused=fused), expected)


def root_mean_square(x):
    return x.square().mean().sqrt()


def adafactor_by_hand(w, gradients, *, lr, beta2_decay, clip_threshold, weight_decay):
    """Shazeer and Stern 2018, algorithm 4, with decoupled weight decay."""
    rows, columns = torch.zeros(len(w), dtype=w.dtype), torch.zeros(len(w[0]), dtype=w.dtype)
    for t, g in enumerate(gradients, start=1):
        new = t**beta2_decay
        rows = (1 - new) * rows + new * (g**2).sum(1)
        columns = (1 - new) * columns + new * (g**2).sum(0)
        update = g / (torch.outer(rows, columns) / rows.sum()).sqrt()
        update = update / max(1.0, root_mean_square(update) / clip_threshold)
        size = max(1e-3, root_mean_square(w)) * min(lr, t**-0.5)
        w = (1 - lr * weight_decay) * w - size * update
    return w


@pytest.mark.parametrize("clip_threshold", [1.0, 2.0])
@pytest.mark.parametrize("lr", [0.1, 0.9])
def test_steps_of_adafactor_are_those_of_its_formula(follow, start, gradients, lr, clip_threshold):
    options = {
        "lr": lr,
        "beta2_decay": -0.7,
        "clip_threshold": clip_threshold,
        "weight_decay": 0.5,
    }
    expected = adafactor_by_hand(start, gradients, **options)
    torch.testing.assert_close(follow(adafactor, start, gradients, **options), expected)


def test_adafactor_keeps_a_row_and_a_column_of_a_matrix():
    net = torch.nn.Linear(30, 20, bias=False)
    optimizer = adafactor(net)
    net.weight.grad = torch.ones(20, 30)
    optimizer.step()
    kept = [value.numel() for value in optimizer.state[net.weight].values() if value.ndim]
    assert sorted(kept) == [20, 30]
