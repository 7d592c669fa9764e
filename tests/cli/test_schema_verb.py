"""`leyden schema`: what validates against the schemas, what does not, and an editor's settings."""

import json
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from leyden.config.json_schema.files import Places, all_schemas
from leyden.config.location import CONF, EXPERIMENTS
from leyden.config.plain import read_yaml
from leyden.config.project import forget_project

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "tests" / "assets" / "template_project"
FILES = [
    *sorted(CONF.rglob("*.yaml")),
    *sorted(EXPERIMENTS.rglob("*.yaml")),
]


@pytest.fixture(scope="module")
def schemas():
    """The schemas of Leyden's own folders."""
    places = Places(ROOT, ROOT / ".leyden" / "schemas", CONF, EXPERIMENTS, is_strict=True)
    return {group: Draft202012Validator(schema) for group, schema in all_schemas(places).items()}


def group_of(file):
    if file.is_relative_to(EXPERIMENTS):
        return "experiment"
    parts = file.relative_to(CONF).parts
    if len(parts) == 1:
        return "config"
    return "/".join(parts[: 2 if parts[0] == "hydra" else 1])


def fits(schemas, group, text):
    return schemas[group].is_valid(yaml.safe_load(text))


def test_there_is_a_schema_of_every_group(schemas):
    assert {group_of(file) for file in FILES} == {*schemas}
    for validator in schemas.values():
        Draft202012Validator.check_schema(validator.schema)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CONF.parent)))
def test_every_file_is_valid(schemas, file):
    errors = schemas[group_of(file)].iter_errors(read_yaml(file))
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


MLP = "_target_: leyden.models.MLP\n"
SGD = "_target_: leyden.optim.sgd\n_partial_: true\n"


@pytest.mark.parametrize(
    ("group", "right", "wrong"),
    [
        ("model", MLP + "width: 3", MLP + "width: wide"),
        ("model", MLP + "width: 3", MLP + "widht: 3"),
        ("model", MLP + "width: 1", MLP + "width: 0"),
        ("model", MLP + "dropout: 0.9", MLP + "dropout: 1"),
        ("model", MLP + "norm: layer", MLP + "norm: group"),
        ("model", "_target_: leyden.models.CNN\nnorm: group", MLP + "norm: group"),
        ("model", MLP + "width: ${data.batch_size}", MLP + "width: $data.batch_size"),
        ("model", MLP + "width: ???", MLP + "input_shape: [1, 8, 8]"),
        ("model", "_target_: my_models.Net\nany: 3", MLP + "any: 3"),
        ("model", "defaults: [/model/mlp@_here_]\nwidth: 3", "defaults: [a]\nwidht: 3"),
        (
            "data",
            "_target_: leyden.data.Digits\ncrop: 0.5",
            "_target_: leyden.data.Digits\ncrop: 2",
        ),
        ("optimizer", SGD + "lr: 1.0", SGD + "lr: -1.0"),
        ("optimizer", SGD + "lr: 0.1", SGD + "net: 3"),
        (
            "scheduler",
            "_target_: leyden.optim.wsd\ncooldown: sqrt",
            "_target_: leyden.optim.wsd\ncooldown: cube",
        ),
        ("task", "label_smoothing: 0.1", "label_smoothing: 1.0"),
        ("trainer", "max_epochs: 3", "max_epochs: 0"),
        ("trainer", "precision: bf16-mixed", "precision: bf16"),
        ("trainer", "force: {max_steps: 3}", "force: {max_stesp: 3}"),
        ("trainer", "detect_anomaly: true", "detect_anomaly: 3"),
        ("trainer", "limit_val_batches: 0.5", "logger: true"),
        ("strategy", "strategy: ddp", "strategy: dpp"),
        ("privacy", "privacy: {delta: 0.1}", "privacy: {delta: 1}"),
        ("callbacks", "early_stopping: {patience: 3}", "early_stopping: {patience: 0}"),
        ("callbacks", "early_stopping: null", "early_stoping: {patience: 3}"),
        ("callbacks", "mine: {_target_: my.Callback, a: 3}", "mine: {a: 3}"),
        ("logger", "csv: null", "csv: {_target_: leyden.loggers.CSV, folder: a}"),
        ("hydra/launcher", "slots: 3", "slotz: 3"),
        ("hydra/sweeper", "n_trials: 3", "n_trials: 0"),
        ("experiment", "model: {width: 3}", "model: {widht: 3}"),
        ("experiment", "seed: 3", "seed: -1"),
        ("experiment", "seed: 3", "sead: 3"),
        ("experiment", "privacy: null", "privacy: {epsilon: 0}"),
        ("experiment", "monitor: {mode: max}", "monitor: {mode: most}"),
        ("experiment", "sweep: {retry: 2}", "sweep: {retries: 2}"),
        ("experiment", "compile: true", "compile: {mode: fast}"),
        (
            "experiment",
            "defaults: [{override /model: rnn}]\nmodel: {cell: lstm}",
            "defaults: [{override /model: mlp}]\nmodel: {cell: lstm}",
        ),
        (
            "experiment",
            "defaults: [{override /model: cnn/base}]\nmodel: {norm: group}",
            "defaults: [{override /model: mlp/base}]\nmodel: {norm: group}",
        ),
        (
            "experiment",
            "metrics: {f1: {_target_: torchmetrics.classification.BinaryF1Score}}",
            "metrics: {f1: {average: macro}}",
        ),
    ],
)
def test_a_wrong_key_type_or_range_is_found(schemas, group, right, wrong):
    assert fits(schemas, group, right)
    assert not fits(schemas, group, wrong)


def test_a_key_has_its_text_and_its_default(schemas):
    mlp = schemas["model"].schema["$defs"]["model.leyden.models.MLP"]["properties"]
    assert mlp["window"]["description"] == "Tokens of text that it sees; no meaning for numbers."
    assert mlp["window"]["default"] == 16
    experiment = json.dumps(schemas["experiment"].schema)
    assert "Whether less or more of it is better." in experiment


@pytest.fixture
def project(leyden, tmp_path, monkeypatch):
    """A new project, as the working folder."""
    assert leyden("new", "schema_demo").status == 0
    monkeypatch.chdir(tmp_path / "schema_demo")
    monkeypatch.setattr("sys.path", list(sys.path))
    forget_project()
    yield tmp_path / "schema_demo"
    for name in [name for name in sys.modules if name.partition(".")[0] == "schema_demo"]:
        del sys.modules[name]
    forget_project()


def test_the_files_of_a_new_project_are_valid_and_wrong_ones_are_found(project, leyden):
    result = leyden("schema")
    assert result.status == 0, result.err
    assert result.out == ".leyden/schemas\n"
    settings = json.loads((project / ".vscode" / "settings.json").read_text())["yaml.schemas"]
    seen = []
    for path, globs in settings.items():
        validator = Draft202012Validator(json.loads((project / path).read_text()))
        for file in [file for one in globs for file in project.glob(one)]:
            assert validator.is_valid(read_yaml(file)), file
            seen.append(str(file.relative_to(project)))
    assert sorted(seen) == [
        "conf/data/spirals.yaml",
        "conf/model/net.yaml",
        "experiments/first.yaml",
        "experiments/sweep.yaml",
    ]
    model = Draft202012Validator(json.loads((project / ".leyden/schemas/model.json").read_text()))
    net = {"_target_": "schema_demo.model.Net"}
    assert model.is_valid({**net, "depth": 0})
    assert not model.is_valid({**net, "depth": -1})
    assert not model.is_valid({**net, "detph": 1})


def test_the_files_of_a_project_with_a_primary_config_of_its_own_are_valid(
    leyden, tmp_path, monkeypatch
):
    shutil.copytree(TEMPLATE, tmp_path / "theirs")
    monkeypatch.chdir(tmp_path / "theirs")
    monkeypatch.setattr("sys.path", list(sys.path))
    assert leyden("adopt").status == 0
    places = Places.of_working_folder(None)
    schemas = all_schemas(places)
    assert {"debug", "paths", "hparams_search", "extras"} <= {*schemas}
    seen = 0
    for group, schema in schemas.items():
        validator = Draft202012Validator(schema)
        for file in [file for one in places.globs(group) for file in places.folder.glob(one)]:
            assert list(validator.iter_errors(read_yaml(file))) == [], file
            seen += 1
    assert seen >= 25
    wrong = {"_target_": "src.models.digits.DigitsModule", "net": 3, "_partial_": 3}
    assert not Draft202012Validator(schemas["model"]).is_valid(wrong)


def test_settings_of_the_user_stay(project, leyden):
    file = project / ".vscode" / "settings.json"
    file.parent.mkdir()
    before = {
        "a": 1,
        "yaml.schemas": {"./mine.json": "*.yaml", "./.leyden/schemas/model.json": "x"},
    }
    file.write_text(json.dumps(before))
    assert leyden("schema").status == 0
    assert leyden("schema").status == 0
    after = json.loads(file.read_text())
    assert after["a"] == 1
    assert after["yaml.schemas"]["./mine.json"] == "*.yaml"
    assert after["yaml.schemas"]["./.leyden/schemas/model.json"] == ["x", "conf/model/**/*.yaml"]


@pytest.mark.parametrize(
    "text", ['{\n  // a comment\n  "a": 1\n}', '{"a": 1,}', "[]", '{"yaml.schemas": []}']
)
def test_settings_that_would_lose_something_are_not_touched(project, leyden, text):
    file = project / ".vscode" / "settings.json"
    file.parent.mkdir()
    file.write_text(text)
    result = leyden("schema")
    assert result.status == 0
    assert file.read_text() == text
    assert "not changed: .vscode/settings.json" in result.err
    shown = json.loads(result.out.rpartition("}")[0] + "}")
    assert "conf/model/**/*.yaml" in shown["yaml.schemas"]["./.leyden/schemas/model.json"]


def test_an_editor_without_settings_is_told_the_line_that_names_a_schema(project, leyden):
    result = leyden("schema", "--output", "elsewhere")
    assert result.out == "elsewhere\n"
    line = "# yaml-language-server: $schema=../../elsewhere/model.json"
    assert line in " ".join(result.err.split())
    assert (project / "conf" / "model" / "../../elsewhere/model.json").is_file()


def test_a_file_in_the_place_of_the_folder_is_refused(project, leyden):
    result = leyden("schema", "--output", "Makefile")
    assert result.status == 2
    assert "--output=" in result.err
    assert not (project / ".vscode").exists()
