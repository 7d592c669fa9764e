"""Our GPT is the `GPT2LMHeadModel` of transformers, in both directions.

`pytest tests/models/test_gpt2_parity.py -rP` shows the largest difference of each shape.
"""

from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from transformers import GPT2Config, GPT2LMHeadModel

from leyden.interop.gpt2 import from_gpt2, to_gpt2
from leyden.models import GPT
from leyden.models.generation import Sampling, collected, generate


class Shape(NamedTuple):
    vocab_size: int
    context: int
    width: int
    depth: int
    num_heads: int


SHAPES = [
    Shape(vocab_size=257, context=32, width=48, depth=3, num_heads=4),
    Shape(vocab_size=101, context=16, width=32, depth=1, num_heads=1),  # odd, one layer, one head
    Shape(vocab_size=64, context=4, width=24, depth=2, num_heads=3),  # short
    Shape(vocab_size=1009, context=512, width=64, depth=4, num_heads=8),  # long
]
LEARNING = {"lr": 1e-3, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.1}
DIRECTIONS = ("transformers to ours", "ours to transformers")

pytestmark = [
    pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape))),
    pytest.mark.parametrize("direction", DIRECTIONS),
]


def pair(shape, direction, *, attention="sdpa"):
    """Both models with random weights, and biases and gains too, of one of the two."""
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=shape.vocab_size,
        n_positions=shape.context,
        n_embd=shape.width,
        n_layer=shape.depth,
        n_head=shape.num_heads,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        resid_pdrop=0.0,
        bos_token_id=None,
        eos_token_id=None,
        attn_implementation=attention,
    )
    theirs = GPT2LMHeadModel(config)
    ours = GPT(
        vocab_size=shape.vocab_size,
        context=shape.context,
        width=shape.width,
        depth=shape.depth,
        head_dim=shape.width // shape.num_heads,
    )
    source = theirs if direction == DIRECTIONS[0] else ours
    with torch.no_grad():
        for parameter in source.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    if source is theirs:
        ours.load_state_dict(from_gpt2(theirs.state_dict()))
    else:
        weights = to_gpt2(ours.state_dict())
        theirs.load_state_dict(weights | {"lm_head.weight": weights["transformer.wte.weight"]})
    return ours.eval(), theirs.eval()


def tokens_of(shape, *, length=None):
    size = (2, length or shape.context)
    return torch.randint(shape.vocab_size, size, generator=torch.Generator().manual_seed(1))


def differs(what, shape, direction, ours, theirs):
    """The largest difference; printed as a row of the table."""
    largest = (ours - theirs).abs().max().item()
    print(f"{what:28} {direction:22} {'-'.join(map(str, shape)):18} {largest:.1e}")  # noqa: T201
    return largest


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@torch.no_grad()
def test_the_logits_are_the_same(shape, direction, attention):
    ours, theirs = pair(shape, direction, attention=attention)
    tokens = tokens_of(shape)
    logits = ours(tokens), theirs(tokens).logits
    assert differs(f"logits, {attention}", shape, direction, *logits) < 1e-5


@torch.no_grad()
def test_the_loss_is_the_same(shape, direction):
    ours, theirs = pair(shape, direction)
    tokens = tokens_of(shape)
    logits = ours(tokens)[:, :-1]
    losses = (
        F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()),
        theirs(tokens, labels=tokens).loss,
    )
    assert differs("loss", shape, direction, *losses) < 1e-5


def test_the_greedy_text_is_the_same(shape, direction):
    ours, theirs = pair(shape, direction)
    prompt = tokens_of(shape, length=2)
    num_tokens = min(20, shape.context - 2)
    text = theirs.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=num_tokens,
        do_sample=False,
        pad_token_id=0,
    )
    steps = generate(
        ours,
        list(prompt),
        num_tokens=num_tokens,
        context=shape.context,
        sampling=Sampling(temperature=0.0),
    )
    assert collected(steps, 2) == text[:, 2:].tolist()


def test_the_parameters_after_a_step_of_adamw_are_the_same(shape, direction):
    # In double precision: Adam's first step divides each gradient by its own size, so it would
    # blow up the rounding of those that are 0, as those of the keys' biases are.
    ours, theirs = (net.double() for net in pair(shape, direction))
    tokens = tokens_of(shape)
    for net, logits in ((ours, ours(tokens)), (theirs, theirs(tokens).logits)):
        F.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()).backward()
        torch.optim.AdamW(net.parameters(), **LEARNING).step()
    after = ours.state_dict(), from_gpt2(theirs.state_dict())
    flat = [torch.cat([weights[name].flatten() for name in after[0]]) for weights in after]
    assert differs("parameters after a step", shape, direction, *flat) < 1e-5
