"""A sweep's report, recomputed from the files of its runs with numpy, scipy and statsmodels."""

import csv
import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

WORDS = ("-m", "model.width=8,64", "optimizer=sgd,adamw", "sweep.repeat.seed=3")
WORDS += ("trainer.max_steps=60", "trainer.val_check_interval=15", "trainer.accelerator=cpu")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory, warm):
    folder = tmp_path_factory.mktemp("sweep")
    status, out, err = warm.run("train", *WORDS, folder=folder)
    assert status == 0, err
    return folder / out.splitlines()[-1], err


@pytest.fixture(scope="module")
def jobs(sweep):
    """A row a job: what was chosen, and the least val/loss in its metrics.csv."""
    folder, _ = sweep
    rows = []
    for job in json.loads((folder / "sweep.json").read_text())["jobs"]:
        chosen = dict(text.split("=") for text in job["overrides"])
        run = json.loads((folder / job["folder"] / "run.json").read_text())
        metrics = pd.read_csv(folder / job["folder"] / "metrics.csv")
        rows.append(chosen | {"score": metrics["val/loss"].min(), "run": run, "told": job})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def scores(jobs):
    """The scores of each configuration, that of the least mean first."""
    groups = jobs.groupby(["model.width", "optimizer"])["score"].apply(list)
    named = {f"{name}, width {width}": found for (width, name), found in groups.items()}
    return dict(sorted(named.items(), key=lambda item: np.mean(item[1])))


def table(folder, name):
    with (folder / "report" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def number(text):
    return None if text == "" else float(text)


def label(row):
    return ", ".join(sorted(row["configuration"].split(", ")))


def test_each_job_is_told_with_the_best_of_its_validations(sweep, jobs):
    for row, job in zip(table(sweep[0], "jobs.csv"), jobs.itertuples(), strict=True):
        assert float(row["objective val/loss"]) == pytest.approx(job.score, rel=1e-6)
        assert job.told["objective"] == [pytest.approx(job.score, rel=1e-6)]
        assert int(row["parameters"]) == job.run["params"]["total"]
        assert float(row["FLOPs in steps"]) == 60 * job.run["flops"]["per_step"]


def test_configurations_have_the_mean_and_students_interval_of_their_seeds(sweep, scores):
    rows = table(sweep[0], "configurations.csv")
    assert [label(row) for row in rows] == [", ".join(sorted(n.split(", "))) for n in scores]
    for row, found in zip(rows, scores.values(), strict=True):
        low, high = stats.t.interval(0.95, 2, np.mean(found), stats.sem(found))
        assert float(row["mean val/loss"]) == pytest.approx(np.mean(found), rel=1e-6)
        assert float(row["95 % ±"]) == pytest.approx((high - low) / 2, rel=1e-5)


def test_verdicts_are_those_of_welch_and_holm(sweep, scores):
    best, *others = scores.values()
    raw = [stats.ttest_ind(best, found, equal_var=False).pvalue for found in others]
    significant, corrected, *_ = multipletests(raw, alpha=0.05, method="holm")
    rows = table(sweep[0], "configurations.csv")[1:]
    for row, p, is_significant in zip(rows, corrected, significant, strict=True):
        assert float(row["p (Holm)"]) == pytest.approx(p, rel=1e-4)
        told_apart = "worse" if is_significant else "can't be told apart with 3 repeats"
        assert row["verdict"] == told_apart


def test_a_difference_of_the_smallest_detectable_size_is_just_significant(sweep, scores):
    """Each other configuration is moved to that distance, with its own spread."""
    best, *others = map(np.array, scores.values())
    rows = table(sweep[0], "configurations.csv")[1:]
    raw = [stats.ttest_ind(best, found, equal_var=False).pvalue for found in others]
    for place, (row, found) in enumerate(zip(rows, others, strict=True)):
        for factor, expected in ((0.999, False), (1.001, True)):
            distance = factor * float(row["smallest detectable"])
            moved = found - found.mean() + best.mean() + distance
            p = stats.ttest_ind(best, moved, equal_var=False).pvalue
            all_p = [p if k == place else other for k, other in enumerate(raw)]
            assert bool(multipletests(all_p, method="holm")[0][place]) is expected


def test_shares_of_variance_are_those_of_type_ii_anova(sweep, jobs):
    frame = jobs[["model.width", "optimizer", "score"]].set_axis(["w", "o", "y"], axis=1)
    found = anova_lm(ols("y ~ C(w) * C(o)", frame).fit(), typ=2)
    total = ((frame["y"] - frame["y"].mean()) ** 2).sum()
    text = (sweep[0] / "report" / "report.md").read_text()
    text = text.partition("| effect |")[2].partition("\n\n")[0]
    names = {"width": "C(w)", "optimizer": "C(o)", "rest": "Residual"}
    for name, term in names.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
        share, p = (cell.strip() for cell in line.split("|")[2:4])
        assert float(share) == pytest.approx(found.loc[term, "sum_sq"] / total, rel=2e-3, abs=1e-6)
        if term != "Residual":
            assert float(p) == pytest.approx(found.loc[term, "PR(>F)"], rel=2e-3)


def test_the_last_words_name_the_best_configuration_and_its_interval(sweep, scores):
    found = next(iter(scores.values()))
    half = stats.t.ppf(0.975, 2) * stats.sem(found)
    (line,) = [line for line in sweep[1].splitlines() if line.startswith("best  ")]
    assert f"val/loss {np.mean(found):.4g} ± {half:.2g} (mean and 95 % interval of 3 jobs)" in line
    assert "seed=" not in line
