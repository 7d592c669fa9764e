"""Losses are those of the definitions, in 32 bits or more."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss
from torch import nn

from leyden.data import Spec
from leyden.models import GPT
from leyden.optim import adamw, constant
from leyden.tasks import LanguageModeling
from leyden.tasks.losses import (
    IGNORED,
    chunked_cross_entropy,
    cross_entropy,
    focal_loss,
    numeric_loss,
    squared_error,
)


def features_and_targets(tokens, ignored=0):
    generator = torch.Generator().manual_seed(tokens)
    features = torch.randn(tokens, 6, generator=generator, dtype=torch.float64)
    targets = torch.randint(11, (tokens,), generator=generator)
    targets[:ignored] = IGNORED
    return features.float().requires_grad_(), targets


@given(
    tokens=st.integers(1, 40),
    chunk=st.integers(1, 50),
    smoothing=st.sampled_from([0.0, 0.1]),
    data=st.data(),
)
def test_a_chunked_loss_and_its_gradients_are_those_of_the_whole(tokens, chunk, smoothing, data):
    ignored = data.draw(st.integers(0, tokens - 1))
    features, targets = features_and_targets(tokens, ignored)
    torch.manual_seed(0)
    head = nn.Linear(6, 11)
    plain = F.cross_entropy(head(features), targets, label_smoothing=smoothing)
    of_plain = torch.autograd.grad(plain, [features, head.weight, head.bias])
    chunked = chunked_cross_entropy(features, targets, head, chunk=chunk, label_smoothing=smoothing)
    of_chunked = torch.autograd.grad(chunked, [features, head.weight, head.bias])
    torch.testing.assert_close(chunked, plain, rtol=1e-6, atol=1e-6)
    for ours, theirs in zip(of_chunked, of_plain, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("loss_chunk", [0, 5])
def test_padding_does_not_count(loss_chunk):
    torch.manual_seed(0)
    net = GPT(vocab_size=11, context=8, width=16, depth=1, head_dim=8)
    spec = Spec("text", (8,), 11, bytes_per_token={"val": 1.0})
    task = LanguageModeling(
        net, spec=spec, optimizer=adamw, schedule=constant, loss_chunk=loss_chunk
    )
    tokens, following = torch.randint(11, (2, 1, 8))
    padded = following.clone()
    padded[:, 5:] = IGNORED
    task.validation_step((tokens, padded), 0)
    expected = F.cross_entropy(net(tokens)[:, :5].flatten(0, 1), following[:, :5].flatten())
    torch.testing.assert_close(task.val.compute()["loss"].float(), expected)


def test_the_head_never_sees_more_than_a_chunk():
    features, targets = features_and_targets(23)
    seen = []
    layer = nn.Linear(6, 11)

    def head(part):
        seen.append(len(part))
        return layer(part)

    chunked_cross_entropy(features, targets, head, chunk=10).backward()
    assert max(seen) == 10
    assert sum(seen) == 2 * 23  # once forward, once again on the way back


WIDTHS = {torch.bfloat16: torch.float32, torch.float16: torch.float32}
WIDTHS |= {torch.float32: torch.float32, torch.float64: torch.float64}


@pytest.mark.parametrize(("narrow", "wide"), WIDTHS.items(), ids=str)
def test_losses_have_32_bits_or_more(narrow, wide):
    logits = torch.randn(50, 7, generator=torch.Generator().manual_seed(0)).to(narrow)
    labels, numbers = torch.arange(50) % 7, torch.linspace(-1, 1, 350).view(50, 7)
    exact = F.cross_entropy(logits.double(), labels)
    found = {
        cross_entropy(logits, labels, label_smoothing=0.0): exact,
        cross_entropy(logits, F.one_hot(labels).float(), label_smoothing=0.0): exact,
        chunked_cross_entropy(logits, labels, nn.Identity(), chunk=20): exact,
        squared_error(logits, numbers): (logits.double() - numbers.double()).square().mean(),
    }
    for loss, expected in found.items():
        assert loss.dtype == wide
        assert float(loss) == pytest.approx(float(expected), rel=1e-6)


CLASS_WEIGHTS = torch.tensor([0.5, 3.0, 0.0, 1.0], dtype=torch.double)


def logits_and_labels(n=30):
    generator = torch.Generator().manual_seed(3)
    logits = 3 * torch.randn(n, 4, generator=generator, dtype=torch.double)
    return logits, torch.randint(4, (n,), generator=generator)


def test_a_weighted_loss_is_scikit_learns_sum_divided_by_the_number_of_samples():
    logits, labels = logits_and_labels()
    weights = CLASS_WEIGHTS[labels]
    total = log_loss(labels, logits.softmax(-1), labels=range(4), sample_weight=weights)
    expected = total * float(weights.sum()) / len(labels)  # scikit-learn divides by the weights
    found = cross_entropy(logits, labels, class_weights=CLASS_WEIGHTS)
    assert float(found) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("weights", [None, CLASS_WEIGHTS], ids=["alike", "weighted"])
def test_the_focal_loss_is_that_of_its_definition(gamma, weights):
    logits, labels = logits_and_labels()
    shares = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(-1, keepdims=True)
    p = shares[np.arange(len(labels)), labels.numpy()]
    alpha = np.ones(4) if weights is None else weights.numpy()
    expected = np.mean(-alpha[labels.numpy()] * (1 - p) ** gamma * np.log(p))
    found = focal_loss(logits, labels, gamma=gamma, class_weights=weights)
    assert float(found) == pytest.approx(expected, rel=1e-9)


LOSSES = {
    "cross-entropy": cross_entropy,
    "focal": lambda *given, **options: focal_loss(*given, gamma=1.5, **options),
}


@pytest.mark.parametrize("name", LOSSES)
@given(cut=st.integers(1, 29), smoothing=st.sampled_from([0.0, 0.2]), weighs=st.booleans())
def test_the_loss_of_a_batch_is_the_mean_of_those_of_its_parts(name, cut, smoothing, weighs):
    logits, labels = logits_and_labels()
    options = {"label_smoothing": smoothing, "class_weights": CLASS_WEIGHTS if weighs else None}
    whole = LOSSES[name](logits, labels, **options)
    first = LOSSES[name](logits[:cut], labels[:cut], **options)
    rest = LOSSES[name](logits[cut:], labels[cut:], **options)
    torch.testing.assert_close((cut * first + (30 - cut) * rest) / 30, whole)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("weights", [None, CLASS_WEIGHTS], ids=["alike", "weighted"])
def test_smoothing_as_a_tensor_and_labels_as_shares_give_the_same_loss(name, weights):
    logits, labels = logits_and_labels()
    options = {"label_smoothing": 0.2, "class_weights": weights}
    expected = LOSSES[name](logits, labels, **options)
    shares = F.one_hot(labels, 4).double()
    torch.testing.assert_close(LOSSES[name](logits, shares, **options), expected)
    as_tensor = torch.tensor(0.2, dtype=torch.double)
    torch.testing.assert_close(
        LOSSES[name](logits, labels, label_smoothing=as_tensor, class_weights=weights), expected
    )


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_the_gradient_of_a_focal_loss_is_finite_where_a_sample_is_surely_right_or_wrong(gamma):
    logits = torch.tensor([[200.0, 0.0], [0.0, 200.0]], requires_grad=True)
    focal_loss(logits, torch.tensor([0, 0]), gamma=gamma).backward()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize(
    ("name", "expected"), [("mse", (0.25 + 9) / 2), ("mae", 1.75), ("huber", (0.125 + 2.5) / 2)]
)
def test_losses_of_numbers_are_those_by_hand(name, expected):
    predicted, targets = torch.tensor([[0.5], [3.0]]), torch.zeros(2, 1)
    assert float(numeric_loss(name, predicted, targets)) == expected
