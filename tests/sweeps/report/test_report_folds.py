"""The report of a cross-validation speaks of configurations, not of the job of one fold."""

import json

import pytest

from leyden.sweeps.report import write_report
from leyden.sweeps.report.answer import answer
from leyden.sweeps.report.best_test import best_test
from leyden.sweeps.report.document import CommandBlock, Paragraph, Picture, Table
from leyden.sweeps.report.results import read_results

FOLD = "data.split.fold"


def details(hits, recall):
    classes = [
        {"name": "cat", "support": 6, "precision": 0.5, "recall": recall, "f1": None},
        {"name": "dog", "support": 4, "precision": 0.5, "recall": 0.75, "f1": 0.6},
    ]
    return {"samples": 10, "classes": classes, "confusion": [[hits, 6 - hits], [1, 3]]}


@pytest.fixture
def folded(sweep, job, tmp_path):
    """Two configurations by two folds; the best job is of the worse configuration."""
    scores = {"model=a": (1.0, 1.2), "model=b": (0.5, 3.0)}
    jobs = [
        job(model, f"{FOLD}={number}/2", score=score, folder=f"{model[-1]}{number}")
        for model, both in scores.items()
        for number, score in enumerate(both, start=1)
    ]
    for name, content in (("a1", details(4, 0.6)), ("a2", details(5, 0.8))):
        (tmp_path / name / "test_details.json").write_text(json.dumps(content))
    overrides = ["data=digits", "model=a,b", "sweep.repeat.fold=2", "run_dir=somewhere"]
    return sweep(jobs, repeated=[FOLD], overrides=overrides)


def test_the_answer_is_the_configuration_with_the_best_mean_over_the_folds(folded):
    parts = answer(read_results(folded)).parts
    text = " ".join(part.text for part in parts if isinstance(part, Paragraph))
    assert "Cross-validated over 2 folds." in text
    assert "Best of 2 configurations is “a”: val/loss 1.1 ± 1.3 (95 % interval of the mean" in text
    assert "of 2 folds)" in text
    assert "best job" not in text
    (command,) = [part.text for part in parts if isinstance(part, CommandBlock)]
    assert command == "leyden train -m data=digits model=a sweep.repeat.fold=2"


def test_the_test_is_the_mean_over_the_models_of_the_folds(folded):
    section = best_test(read_results(folded))
    assert section.title == "Test of the best configuration"
    assert "test/loss 1.1 ± 1.3" in section.parts[0].text
    (table,) = [part for part in section.parts if isinstance(part, Table)]
    assert table.rows == [["cat", 6, 0.5, pytest.approx(0.7), None], ["dog", 4, 0.5, 0.75, 0.6]]
    (picture,) = [part for part in section.parts if isinstance(part, Picture)]
    assert picture.figure["data"][0]["z"] == [[4.5 / 6, 1.5 / 6], [1 / 4, 3 / 4]]


def test_a_search_is_not_begun_again_by_the_command_of_its_best_configuration(folded):
    content = json.loads((folded / "sweep.json").read_text())
    content["search"] = {"n_trials": 2}
    content["overrides"].append("hydra/sweeper=optuna")
    (folded / "sweep.json").write_text(json.dumps(content))
    (command,) = [
        part.text for part in answer(read_results(folded)).parts if isinstance(part, CommandBlock)
    ]
    expected = "leyden train -m data=digits model=a hydra/sweeper=basic sweep.repeat.fold=2"
    assert command == expected


def test_the_whole_report_names_no_best_job(folded):
    text = write_report(folded).with_name("report.md").read_text()
    assert "best job" not in text
