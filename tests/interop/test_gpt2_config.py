import pytest
import torch

from leyden.interop.gpt2 import NotGPT2, arguments_of, changes_to, config_of, unlike_gpt2
from leyden.models import GPT, MLP

RELEASED = {  # the keys of the smallest GPT-2's that say what it computes
    "activation_function": "gelu_new",
    "architectures": ["GPT2LMHeadModel"],
    "layer_norm_epsilon": 1e-05,
    "model_type": "gpt2",
    "n_ctx": 1024,
    "n_embd": 768,
    "n_head": 12,
    "n_layer": 12,
    "n_positions": 1024,
    "vocab_size": 50257,
}
TINY = {"vocab_size": 50, "context": 16, "width": 32, "depth": 2, "head_dim": 8}


def gpt(**options):
    with torch.device("meta"):
        return GPT(**TINY | options)


def test_the_released_config_is_gpt2_small():
    expected = {"vocab_size": 50257, "context": 1024, "width": 768, "depth": 12, "head_dim": 64}
    assert arguments_of(RELEASED) == expected


def test_a_config_gives_the_arguments_that_it_was_made_of():
    assert arguments_of(config_of(gpt(), end_of_text=None)) == TINY


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model_type", "llama"),
        ("activation_function", "relu"),
        ("layer_norm_epsilon", 1e-6),
        ("tie_word_embeddings", False),
        ("scale_attn_by_inverse_layer_idx", True),
        ("n_inner", 1000),
        ("n_head", 7),
        ("n_layer", 0),
        ("n_embd", "wide"),
        ("vocab_size", True),
    ],
)
def test_what_our_gpt_cannot_compute_is_refused_by_its_key(key, value):
    with pytest.raises(NotGPT2, match=key):
        arguments_of(RELEASED | {key: value})


@pytest.mark.parametrize("key", ["model_type", "n_embd", "vocab_size"])
def test_a_key_that_has_to_be_there_is_named(key):
    config = {name: value for name, value in RELEASED.items() if name != key}
    with pytest.raises(NotGPT2, match=key):
        arguments_of(config)


def test_the_default_gpt_is_a_gpt2():
    assert unlike_gpt2(gpt()) == []


@pytest.mark.parametrize(
    ("options", "override"),
    [
        ({"activation": "swiglu"}, "model.activation=gelu_tanh"),
        ({"activation": "gelu"}, "model.activation=gelu_tanh"),
        ({"norm": "rms"}, "model.norm=layer"),
        ({"positions": "rotary"}, "model.positions=learned"),
        ({"qk_norm": True}, "model.qk_norm=false"),
        ({"tied_head": False}, "model.tied_head=true"),
        ({"ngram": 2}, "model.ngram=1"),
    ],
    ids=str,
)
def test_each_option_that_gpt2_has_not_is_named_with_what_it_has(options, override):
    assert unlike_gpt2(gpt(**options)) == [override]


def test_a_network_of_another_family_is_no_gpt2():
    assert unlike_gpt2(MLP(input_shape=(4,), num_outputs=2)) == ["model=gpt"]


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({}, []),
        ({"width": 64}, ["model.width=32"]),
        ({"depth": 1, "head_dim": 16}, ["model.depth=2", "model.head_dim=8"]),
        ({"context": 8}, ["model.context=16"]),
        ({"context": 99}, ["model.context=16", "data.context=16"]),
        ({"norm": "rms", "vocab_size": 9}, ["model.norm=layer", "model.vocab_size=50"]),
    ],
    ids=str,
)
def test_what_has_to_change_for_a_config_is_named_and_no_more(options, changes):
    assert changes_to(gpt(**options), config_of(gpt(), end_of_text=None)) == changes
