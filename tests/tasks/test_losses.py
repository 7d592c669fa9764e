"""Losses are those of the definitions, in 32 bits or more."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from leyden.data import Spec
from leyden.models import GPT
from leyden.optim import adamw, constant
from leyden.tasks import LanguageModeling
from leyden.tasks.losses import IGNORED, chunked_cross_entropy, cross_entropy, squared_error


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
