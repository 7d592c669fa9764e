"""Every option of every group composes, checks, fits its data and builds."""

from pathlib import Path

import pytest

from leyden.config.build import build
from leyden.config.check import check
from leyden.config.compose import compose_plan
from leyden.config.fit import fit_to_data
from leyden.config.location import CONF, EXPERIMENTS
from leyden.config.request import Request

TEXT = ("model=gpt", "data=stdlib_text")
FITTING = {  # what has to be chosen beside an option for the two to fit
    "model=gpt": TEXT,
    "data=stdlib_text": TEXT,
}
OPTIONS = sorted(
    f"{file.relative_to(CONF).parts[0]}="
    + file.relative_to(CONF / file.relative_to(CONF).parts[0]).with_suffix("").as_posix()
    for file in CONF.glob("*/**/*.yaml")
)


def fitted(*overrides):
    (job,) = compose_plan(Request(overrides)).jobs
    assert check(job) == []
    return fit_to_data(job.cfg)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_builds(option, tmp_path: Path):
    beside = FITTING.get(option.partition("/")[0], ())
    is_large = option.startswith("model=gpt/")  # composed and sized, but too much to build here
    result = fitted(*beside, option)
    if not is_large:
        assert build(result.cfg, tmp_path, callbacks=[]).trainer.max_epochs is not None


@pytest.mark.parametrize("file", sorted(EXPERIMENTS.rglob("*.yaml")), ids=lambda f: f.stem)
def test_every_experiment_composes_and_checks(file):
    plan = compose_plan(Request((f"experiment={file.stem}",)))
    assert [problem for job in plan.jobs for problem in check(job)] == []


@pytest.mark.parametrize("file", sorted(EXPERIMENTS.rglob("*.yaml")), ids=lambda f: f.stem)
def test_every_experiment_opens_with_question_command_cost_and_result(file):
    words = [line.split()[1] for line in file.read_text().splitlines()[1:5]]
    assert words == ["Question", "Command", "Cost", "Result"]


@pytest.mark.parametrize("model", ["mlp", "gpt"])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "muon"])
@pytest.mark.parametrize("scheduler", ["constant", "cosine", "wsd"])
def test_optimizers_and_schedules_cross_both_models(model, optimizer, scheduler, tmp_path):
    beside = FITTING.get(f"model={model}", ())
    result = fitted(*beside, f"optimizer={optimizer}", f"scheduler={scheduler}")
    assert build(result.cfg, tmp_path, callbacks=[]).task is not None


@pytest.mark.parametrize(
    ("size", "total"),
    [
        ("small", 124_439_808),
        ("medium", 354_823_168),
        ("large", 774_030_080),
        ("xl", 1_557_611_200),
    ],
)
def test_gpt_sizes_are_those_of_gpt2(size, total):
    result = fitted(*TEXT, f"model=gpt/{size}", "model.vocab_size=50257", "data.context=1024")
    assert result.params.total == total


@pytest.mark.parametrize(
    ("model", "wanted"),
    [("mlp", 1e4), ("mlp", 1e5), ("mlp", 1e7), ("gpt", 5e4), ("gpt", 1e6), ("gpt", 1e7)],
)
def test_params_solves_the_width_within_five_percent(model, wanted):
    result = fitted(*FITTING.get(f"model={model}", ()), f"model={model}", f"params={wanted}")
    assert abs(result.params.total - wanted) <= 0.05 * wanted


def test_the_solved_width_stands_in_the_config():
    # 64 w + w + w^2 + w + 10 w + 10 = 10,000 has its root at w = 68.9; w = 69 gives 10,015.
    assert fitted("params=1e4").cfg.model.width == 69


def test_flops_of_an_mlp_are_six_for_each_weight_and_sample_less_the_first_layers_input():
    # Forward 2, gradient of weights 2, gradient of inputs 2, which the first layer needs not.
    weights = [64 * 128, 128 * 128, 128 * 10]
    assert fitted("data.batch_size=32").flops_per_step == 32 * (6 * sum(weights) - 2 * weights[0])
