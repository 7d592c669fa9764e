"""The command itself: help, Hydra's flags, completion, where configs are found."""

import json
import subprocess
import sys

import pytest


def python(code, **environment):
    import os

    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={**os.environ, **environment},
    ).stdout


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["runs", "--help"]])
def test_help_imports_nothing_heavy(arguments):
    code = (
        f"import sys; from leyden.cli import main; main({arguments!r});"
        "print({'torch', 'pytorch_lightning', 'hydra', 'rich'} & set(sys.modules))"
    )
    assert python(code).splitlines()[-1] == "set()"


def test_help_names_every_verb(leyden):
    from leyden.cli.command import command_parser

    _, verbs = command_parser()
    assert all(f"leyden {verb}" in leyden("--help").out for verb in verbs)


def test_train_help_lists_every_option(leyden):
    text = leyden("train", "--help").out
    assert all(word in text for word in ("gpt/small", "stdlib_text", "muon", "wsd", "quickstart"))


def test_an_unknown_verb_is_refused_with_the_nearest(leyden):
    result = leyden("trian")
    assert result.status == 2
    assert "`leyden train`" in result.err


def test_hydra_shows_the_config():
    out = python("from leyden.cli import main; main(['train', '--cfg', 'job', 'model=gpt'])")
    assert "_target_: leyden.models.GPT" in out


def test_hydra_shows_how_a_config_was_composed():
    out = python("from leyden.cli import main; main(['train', '--info', 'defaults'])")
    assert "model/mlp" in out


@pytest.mark.parametrize("line", ["leyden eval RUN ck", "leyden train --c"])
def test_what_hydra_can_not_complete_gives_nothing(line):
    code = "from leyden.cli import main; main(['-sc', 'query=bash'])"
    assert python(code, COMP_LINE=line) == ""


@pytest.mark.parametrize(
    ("line", "completions"),
    [
        ("leyden tr", ["train"]),
        ("leyden train model=", ["model=mlp", "model=gpt"]),
        ("leyden train experiment=", ["experiment=quickstart"]),
        ("leyden train trainer.max_", ["trainer.max_steps="]),
    ],
)
def test_the_shell_completes(line, completions):
    code = "from leyden.cli import main; main(['-sc', 'query=bash'])"
    assert set(completions) <= set(python(code, COMP_LINE=line).split())


def test_python_m_leyden_is_the_same_command():
    done = subprocess.run(
        [sys.executable, "-m", "leyden", "--help"], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("Leyden:")


def test_plan_writes_nothing_and_counts_parameters_by_hand(leyden, tmp_path):
    (row,) = json.loads(leyden("plan", "model.width=16", "model.depth=1", "--json").out)
    assert row["params"]["total"] == (64 * 16 + 16) + (16 * 10 + 10)
    assert row["steps"] == 20 * (1437 // 64)
    assert list(tmp_path.iterdir()) == []


def test_plan_sizes_every_job_of_a_sweep(leyden):
    rows = json.loads(leyden("plan", "-m", "params=1e4,1e5", "model.depth=1,2", "--json").out)
    assert len(rows) == 4


def test_a_sweep_makes_a_short_named_folder_for_each_job(leyden):
    result = leyden("train", "-m", "optimizer=sgd,adamw", "trainer=smoke")
    names = sorted(path.parent.name for path in result.folder.glob("*/run.json"))
    assert [name.partition("-")[0] for name in names] == ["adamw", "sgd"]


def test_an_experiment_can_be_a_sweep(leyden, tmp_path):
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    (tmp_path / "mine" / "experiment" / "two.yaml").write_text(
        "# @package _global_\n"
        "defaults:\n  - override /trainer: smoke\n"
        "hydra:\n  mode: MULTIRUN\n  sweeper:\n    params:\n      model.width: 4,8\n"
    )
    result = leyden("train", "--config-dir", "mine", "experiment=two")
    assert result.status == 0
    assert len(list(result.folder.glob("*/run.json"))) == 2
    assert result.folder.parent.name == "two"


def test_a_key_of_lightning_that_no_file_has_needs_no_plus(leyden):
    assert leyden("train", "trainer=smoke", "trainer.detect_anomaly=true").status == 0


def test_eval_of_a_folder_that_is_no_run_is_refused(leyden):
    result = leyden("eval", "nowhere")
    assert result.status == 2
    assert "`leyden runs`" in result.err


def test_eval_needs_a_run(leyden):
    assert leyden("eval").status == 2
