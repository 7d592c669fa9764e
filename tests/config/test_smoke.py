"""`trainer=smoke` makes any experiment one that runs on any machine, and says what it changed."""

import json
from functools import cache

import pytest
import torch

from leyden.config.compose import compose_request
from leyden.config.location import EXPERIMENTS
from leyden.config.request import Request

LARGE = ("gpt2_small_ddp", "gpt2_small_fsdp", "gpt2_hello")
ALL = sorted(file.stem for file in EXPERIMENTS.rglob("*.yaml"))


@cache  # of the experiments, which several tests look at
def composed(*words):
    return compose_request(Request(words)).jobs[0]


@pytest.mark.parametrize("name", ALL)
def test_a_smoke_run_is_one_process_without_compiling(name):
    cfg = composed(f"experiment={name}", "trainer=smoke").cfg
    assert (cfg.trainer.devices, cfg.trainer.num_nodes, cfg.compile) == (1, 1, False)
    assert "shrinks" not in cfg.trainer


@pytest.mark.parametrize("name", [name for name in ALL if name not in LARGE])
def test_nothing_is_changed_of_a_small_experiment(name):
    assert composed(f"experiment={name}", "trainer=smoke").notes == ()


@pytest.mark.parametrize("name", LARGE)
def test_a_large_experiment_is_planned_as_typed_with_its_model_whole(name, leyden):
    result = leyden("plan", f"experiment={name}", "trainer=smoke", "--json")
    assert result.status == 0, result.err
    (row,) = json.loads(result.out)
    assert row["params"]["total"] == 124_439_808
    assert row["steps"] == 2
    assert row["memory_bytes"] < 5e9


def test_every_change_is_said_in_a_line():
    notes = composed("experiment=gpt2_small_ddp", "trainer=smoke").notes
    keys = [note.split("=")[1].split()[-1] for note in notes]
    expected = ["trainer.devices", "compile", "trainer.precision", "data.batch_tokens", "data.path"]
    assert keys == [key for key in expected if key != "trainer.precision" or on_cpu()]


def on_cpu():
    return not torch.accelerator.is_available()


@pytest.mark.parametrize(
    ("typed", "key", "value"),
    [
        ("trainer.devices=2", "trainer.devices", 2),
        ("trainer.num_nodes=2", "trainer.num_nodes", 2),
        ("trainer.precision=bf16-mixed", "trainer.precision", "bf16-mixed"),
        ("compile=true", "compile", True),
        ("data.path=shards", "data.path", "shards"),
        ("data.batch_tokens=4096", "data.batch_tokens", 4096),
        ("trainer.micro_batch=3", "trainer.micro_batch", 3),
    ],
)
def test_what_is_typed_stays(typed, key, value):
    job = composed("experiment=gpt2_small_ddp", "trainer=smoke", typed)
    assert value == _select(job.cfg, key)
    assert not any(f" {key}=" in note for note in job.notes)


def _select(cfg, key):
    for part in key.split("."):
        cfg = cfg[part]
    return cfg


def test_weights_of_a_folder_that_is_here_are_taken(tmp_path):
    (tmp_path / "mine").mkdir()
    source = f"hf:{tmp_path / 'mine'}"
    job = composed("experiment=gpt2_hello", "trainer=smoke", f"init_from={source}")
    assert job.cfg.init_from == source
    assert job.notes == ()


def test_other_weights_that_are_not_there_are_refused_as_ever(leyden):
    result = leyden("plan", "trainer=smoke", "init_from=nowhere")
    assert result.status == 2
    assert "error: init_from=nowhere" in result.err


@pytest.mark.parametrize("data", ["tokens", "text", "csv", "image_folder"])
def test_without_smoke_a_path_must_be_given(data, leyden):
    result = leyden("plan", f"data={data}")
    assert result.status == 2
    assert "data.path=???" in result.err


def written(tmp_path, text):
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    (tmp_path / "mine" / "experiment" / "mine.yaml").write_text(f"# @package _global_\n{text}")
    return ("experiment=mine", "trainer=smoke")


@pytest.mark.parametrize(
    "sweep",
    [
        "{grid: {trainer.max_steps: [100, 200], seed: [0, 1]}}",
        "{zip: {trainer.max_steps: [100, 200], seed: [0, 1]}}",
        "{grid: {seed: [0, 1]}, when: {seed=0: {trainer.max_steps: [100]}}}",
    ],
    ids=["grid", "zip", "when"],
)
def test_an_axis_of_an_experiment_yields_to_what_a_smoke_run_forces(sweep, tmp_path):
    words = written(tmp_path, f"sweep: {sweep}\n")
    asked = compose_request(Request(words, config_dir=tmp_path / "mine"))
    assert [(job.cfg.seed, job.cfg.trainer.max_steps) for job in asked.jobs] == [(0, 2), (1, 2)]
    assert asked.notes == ("trainer=smoke sets trainer.max_steps=2 (was an axis of the sweep)",)


def test_an_axis_that_is_typed_stays():
    asked = compose_request(Request(("trainer=smoke", "trainer.max_steps=3,4"), multirun=True))
    assert [job.cfg.trainer.max_steps for job in asked.jobs] == [3, 4]
    assert asked.notes == ()


@pytest.mark.parametrize("budget", ["{steps: 100}", "{seconds: 60}", "{flops: 1e9}"])
def test_a_budget_of_an_experiment_yields_to_a_smoke_run(budget, tmp_path):
    words = written(tmp_path, f"budget: {budget}\n")
    (job,) = compose_request(Request(words, config_dir=tmp_path / "mine")).jobs
    assert (job.cfg.budget, job.cfg.trainer.max_steps) == (None, 2)
    assert "trainer=smoke sets budget=null" in job.notes[0]


def test_a_budget_that_is_typed_stays(leyden):
    result = leyden("plan", "trainer=smoke", "budget.steps=7", "--json")
    assert result.status == 0, result.err
    assert json.loads(result.out)[0]["steps"] == 7
