"""Names of weights; that the numbers are right is in test_gpt2_parity.py."""

import pytest
import torch

from leyden.interop.gpt2 import from_gpt2, to_gpt2
from leyden.models import GPT


@pytest.fixture
def weights():
    torch.manual_seed(0)
    return GPT(vocab_size=50, context=16, width=32, depth=12, head_dim=8).state_dict()


def same(ours, others):
    return ours.keys() == others.keys() and all(torch.equal(ours[n], others[n]) for n in ours)


def test_back_and_forth_is_the_same(weights):
    assert same(from_gpt2(to_gpt2(weights)), weights)


def test_the_names_of_the_released_files_have_no_prefix(weights):
    bare = {name.removeprefix("transformer."): t for name, t in to_gpt2(weights).items()}
    assert "wte.weight" in bare
    assert same(from_gpt2(bare), weights)


def test_masks_among_the_weights_are_left_out(weights):
    theirs = to_gpt2(weights)
    theirs["transformer.h.0.attn.bias"] = torch.ones(1, 1, 16, 16).tril()
    theirs["transformer.h.0.attn.masked_bias"] = torch.tensor(-1e4)
    assert same(from_gpt2(theirs), weights)


def test_a_head_beside_the_embedding_is_left_out(weights):
    theirs = to_gpt2(weights)
    assert same(from_gpt2(theirs | {"lm_head.weight": theirs["transformer.wte.weight"]}), weights)


@pytest.mark.parametrize("name", ["transformer.h.0.attn.q_proj.weight", "model.norm.weight"])
def test_weights_of_another_model_are_an_error(weights, name):
    with pytest.raises(KeyError):
        from_gpt2(to_gpt2(weights) | {name: torch.zeros(3)})
