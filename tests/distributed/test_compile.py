"""A compiled network computes the same, and is saved under the same names."""

import shutil

import pytest
import torch

from leyden.run.checkpoints import read_weights

GPT = (
    *("model=gpt", "model.width=16", "model.depth=2", "model.head_dim=8", "optimizer=adamw"),
    *("data=stdlib_text", "data.max_bytes=60000", "data.context=16", "data.batch_size=8"),
)
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++")


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize(
    ("strategy", "compile"),
    [("one", "{dynamic: true}"), ("ddp", "true"), ("fsdp", "true")],
)
def test_a_compiled_network_gives_the_losses_of_the_plain_one(run, losses, strategy, compile):
    plain = torch.tensor(losses(run("one", *GPT)))
    folder = run(strategy, *GPT, f"compile={compile}")
    torch.testing.assert_close(torch.tensor(losses(folder)), plain, rtol=1e-4, atol=0.0)
    names = read_weights(folder / "checkpoints" / "step-10.ckpt").keys()
    assert not any("_orig_mod" in name for name in names)


@pytest.mark.slow
@needs_compiler
def test_a_network_without_blocks_is_compiled_as_a_whole(run, losses):
    words = ("model=mlp", "model.width=16", "optimizer=adamw")
    plain, compiled = (
        torch.tensor(losses(run("one", *words, f"compile={compile}"))) for compile in (False, True)
    )
    torch.testing.assert_close(compiled, plain, rtol=1e-4, atol=0.0)
