"""GPT-2 at its four sizes and beyond: what is published, and what follows by hand."""

import json

import pytest

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.planning.cache import Cache
from leyden.planning.memory import memory_bytes
from leyden.planning.resolve import resolve_config

VOCABULARY, CONTEXT = 50_257, 1_024
GPT2 = (
    *(f"model.vocab_size={VOCABULARY}", "data=stdlib_text", "data.max_bytes=60000"),
    *(f"data.context={CONTEXT}", "data.batch_size=8", "optimizer=adamw"),
    *("trainer.accelerator=cpu",),
)
SIZES = {  # width, depth, parameters, those that are no embedding's, million FLOPs a token
    "small": (768, 12, 124_439_808, 84_934_656, 855.2),
    "medium": (1024, 24, 354_823_168, 301_989_888, 2424.6),
    "large": (1280, 36, 774_030_080, 707_788_800, 5202.5),
    "xl": (1600, 48, 1_557_611_200, 1_474_560_000, 10_279.6),
    "7b": (4096, 32, 6_654_210_048, 6_442_450_944, None),
}
"""Those of OpenAI's four as published; by nanoGPT's formula of the FLOPs, which counts N without
positions: 6 N + 12 L C T. Of the 7 billion by the same formulas."""


def fitted(*words):
    (job,) = compose_request(Request((*GPT2, *words))).jobs
    return resolve_config(job.cfg)


def memory(*words):
    fit = fitted(*words)
    return memory_bytes(fit.cfg, fit.spec, Cache())


SLOW = {"large", "xl", "7b"}
EVERY_SIZE = [
    pytest.param(size, marks=[pytest.mark.slow] if size in SLOW else []) for size in SIZES
]


@pytest.mark.parametrize("size", EVERY_SIZE)
def test_the_parameters_are_those_published(size):
    width, depth, total, in_matrices, _ = SIZES[size]
    params = fitted(f"model=gpt/{size}").params
    assert params.total == total
    in_vectors = depth * 13 * width + 2 * width  # biases and norms; the table leaves them out
    assert params.non_embedding == in_matrices + in_vectors


@pytest.mark.parametrize("size", EVERY_SIZE)
def test_the_flops_are_those_of_every_matrix_product(size):
    width, depth, total, in_matrices, published = SIZES[size]
    fit = fitted(f"model=gpt/{size}")
    attention = 12 * depth * width * CONTEXT  # of all pairs: no half is left out as causal
    per_token = 6 * (VOCABULARY * width + in_matrices) + attention  # the head is a matrix too
    assert fit.flops_per_step == per_token * CONTEXT * 8
    without_positions = 6 * (total - CONTEXT * width) + attention
    # the published formula multiplies biases and norms too
    assert without_positions - per_token == 6 * (13 * depth * width + 2 * width)
    if published is not None:
        assert without_positions / 1e6 == pytest.approx(published, abs=0.05)


def test_a_plan_says_the_flops_of_a_token(leyden):
    (row,) = json.loads(leyden("plan", "--json", "model=gpt/small", *GPT2).out)
    assert row["flops"]["per_token"] == 854_438_400  # 6 (50,257 C + 12 L C C) + 12 L C 1,024


def test_a_plan_knows_no_flops_of_a_token_where_there_are_none(leyden):
    (row,) = json.loads(leyden("plan", "--json", "trainer.accelerator=cpu").out)
    assert row["flops"]["per_token"] is None


def test_the_table_says_that_memory_is_that_of_a_device(leyden):
    words = ("trainer.accelerator=cpu", "model.width=8", "strategy=ddp", "trainer.devices=2")
    header = leyden("plan", *words).out.splitlines()[0].split()
    assert header[:3] == ["model", "data", "width"]  # what was typed is not said again
    assert "memory/device" in header


def test_adamw_keeps_eight_bytes_a_parameter():
    total = SIZES["small"][2]
    more = memory("model=gpt/small") - memory("model=gpt/small", "optimizer=sgd")
    assert more == pytest.approx(8 * total, rel=1e-5)


SHORT = ("data.context=16",)  # so that activations are few
ON_EIGHT = {name: (f"strategy={name}", "trainer.devices=8") for name in ("ddp", "fsdp")}


def embedding_bytes(width):
    return 4 * VOCABULARY * width


def divided_bytes(size, context=CONTEXT):
    """A device's part of weights, gradients and AdamW's two means, and what it has whole.

    Whole are the embeddings and two blocks. Besides, the gradient of the embedding's weight, which
    the head shares: of the one, of the other, and their sum.
    """
    width, _, total, _, _ = SIZES[size]
    total -= (CONTEXT - context) * width
    block = 4 * (12 * width**2 + 13 * width)
    gathered = embedding_bytes(width) + 4 * (context + 2) * width + 2 * block
    return 16 * total / 8 + gathered + 3 * embedding_bytes(width)


def test_ddp_holds_weights_gradients_and_state_whole():
    width, _, total, _, _ = SIZES["small"]
    whole = 16 * (total - (CONTEXT - 16) * width)
    summed = 2 * embedding_bytes(width)  # beside the sum, its parts from head and embedding
    found = memory("model=gpt/small", *SHORT, *ON_EIGHT["ddp"])
    assert found == pytest.approx(whole + summed, rel=0.01)


def test_fsdp_divides_them():
    found = memory("model=gpt/small", *SHORT, *ON_EIGHT["fsdp"])
    assert found == pytest.approx(divided_bytes("small", context=16), rel=0.01)


@pytest.mark.slow
def test_seven_billion_parameters_on_eight_devices():
    words = ("model=gpt/7b", "model.recompute=block", *ON_EIGHT["fsdp"])
    assert memory(*words) == pytest.approx(divided_bytes("7b"), rel=0.01)


def test_weights_in_16_bits_take_half_of_all():
    full, half = (
        memory("model=gpt/small", *SHORT, f"trainer.precision={name}")
        for name in ("32-true", "bf16-true")
    )
    assert half == pytest.approx(full / 2, rel=0.02)


def test_mixed_precision_keeps_weights_gradients_and_state_in_32_bits():
    full, mixed = (
        memory("model=gpt/small", *SHORT, f"trainer.precision={name}")
        for name in ("32-true", "bf16-mixed")
    )
    assert mixed >= full


def test_recomputation_keeps_only_what_each_block_began_from():
    none, block = (memory("model=gpt/small", f"model.recompute={way}") for way in ("none", "block"))
    # As wide as the input: 2 norms, 3 queries, keys, values, what attention gives, the sum after
    # it, and twice 4 in the MLP. At the loss, where the logits' gradient makes memory most, none
    # of them is there.
    inner = (2 + 3 + 1 + 1 + 8) * 4 * 8 * CONTEXT * 768
    assert none - block == pytest.approx(12 * inner, rel=0.02)
