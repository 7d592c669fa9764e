"""GPT-2 at its four sizes and beyond: what is published, and what follows by hand."""

import json

import pytest

from leyden.config.compose import compose_plan
from leyden.config.fit import Memo, fit_to_data
from leyden.config.memory import memory_bytes
from leyden.config.request import Request

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
    (job,) = compose_plan(Request((*GPT2, *words))).jobs
    return fit_to_data(job.cfg)


def memory(*words):
    fit = fitted(*words)
    return memory_bytes(fit.cfg, fit.spec, Memo())


@pytest.mark.parametrize("size", SIZES)
def test_the_parameters_are_those_published(size):
    width, depth, total, in_matrices, _ = SIZES[size]
    params = fitted(f"model=gpt/{size}").params
    assert params.total == total
    in_vectors = depth * 13 * width + 2 * width  # biases and norms; the table leaves them out
    assert params.non_embedding == in_matrices + in_vectors


@pytest.mark.parametrize("size", SIZES)
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


def test_adamw_keeps_eight_bytes_a_parameter():
    total = SIZES["small"][2]
    more = memory("model=gpt/small") - memory("model=gpt/small", "optimizer=sgd")
    assert more == pytest.approx(8 * total, rel=1e-5)


SHORT = ("data.context=16",)  # so that activations are few
ON_EIGHT = {name: (f"strategy={name}", "trainer.devices=8") for name in ("ddp", "fsdp")}


def test_ddp_holds_weights_gradients_and_state_whole():
    total = SIZES["small"][2] - (CONTEXT - 16) * 768
    found = memory("model=gpt/small", *SHORT, *ON_EIGHT["ddp"])
    assert found == pytest.approx(16 * total, rel=0.02)


def test_fsdp_divides_them_and_holds_the_embedding_and_two_blocks_whole():
    embedding = 4 * (VOCABULARY + 16) * 768
    block = 4 * (12 * 768**2 + 13 * 768)
    total = SIZES["small"][2] - (CONTEXT - 16) * 768
    whole = embedding + 2 * block + 4 * 2 * 768
    gradient = 4 * VOCABULARY * 768  # of the embedding, before it is dealt out
    found = memory("model=gpt/small", *SHORT, *ON_EIGHT["fsdp"])
    assert found == pytest.approx(16 * total / 8 + whole + gradient, rel=0.05)


def test_seven_billion_fit_on_eight_devices():
    words = ("model=gpt/7b", "model.recompute=block", *ON_EIGHT["fsdp"])
    divided = 16 * SIZES["7b"][2] / 8
    embedding, block = 4 * VOCABULARY * 4096, 4 * 12 * 4096**2
    kept = 32 * 4 * CONTEXT * 4096  # what each block began from
    least = divided + embedding + 2 * block + kept
    # Besides: the head's gradient, the logits with theirs, a block's activations.
    logits, inner = 4 * CONTEXT * VOCABULARY, 24 * 4 * CONTEXT * 4096
    assert least < memory(*words) < least + embedding + 3 * logits + inner


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


def test_recomputation_keeps_what_each_block_began_from():
    none, block = (memory("model=gpt/small", f"model.recompute={way}") for way in ("none", "block"))
    stream = 4 * 8 * CONTEXT * 768
    # Of a block some 16 streams are kept otherwise: 4 of width C, one 3 C, two of 4 C, a few more.
    assert 11 * 10 * stream < none - block < 11 * 22 * stream
