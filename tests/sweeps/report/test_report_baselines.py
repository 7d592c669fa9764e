"""The best configuration beside the baselines of its data, and the test of its best job."""

import json

import pytest

from leyden.sweeps.report import write_report
from leyden.sweeps.report.answer import answer
from leyden.sweeps.report.baselines import standing_of
from leyden.sweeps.report.best_test import best_test
from leyden.sweeps.report.document import Picture, Table
from leyden.sweeps.report.overview import overview_caption, overview_rows, overview_values
from leyden.sweeps.report.results import read_results

TRIVIAL = {
    "name": "most frequent class",
    "is_trivial": True,
    "metrics": {"val/loss": 2.3, "test/acc": 0.1},
}
NEAREST = {"name": "nearest mean", "is_trivial": False, "metrics": {"test/acc": 0.7}}
LOGISTIC = {
    "name": "logistic regression",
    "is_trivial": False,
    "metrics": {"val/loss": 0.9, "test/acc": 0.85},
}


def jobs_with(job, *, acc, baselines=(TRIVIAL, NEAREST, LOGISTIC)):
    return [
        job(
            "model=a",
            f"seed={seed}",
            score=1.0 + seed,
            run={
                "metrics": {"val/loss": 1.0 + seed} | ({} if acc is None else {"test/acc": value}),
                "baselines": baselines and list(baselines),
            },
        )
        for seed, value in enumerate(acc or (0, 0))
    ]


def best_beside(folder):
    results = read_results(folder)
    return standing_of(results, results.scored[0])


def test_the_best_is_set_beside_the_best_and_the_trivial_baseline(sweep, job):
    found = best_beside(sweep(jobs_with(job, acc=(0.8, 0.9))))
    assert found.sentence == (
        "With test/acc 0.85 it is the same as the best baseline, logistic regression (0.85), and "
        "0.75 better than the trivial baseline, most frequent class (0.1)."
    )
    assert found.beats_trivial


def test_what_is_no_better_than_a_trivial_baseline_is_a_warning(sweep, job):
    results = read_results(sweep(jobs_with(job, acc=(0.05, 0.15))))
    assert not standing_of(results, results.scored[0]).beats_trivial
    (warning,) = [part for part in answer(results).parts if getattr(part, "is_warning", False)]
    assert "the same as the trivial baseline" in warning.text


def test_without_a_test_metric_the_objective_is_compared(sweep, job):
    found = best_beside(sweep(jobs_with(job, acc=None)))
    assert (found.metric, found.value) == ("val/loss", 1.5)
    assert [one.name for one in found.baselines] == ["logistic regression", "most frequent class"]


@pytest.mark.parametrize("baselines", [None, ()])
def test_without_baselines_nothing_is_said(sweep, job, baselines):
    assert best_beside(sweep(jobs_with(job, acc=(0.8, 0.9), baselines=baselines))) is None


DETAILS = {
    "samples": 10,
    "classes": [
        {"name": "<b>cat</b>", "support": 6, "precision": 0.8, "recall": 0.667, "f1": 0.727},
        {"name": "dog", "support": 4, "precision": None, "recall": 0.75, "f1": None},
    ],
    "confusion": [[4, 2], [1, 3]],
    "calibration": [{"confidence": 0.75, "accuracy": 0.7, "count": 10}],
    "ece": 0.05,
}


def with_details(job, tmp_path, content):
    entry = job("model=a", score=1.0, run={"intervals": {"test/loss": [0.5, 2.0]}})
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / entry.folder / "test_details.json").write_text(text)
    return [entry]


def test_the_test_of_the_best_job_has_classes_confusions_and_calibration(sweep, job, tmp_path):
    section = best_test(read_results(sweep(with_details(job, tmp_path, DETAILS))))
    (table,) = [part for part in section.parts if isinstance(part, Table)]
    assert table.rows[1] == ["dog", 4, None, 0.75, None]
    pictures = {part.name: part.figure for part in section.parts if isinstance(part, Picture)}
    assert pictures["confusion.png"]["data"][0]["z"] == [[4 / 6, 2 / 6], [1 / 4, 3 / 4]]
    assert pictures["calibration.png"]["data"][1]["y"] == [0.7]
    assert section.parts[0].text == (
        "The test of job 1 on 10 samples. With 95 % intervals over its samples: "
        "test/loss 1 (0.5 to 2)."
    )


def test_the_page_shows_names_of_classes_as_text(sweep, job, tmp_path):
    page = write_report(sweep(with_details(job, tmp_path, DETAILS))).read_text()
    assert "&lt;b&gt;cat&lt;/b&gt;" in page
    assert "<b>cat" not in page


@pytest.mark.parametrize(
    "content",
    ["{", "[]", {"classes": 3}, {"classes": [{}]}, {"calibration": [{"confidence": "x"}]}],
)
def test_damaged_details_are_left_out(sweep, job, tmp_path, content):
    assert best_test(read_results(sweep(with_details(job, tmp_path, content)))).parts == []


@pytest.mark.parametrize(
    "change", [{"confusion": None}, {"confusion": [[1]]}, {"confusion": [[1, 2], [3]]}]
)
def test_confusions_that_do_not_fit_the_classes_are_left_out(sweep, job, tmp_path, change):
    section = best_test(read_results(sweep(with_details(job, tmp_path, DETAILS | change))))
    assert "confusion.png" not in [getattr(part, "name", "") for part in section.parts]


@pytest.mark.parametrize(
    ("loss", "is_drawn"), [(0.9, True), (2.9, True), (4.1, False), (-1.5, False), (50.0, False)]
)
def test_a_baseline_far_from_all_jobs_is_named_instead_of_drawn(sweep, job, loss, is_drawn):
    """The jobs lie from 1 to 2, so twice that spread on either side is near."""
    far = TRIVIAL | {"metrics": {"val/loss": loss, "test/acc": 0.1}}
    results = read_results(sweep(jobs_with(job, acc=(0.8, 0.9), baselines=(far,))))
    values = overview_values(results, overview_rows(results))
    assert (loss in values) == is_drawn
    named = f"too far off to be drawn: most frequent class {loss:g}"
    assert (named in overview_caption(results)) == (not is_drawn)
    assert ("baselines (dotted lines)" in overview_caption(results)) == is_drawn
