"""What `resolve` writes is read back: it is valid, and resolves to itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from leyden.api import validate_request
from leyden.config.compose import compose_request
from leyden.config.location import EXPERIMENTS
from leyden.config.request import Request
from leyden.config.validate import validate_frozen
from leyden.errors import ConfigError
from leyden.planning.cache import Cache
from leyden.planning.resolve import resolve_config, resolve_job
from leyden.run.folder import freeze_config, read_frozen

CACHE = Cache()
ON_TEXT = ("model=gpt", "data=stdlib_text", "data.max_bytes=60000", "data.context=16")
PARTS = st.sampled_from(
    [
        ("model=mlp", "data=digits"),
        ("model=cnn", "data=digits"),
        ("model=resnet", "data=digits"),
        ("model=rnn", "data=sine"),
        ("model=mlp", "data=blobs"),
        ("model=mlp", "data=line"),
        ("model=rnn", "data=sunspots"),
        ON_TEXT,
        (*ON_TEXT, "data.tokenizer=bpe"),
    ]
)
WORDS = st.lists(
    st.sampled_from(
        [
            "params=2e4",
            "params=1e5",
            "budget.steps=7",
            "budget.flops=1e11",
            "budget.seconds=90",
            "budget.tokens=4096",
            "trainer.max_steps=20",
            "trainer.max_tokens=4096",
            "trainer.max_time=00:00:01:00",
            "trainer.micro_batch=8",
            "trainer.limit_train_batches=0.5",
            "data.batch_size=16",
            "data.batch_tokens=512",
            "scheduler=constant",
            "scheduler=one_cycle",
            "optimizer=muon",
            "monitor.metric=val/loss",
            "logger=null",
            "callbacks=null",
            "baselines=null",
            "callbacks.early_stopping.patience=3",
            "callbacks.weight_averaging.decay=0.99",
        ]
    ),
    max_size=5,
    unique_by=lambda word: word.partition("=")[0],
).map(tuple)


def resolved(words):
    composed = compose_request(Request(words))
    (job,) = composed.jobs
    validate_request(composed)
    return resolve_job(job, fetch=False, cache=CACHE).cfg


def require_fixed_point(cfg, folder):
    freeze_config(cfg, folder)
    read = read_frozen(folder)
    validate_frozen(read)
    again = resolve_config(read, fetch=False, cache=CACHE).cfg
    before = OmegaConf.to_container(cfg, resolve=True)
    assert OmegaConf.to_container(again, resolve=True) == before


@given(PARTS, WORDS)
@settings(max_examples=40)
def test_a_resolved_config_is_valid_and_resolves_to_itself(tmp_path_factory, parts, words):
    try:
        cfg = resolved((*parts, *words))
    except ConfigError:
        return  # what does not fit together is refused before anything is written
    require_fixed_point(cfg, tmp_path_factory.mktemp("frozen"))


@pytest.mark.parametrize("file", sorted(EXPERIMENTS.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_config_of_an_experiment_resolves_to_itself(file, tmp_path):
    composed = compose_request(Request((f"experiment={file.stem}", "trainer=smoke")))
    validate_request(composed)
    cfg = resolve_job(composed.jobs[0], fetch=False, cache=CACHE).cfg
    require_fixed_point(cfg, tmp_path)
