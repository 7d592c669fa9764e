"""Intervals, verdicts and shares of variance, against numbers worked out by hand."""

import pytest

from leyden.sweeps.record import Objective
from leyden.sweeps.report.effects import level_means, variance_shares
from leyden.sweeps.report.importance import importances
from leyden.sweeps.report.results import read_results
from leyden.sweeps.report.sections import without_value
from leyden.sweeps.report.statistics import differences, half_width, verdict, welch


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


@pytest.mark.parametrize(("second", "p"), [([1.0, 1.0], 1.0), ([2.0, 2.0], 0.0)])
def test_repeats_without_noise_are_the_same_or_not(second, p):
    assert welch([1.0, 1.0], second) == p


def test_holm_multiplies_the_smallest_of_two_p_values_by_two(sweep, job):
    scores = {"a": [1, 2, 3], "b": [2, 4, 6], "c": [11, 12, 13]}
    jobs = [
        job(f"model={m}", f"seed={s}", score=v)
        for m, values in scores.items()
        for s, v in enumerate(values)
    ]
    scored = read_results(sweep(jobs)).scored
    best, near, far = differences(scored)
    assert best is None
    assert near == pytest.approx(welch([1, 2, 3], [2, 4, 6]))
    assert far == pytest.approx(2 * welch([1, 2, 3], [11, 12, 13]))
    assert [verdict(near), verdict(far)] == ["within noise", "worse"]


def test_without_repeats_of_the_best_the_noise_is_unknown(sweep, job):
    jobs = [job("model=a", "seed=0", score=1.0)]
    jobs += [job("model=b", f"seed={seed}", score=2.0 + seed) for seed in range(2)]
    assert differences(read_results(sweep(jobs)).scored) == [None, None]
    assert verdict(None) == "noise unknown"


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
