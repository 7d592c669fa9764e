"""Every option of every group composes, checks, fits its data and builds."""

from pathlib import Path

import pytest

from leyden.config.compose import compose_request
from leyden.config.location import CONF, EXPERIMENTS
from leyden.config.request import Request
from leyden.config.validate import check_job
from leyden.planning.resolve import resolve_config
from leyden.planning.rules import RULES
from leyden.training.build import build

TEXT = ("model=gpt", "data=stdlib_text")
REVIEWS = ("data=labelled_text", "data.path=reviews.csv", "data.text=review", "data.target=label")
FITTING = {  # what has to be chosen beside an option for the two to fit
    "model=gpt": TEXT,
    "model=hf": ("model.name=bert", *REVIEWS),
    "data=labelled_text": ("model=hf", "model.name=bert", *REVIEWS),
    "data=csv": ("data.path=houses.csv", "data.target=price"),
    "data=csv_series": ("data.path=sales.csv", "data.target=sold"),
    "data=series_classes": ("data.path=beats.csv", "data.label=rhythm"),
    "data=image_folder": ("data.path=photos",),
    "data=image_arrays": ("data.path=digits.npz",),
    "data=text": ("data.path=novel.txt",),
    "data=hf_images": ("data.path=pets",),
    "data=tokens": ("data.path=shards", "data.context=128"),
    "task=regression": ("data=sine",),
    "task=language_modeling": TEXT,
}
MOST_PARAMETERS = 30_000_000  # what is larger is composed and sized, but not built here
OPTIONS = sorted(
    f"{file.relative_to(CONF).parts[0]}="
    + file.relative_to(CONF / file.relative_to(CONF).parts[0]).with_suffix("").as_posix()
    for file in CONF.glob("*/**/*.yaml")
    if "hydra" not in file.parts  # launchers and searches: see tests/sweeps
    # For a LightningModule of the user's: see tests/data/test_module_loaders.py, test_hf_dataset.py
    if file not in (CONF / "data" / "module.yaml", CONF / "data" / "hf_dataset.yaml")
)


def fitted(*overrides):
    (job,) = compose_request(Request(overrides)).jobs
    assert check_job(job, RULES) == []
    return resolve_config(job.cfg)


@pytest.fixture
def shards(user_files, leyden):
    """The novel as shards of tokens."""
    leyden("tokenize", "novel.txt", "--output", "shards", "--val-share", "0.1")


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_builds(option, tmp_path: Path, request):
    if option.startswith("data="):
        request.getfixturevalue("shards" if option == "data=tokens" else "user_files")
    if option in ("model=hf", "data=labelled_text"):
        request.getfixturevalue("bert")
    beside = FITTING.get(option.partition("/")[0], ())
    result = fitted(*beside, option, "trainer.allow_synthetic=true")
    if result.params.total <= MOST_PARAMETERS:
        assert build(result.cfg, tmp_path).trainer.max_epochs is not None


@pytest.mark.parametrize("file", sorted(EXPERIMENTS.rglob("*.yaml")), ids=lambda f: f.stem)
def test_every_experiment_composes_and_checks(file):
    shards = ("data.path=.",) if file.stem.startswith("gpt2_small") else ()  # the user's own
    plan = compose_request(Request((f"experiment={file.stem}", *shards)))
    assert [problem for job in plan.jobs for problem in check_job(job, RULES)] == []


@pytest.mark.parametrize("file", sorted(EXPERIMENTS.rglob("*.yaml")), ids=lambda f: f.stem)
def test_every_experiment_opens_with_question_command_cost_and_result(file):
    head = file.read_text().partition("defaults:")[0]
    words = [line.split()[1] for line in head.splitlines()[1:]]
    wanted = ["Question", "Command", "Cost", "Result"]
    assert [word for word in words if word in wanted] == wanted


@pytest.mark.parametrize("family", ["mlp", "cnn", "resnet", "vgg", "rnn", "gpt"])
def test_named_sizes_grow_from_tiny_to_large(family):
    beside = TEXT if family == "gpt" else ("data=mnist", "trainer.allow_synthetic=true")
    sizes = [
        fitted(*beside, f"model={family}/{size}").params.total
        for size in ("tiny", "small", "base", "large")
    ]
    assert sizes == sorted(set(sizes))


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


@pytest.mark.parametrize("wanted", ["1e6", "1e8"])
@pytest.mark.parametrize("model", ["mlp", "cnn", "resnet", "vgg", "rnn", "gpt"])
def test_params_solves_the_width_within_five_percent(model, wanted):
    beside = TEXT if model == "gpt" else ("data=mnist", "trainer.allow_synthetic=true")
    result = fitted(*beside, f"model={model}", f"params={wanted}")
    assert abs(result.params.total - float(wanted)) <= 0.05 * float(wanted)


@pytest.mark.parametrize("wanted", ["1e3", "1e4", "1e5", "1e9"])
def test_params_reaches_from_a_thousand_to_a_billion(wanted):
    result = fitted("model=mlp", "data=digits", f"params={wanted}")
    assert abs(result.params.total - float(wanted)) <= 0.05 * float(wanted)


def test_a_size_that_no_width_has_is_refused_with_the_nearest_to_type(leyden):
    result = leyden("plan", "model=cnn", "data=mnist", "params=1e3")
    nearest = "params=476"
    assert nearest in result.err
    assert leyden("plan", "model=cnn", "data=mnist", nearest).status == 0


def test_the_solved_width_stands_in_the_config():
    # 64 w + w + w^2 + w + 10 w + 10 = 10,000 has its root at w = 68.9; w = 69 gives 10,015.
    assert fitted("params=1e4").cfg.model.width == 69


def test_flops_of_an_mlp_are_six_for_each_weight_and_sample_less_the_first_layers_input():
    # Forward 2, gradient of weights 2, gradient of inputs 2, which the first layer needs not.
    weights = [64 * 128, 128 * 128, 128 * 10]
    assert fitted("data.batch_size=32").flops_per_step == 32 * (6 * sum(weights) - 2 * weights[0])


def test_a_size_that_is_only_nearly_reached_is_said(leyden):
    arguments = ("model=cnn", "data=mnist", "params=1e5", "trainer=smoke")  # 105,866, width 16
    assert "no width comes nearer to params=100000" in leyden("train", *arguments).err
