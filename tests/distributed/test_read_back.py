"""A run by several processes is tested and written on by one."""

import json

import pytest

from leyden.events import ignore
from leyden.inference.evaluate import evaluate

GPT = (
    *("model=gpt", "model.width=16", "model.depth=2", "model.head_dim=8", "optimizer=adamw"),
    *("data=stdlib_text", "data.max_bytes=60000", "data.context=16", "data.batch_size=8"),
)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp", "fsdp_full"])
def test_one_process_finds_the_test_metrics_that_several_have_found(run, strategy):
    folder = run(strategy, *GPT)
    found = json.loads((folder / "run.json").read_text())["metrics"]
    for name, value in evaluate(folder, [], observer=ignore).items():
        assert value == pytest.approx(found[name], rel=1e-5)


@pytest.mark.slow
def test_a_text_goes_on_from_a_sharded_checkpoint_as_from_a_whole_one(run, leyden):
    words = ("--prompt", "def ", "--temperature", "0", "--max-new-tokens", "12", "--json")
    split, whole = (leyden("generate", str(run(s, *GPT)), *words) for s in ("fsdp", "one"))
    assert split.status == 0, split.err
    assert json.loads(split.out) == json.loads(whole.out)
