"""Runs in groups: counts and means against those of pandas and scipy."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import sem, t

from leyden.analysis.run_groups import group_runs
from leyden.errors import ConfigError

RUNS = st.lists(
    st.fixed_dictionaries(
        {
            "model": st.sampled_from(["mlp", "cnn", None]),
            "width": st.sampled_from([8.0, 16.0]),
            "test/acc": st.floats(0, 1) | st.none(),
            "status": st.sampled_from(["completed", "failed", "running"]),
        }
    ),
    min_size=1,
)


@given(RUNS)
def test_counts_and_means_are_those_of_pandas(runs):
    found = group_runs(runs, ["model", "width"], ["test/acc"])
    table = pd.DataFrame(runs)
    table = table[table["status"] == "completed"]
    expected = table.groupby(["model", "width"], dropna=False)
    assert len(found) == expected.ngroups
    for group in found:
        same = table["width"] == group.values["width"]
        model = table["model"]
        same &= model.isna() if group.values["model"] is None else model == group.values["model"]
        values = table[same]["test/acc"].dropna().astype(float)
        mean = group.means["test/acc"]
        assert group.count == same.sum()
        assert (mean is None) == (len(values) == 0)
        if mean is not None:
            assert mean.count == len(values)
            assert mean.value == pytest.approx(values.mean())
        if len(values) > 1 and mean is not None:
            half = t.ppf(0.975, len(values) - 1) * sem(values)
            assert mean.half_width == pytest.approx(half, abs=1e-12)


def run(**facts):
    return {"status": "completed", "model": "mlp", **facts}


def test_best_values_of_different_metrics_have_no_mean():
    runs = [run(best=0.1, best_metric="val/loss"), run(best=0.9, best_metric="val/acc")]
    with pytest.raises(ConfigError, match="add best_metric to --group"):
        group_runs(runs, ["model"], ["best"])
    assert len(group_runs(runs, ["model", "best_metric"], ["best"])) == 2


def test_groups_are_sorted_by_a_mean_and_those_without_come_last():
    runs = [run(model=name, best=value) for name, value in (("a", 2.0), ("b", None), ("c", 3.0))]
    for sort, expected in (("best", "acb"), ("-best", "cab"), ("-model", "cba"), (None, "abc")):
        assert [one.values["model"] for one in group_runs(runs, ["model"], ["best"], sort)] == [
            *expected
        ]


@pytest.mark.parametrize(
    ("by", "results", "sort", "message"),
    [
        ("modl", "best", None, "--group=modl"),
        ("model", "bestt", None, "--columns=bestt"),
        ("model", "status", None, "--columns=status: is no number"),
        ("model", "best", "seed", "--sort=seed: is neither in"),
    ],
)
def test_what_can_not_be_grouped_is_refused(by, results, sort, message):
    with pytest.raises(ConfigError, match=message):
        group_runs([run(best=1.0)], [by], [results], sort)
