"""Intervals, verdicts and shares of variance, against numbers worked out by hand."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.stats import f, t
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttest_ind

from leyden.sweeps.objective import half_width
from leyden.sweeps.record import Objective
from leyden.sweeps.report.effects import level_means, variance_shares
from leyden.sweeps.report.importance import importances
from leyden.sweeps.report.results import read_results
from leyden.sweeps.report.sections import without_value
from leyden.sweeps.report.statistics import compare, holm, holm_level, smallest_detectable, welch


def shares(folder):
    effects, note = variance_shares(read_results(folder))
    return {effect.name: effect.share for effect in effects}, note


def test_the_interval_of_three_values_is_students():
    # mean 2, standard deviation 1, t(0.975, 2) = 4.3027: 4.3027 / sqrt(3)
    assert half_width([1, 2, 3]) == pytest.approx(2.4841, abs=1e-4)


def test_one_value_has_no_interval():
    assert half_width([1.0]) is None


def test_welch_allows_for_unequal_variances():
    # t = -2 / sqrt(1/3 + 4/3) = -1.5492, with (5/3)^2 / (1/18 + 16/18) = 2.9412 degrees of freedom
    assert welch([1, 2, 3], [2, 4, 6]) == pytest.approx(0.2210, abs=1e-3)


@pytest.mark.parametrize("second", [[1.0, 1.0], [2.0, 2.0], [2.0]])
def test_repeats_that_do_not_differ_do_not_show_the_noise(second):
    assert welch([1.0, 1.0], second) is None


VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=5)


@given(first=VALUES, second=VALUES)
def test_welch_is_statsmodels_test_with_unequal_variances(first, second):
    assume(np.std(first) + np.std(second) > 1e-3)
    with warnings.catch_warnings():  # of values that are all the same
        warnings.simplefilter("ignore")
        _, p, _ = ttest_ind(first, second, usevar="unequal")
    assert welch(first, second) == pytest.approx(p, rel=1e-6, abs=1e-12)


@given(raw=st.lists(st.floats(0, 1), min_size=1, max_size=8))
@settings(max_examples=10)  # each collects all garbage
def test_the_correction_is_statsmodels_of_holm(raw):
    expected = multipletests(raw, method="holm")[1]
    assert holm(dict(enumerate(raw))) == pytest.approx(dict(enumerate(expected)))


@given(first=VALUES, second=VALUES, others=st.lists(st.floats(1e-6, 1), max_size=5))
@example(first=[0.0, 0.0], second=[0.0, 1.0], others=[1.0, 1.0, 1.0, 0.01])  # 0.01 = 0.05 / 5
@settings(max_examples=10)
def test_from_the_smallest_detectable_difference_on_the_test_is_significant(first, second, others):
    """By statsmodels' own Welch test and Holm correction, among other comparisons."""
    assume(np.std(first) + np.std(second) > 1e-3)
    level = holm_level(others)
    least = smallest_detectable(first, second, level=level)
    for factor, is_significant in ((0.999, False), (1.001, True)):
        moved = np.array(second) - np.mean(second) + np.mean(first) + factor * least
        _, p, _ = ttest_ind(first, moved, usevar="unequal")
        corrected = multipletests([p, *others], method="holm")[1][0]
        assert bool(corrected < 0.05) is is_significant


def test_the_smallest_detectable_difference_of_two_pairs_is_worked_out_by_hand():
    # s² = 2 and 2 of two values each: sqrt(1 + 1), 2 degrees of freedom, t(0.975, 2) = 4.3027
    assert smallest_detectable([0, 2], [5, 7], level=0.05) == pytest.approx(6.0849, abs=1e-4)


def test_a_difference_of_that_size_is_found_in_half_of_all_cases():
    generator = np.random.default_rng(0)
    sd, repeats = 1.0, 20
    true = t.ppf(0.975, 2 * repeats - 2) * sd * (2 / repeats) ** 0.5
    found = [
        welch(generator.normal(0, sd, repeats), generator.normal(true, sd, repeats)) < 0.05
        for _ in range(1000)
    ]
    assert 0.45 < np.mean(found) < 0.55


def test_holm_multiplies_the_smallest_of_two_p_values_by_two(sweep, job):
    scores = {"a": [1, 2, 3], "b": [2, 4, 6], "c": [11, 12, 13]}
    jobs = [
        job(f"model={m}", f"seed={s}", score=v)
        for m, values in scores.items()
        for s, v in enumerate(values)
    ]
    scored = read_results(sweep(jobs)).scored
    best, near, far = compare(scored)
    assert best.p is None
    assert near.p == pytest.approx(welch([1, 2, 3], [2, 4, 6]))
    assert far.p == pytest.approx(2 * welch([1, 2, 3], [11, 12, 13]))
    assert [near.verdict, far.verdict] == ["can't be told apart with 3 repeats", "worse"]


def test_a_great_difference_of_two_repeats_is_not_called_noise(sweep, job):
    scores = {"a": [0.05, 0.066], "b": [0.5, 1.462]}
    jobs = [
        job(f"model={m}", f"seed={s}", score=v)
        for m, values in scores.items()
        for s, v in enumerate(values)
    ]
    _, other = compare(read_results(sweep(jobs)).scored)
    assert other.verdict == "can't be told apart with 2 repeats"
    # t(0.975, v) sqrt(0.008² + 0.481²), where v is hardly more than 1: t = 12.7
    assert other.detectable == pytest.approx(12.7 * 0.4811, rel=0.01)


def test_without_repeats_of_the_best_the_noise_is_unknown(sweep, job):
    jobs = [job("model=a", "seed=0", score=1.0)]
    jobs += [job("model=b", f"seed={seed}", score=2.0 + seed) for seed in range(2)]
    compared = compare(read_results(sweep(jobs)).scored)
    assert [(one.p, one.detectable) for one in compared] == [(None, None)] * 2
    assert compared[1].verdict == "noise unknown"


def test_where_more_is_better_the_best_is_the_greatest(sweep, job):
    jobs = [job("model=a", score=1.0), job("model=b", score=2.0)]
    results = read_results(sweep(jobs, objectives=[Objective("val/acc", "max")]))
    assert [configuration.label for configuration in results.scored] == ["b", "a"]


@pytest.mark.parametrize("state", ["pruned", "failed", "diverged", "interrupted"])
def test_what_did_not_complete_has_no_score(sweep, job, state):
    jobs = [job("model=a", score=1.0), job("model=b", score=0.1, state=state)]
    assert [c.label for c in read_results(sweep(jobs)).scored] == ["a"]


@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_completed_job_without_a_value_has_no_score(sweep, job, value):
    jobs = [job("model=a", score=1.0, objective=[value])]
    assert read_results(sweep(jobs)).scored == []


def additive(job, *, noise):
    """A 2 x 2 table with the effects 1 and 2 and no interaction, each cell once or twice."""
    return [
        job(f"model={m}", f"optimizer={o}", f"seed={s}", score=5 + a + 2 * b + e)
        for a, m in enumerate("xy")
        for b, o in enumerate("pq")
        for s, e in enumerate(noise)
    ]


def test_shares_of_an_additive_table(sweep, job):
    # Sums of squares: 8 * 0.5^2 = 2, 8 * 1^2 = 8, none, 8 * 0.1^2 = 0.08; together 10.08
    found, note = shares(sweep(additive(job, noise=[-0.1, 0.1])))
    expected = {"optimizer": 8, "model": 2, "model & optimizer": 0, "rest": 0.08}
    assert found == pytest.approx({k: v / 10.08 for k, v in expected.items()}, abs=1e-9)
    assert list(found) == list(expected)
    assert "interactions" in note


def test_the_test_of_an_effect_is_the_ratio_of_mean_squares(sweep, job):
    # Each effect has one degree of freedom, the rest 8 - 4: F = 2 / (0.08 / 4) = 100 of the models
    effects, _ = variance_shares(read_results(sweep(additive(job, noise=[-0.1, 0.1]))))
    found = {effect.name: effect.p for effect in effects}
    assert found["model"] == pytest.approx(f.sf(100, 1, 4))
    assert found["model & optimizer"] == pytest.approx(1)
    assert found["rest"] is None


def test_without_repeats_interactions_are_left_out(sweep, job):
    found, note = shares(sweep(additive(job, noise=[0.0])))
    assert found == pytest.approx({"optimizer": 0.8, "model": 0.2, "rest": 0}, abs=1e-9)
    assert "left out" in note


def test_with_an_empty_cell_interactions_are_left_out(sweep, job):
    jobs = additive(job, noise=[-0.1, 0.1])
    for lost in jobs[:2]:
        lost.state = "diverged"
    found, note = shares(sweep(jobs))
    assert "model & optimizer" not in found
    assert "left out" in note


def test_axes_that_vary_together_have_no_shares(sweep, job):
    jobs = [job(f"model={v}", f"optimizer={v}", score=float(i)) for i, v in enumerate("abcd")]
    found, note = shares(sweep(jobs))
    assert found == {}
    assert "can't be told apart" in note


def test_an_axis_that_some_jobs_lack_is_no_factor(sweep, job):
    jobs = additive(job, noise=[-0.1, 0.1])
    jobs[0].overrides.append("model.width=8")
    assert "width" not in " ".join(shares(sweep(jobs))[0])


def test_means_by_level_are_plain_means(sweep, job):
    means = level_means(read_results(sweep(additive(job, noise=[-0.1, 0.1]))))
    assert {mean.name: mean.mean for mean in means["optimizer"]} == pytest.approx(
        {"p": 5.5, "q": 7.5}
    )


def test_a_searchs_important_axis_comes_first(sweep, job):
    jobs = [
        job(f"optimizer.lr={10**-i}", f"model={'ab'[i % 2]}", score=float((i - 2) ** 2))
        for i in range(6)
    ]
    effects, _ = importances(read_results(sweep(jobs, search={"sampler": "tpe"})))
    assert [effect.name for effect in effects] == ["lr", "model"]
    assert 0.9 < sum(effect.share for effect in effects) <= 1 + 1e-9


def test_pruned_jobs_count_for_importance_with_what_they_had_reached(sweep, job):
    def found(state):
        jobs = [
            job(f"lr={i}", f"w={i % 3}", f"t={state}", score=float(i * i), state=state)
            for i in range(1, 8)
        ]
        jobs[6].state = "completed"
        return importances(read_results(sweep(jobs, search={})))

    effects, note = found("pruned")
    assert effects == found("completed")[0]
    assert "1 completed jobs, with their final value, and the 6 pruned ones" in note


def test_jobs_without_a_value_are_counted_beside_the_shares(sweep, job):
    jobs = additive(job, noise=[-0.1, 0.1])
    jobs[0].state, jobs[1].state, jobs[2].state = "diverged", "diverged", "failed"
    results = read_results(sweep(jobs))
    said = without_value(results, with_pruned=False)
    assert said == " Left out, since they have no final value: 2 diverged, 1 failed."


def test_optuna_says_nothing(sweep, job, capfd):
    jobs = [job(f"optimizer.lr={i}", score=float(i)) for i in range(1, 6)]
    importances(read_results(sweep(jobs, search={})))
    assert capfd.readouterr() == ("", "")
