"""What the report says of edges, fronts, curves, commands and failures."""

import shlex

import pytest

from leyden.sweeps.record import Objective
from leyden.sweeps.report.answer import answer, best_sentence
from leyden.sweeps.report.basin import curves, edge, edge_warnings, numeric_axes
from leyden.sweeps.report.curves import mean_curves
from leyden.sweeps.report.document import Paragraph
from leyden.sweeps.report.jobs import job_command, label, short_names
from leyden.sweeps.report.pareto import panels, pareto_front
from leyden.sweeps.report.pruned import pruned_parts
from leyden.sweeps.report.question import question
from leyden.sweeps.report.results import read_results
from leyden.sweeps.report.tables import failures_table


@pytest.mark.parametrize(
    ("value", "tried", "where"),
    [
        (1.0, [1.0, 2.0, 3.0], "the smallest"),
        (3.0, [1.0, 2.0, 3.0], "the largest"),
        (2.0, [1.0, 2.0, 3.0], None),
        (0.001, [0.0001, 0.001, 0.01], None),
        (0.097, [0.0001, 0.001, 0.097, 0.1], "nearly the largest"),
    ],
)
def test_an_edge_is_an_end_of_what_was_tried(value, tried, where):
    assert edge(value, tried) == where


def rates(job, **scores):
    return [
        job(f"optimizer={name}", f"optimizer.lr={lr}", score=score)
        for name, found in scores.items()
        for lr, score in zip((0.001, 0.01, 0.1), found, strict=True)
    ]


def warnings(folder):
    results = read_results(folder)
    return edge_warnings(results, "optimizer.lr", numeric_axes(results)["optimizer.lr"])


def test_a_best_value_on_the_edge_is_warned_of(sweep, job):
    (text,) = warnings(sweep(rates(job, adamw=[3.0, 2.0, 1.0])))
    assert text == "The best optimizer.lr is the largest tried (0.1): widen the range."


def test_a_best_value_within_the_range_is_not(sweep, job):
    assert warnings(sweep(rates(job, adamw=[3.0, 1.0, 2.0]))) == []


def test_another_curve_with_its_best_on_the_edge_is_named(sweep, job):
    (text,) = warnings(sweep(rates(job, adamw=[3.0, 1.0, 2.0], sgd=[2.0, 3.0, 4.0])))
    assert "sgd (0.001)" in text


def test_a_value_that_diverged_was_tried(sweep, job):
    jobs = rates(job, adamw=[3.0, 2.0, 1.0])
    jobs.append(job("optimizer=adamw", "optimizer.lr=1", state="diverged"))
    assert warnings(sweep(jobs)) == []


def test_a_curve_holds_what_differs_in_one_axis_only(sweep, job):
    results = read_results(sweep(rates(job, sgd=[3.0, 2.0, 4.0], adamw=[3.0, 1.0, 2.0])))
    assert [(c.label, len(c.points)) for c in curves(results, "optimizer.lr")] == [
        ("adamw", 3),
        ("sgd", 3),
    ]


def test_the_front_has_what_nothing_beats():
    points = [(1, 5), (2, 5), (2, 3), (3, 4), (4, 1), (4, 1)]
    assert pareto_front(points) == [0, 2, 4]


def test_a_front_by_parameters_prefers_more_of_what_is_better_so(sweep, job):
    jobs = [
        job(f"model={name}", score=score, run={"params": {"total": size}})
        for name, score, size in [("small", 0.5, 10), ("wide", 0.4, 100), ("large", 0.9, 1000)]
    ]
    results = read_results(sweep(jobs, objectives=[Objective("val/acc", "max")]))
    front = panels(results)[0].front
    assert [configuration.label for _, configuration in front] == ["small", "large"]


def test_a_second_objective_has_a_front(sweep, job):
    jobs = [job("model=a", score=1.0, objective=[1.0, 7.0])]
    objectives = [Objective("val/loss", "min"), Objective("val/acc", "max")]
    found = panels(read_results(sweep(jobs, objectives=objectives)))
    assert [panel.name for panel in found][-1] == "val/acc"


def test_a_mean_curve_has_the_steps_of_all_repeats(sweep, job):
    runs = [[[1, 1.0], [2, 3.0]], [[2, 5.0], [3, 9.0]]]
    jobs = [job(f"seed={i}", score=1.0, run={"monitored": run}) for i, run in enumerate(runs)]
    (curve,) = mean_curves(read_results(sweep(jobs)).scored)
    assert (curve.steps, curve.mean) == ([2], (4.0,))
    assert curve.band == ((3.0,), (5.0,))


def test_the_band_of_three_repeats_is_the_interval_of_the_mean(sweep, job):
    jobs = [job(f"seed={i}", score=1.0, run={"monitored": [[1, i]]}) for i in (1, 2, 3)]
    (curve,) = mean_curves(read_results(sweep(jobs)).scored)
    assert curve.band[1][0] == pytest.approx(2 + 2.4841, abs=1e-4)


def test_the_command_has_what_is_shared_and_what_is_the_jobs_own(sweep, job):
    folder = sweep(
        [job("model=cnn", "seed=1", score=1.0)],
        command=["leyden", "train", "-m", "--config-dir", "my conf", "model=mlp,cnn"],
        overrides=[
            "data=digits",
            "model=mlp,cnn",
            "name=it's",
            "sweep.repeat.seed=3",
            "hydra/launcher=ray",
            "hydra.launcher.address=auto",
            "+trainer.max_steps=5",
        ],
    )
    results = read_results(folder)
    words = shlex.split(job_command(results.record, results.jobs[0]))
    assert words[:4] == ["leyden", "train", "--config-dir", "my conf"]
    own = ["data=digits", "name=it's", "+trainer.max_steps=5", "model=cnn", "seed=1"]
    assert words[4:] == own


def test_the_answer_names_mean_interval_and_runner_up(sweep, job):
    scores = {"a": [1, 2, 3], "b": [2, 4, 6]}
    jobs = [
        job(f"model={m}", f"seed={s}", score=v)
        for m, values in scores.items()
        for s, v in enumerate(values)
    ]
    text = best_sentence(read_results(sweep(jobs)))
    assert text == (
        "Best of 2 configurations is “a”: val/loss 2 ± 2.5 (95 % interval of the mean of 3 jobs). "
        "The runner-up, “b”, is 2 behind (100.0 %): the two can't be told apart with 3 repeats "
        "(p = 0.22); a difference of 4.155 or more could have been."
    )


def test_the_answer_names_who_else_can_not_be_told_apart_and_counts_the_worse(sweep, job):
    scores = {"a": [1, 2, 3], "b": [1.1, 2.1, 3.1], "c": [1.2, 2.2, 3.2], "d": [50, 51, 52]}
    jobs = [
        job(f"model={m}", f"seed={s}", score=v)
        for m, values in scores.items()
        for s, v in enumerate(values)
    ]
    text = best_sentence(read_results(sweep(jobs)))
    assert text.endswith(
        " Not told apart from the best is also “c”. 1 other is worse by more than noise."
    )


def test_the_question_names_axes_with_their_values_in_order(sweep, job):
    jobs = [
        job(f"model={m}", f"optimizer.lr={lr}", f"seed={s}", score=1.0)
        for m in ("mlp", "cnn")
        for lr in ("1e-3", "1e-4")
        for s in (1, 0)
    ]
    assert question(read_results(sweep(jobs))) == (
        "Question: which of model (mlp, cnn) x lr (1e-4, 1e-3) gives the lowest val/loss? "
        "Repeated over seed (0, 1)."
    )


def test_a_sweep_that_was_compared_by_the_test_part_is_warned_of(sweep, job):
    jobs = [job("a=x", score=1.0), job("a=y", score=2.0)]
    section = answer(read_results(sweep(jobs, objectives=[Objective("test/loss", "min")])))
    (warning,) = [part for part in section.parts if isinstance(part, Paragraph) and part.is_warning]
    assert warning.text.startswith("The jobs were compared by test/loss, so the test part chose")


def searched(job, *, pruned):
    """A completed job, with 4 at step 1 and 1 at step 3, and one that was pruned at step 2."""
    curves = [[[1, 4.0], [2, 2.0], [3, 1.0]], [[1, 3.0], [2, pruned]]]
    return [
        job("lr=0.1", score=1.0, run={"monitored": curves[0]}),
        job("lr=0.2", score=pruned, state="pruned", run={"monitored": curves[1]}),
    ]


def test_a_pruned_job_that_was_better_than_the_best_is_warned_of_and_can_be_run(sweep, job):
    warning, command = pruned_parts(read_results(sweep(searched(job, pruned=0.5), search={})))
    assert warning.is_warning
    assert warning.text == (
        "1 configuration was pruned and not trained to the end. The best of them, “lr 0.2”, had "
        "val/loss 0.5 when it was pruned at step 2; that is 0.5 better than “lr 0.1” ended, which "
        "had 2 by that step. Whether it is the best is not known before it is trained to its end, "
        "which this does:"
    )
    assert command.text.endswith("lr=0.2")


def test_a_pruned_job_that_was_worse_is_compared_with_the_best_at_the_same_step(sweep, job):
    (text,) = pruned_parts(read_results(sweep(searched(job, pruned=2.5), search={})))
    assert not text.is_warning
    assert text.text.endswith("that is 1.5 worse than “lr 0.1” ended, which had 2 by that step.")


def test_where_all_others_were_pruned_the_answer_says_so(sweep, job):
    text = best_sentence(read_results(sweep(searched(job, pruned=2.5), search={})))
    assert text.endswith("No other configuration was trained to its end, to compare it with.")


def test_without_repeats_the_answer_may_be_chance(sweep, job):
    text = best_sentence(read_results(sweep([job("a=x", score=1.0), job("a=y", score=2.0)])))
    assert "the noise is unknown" in text


def test_failures_have_their_class_and_their_log(sweep, job):
    error = {"type": "RuntimeError", "message": "no space\nleft"}
    failed = job("model=a", state="failed", failure="disk", error=error, folder="a-1")
    cut = [job("model=b", state="pruned", score=1.0), job("model=c", state="pending", folder=None)]
    (row,) = failures_table(read_results(sweep([failed, *cut]))).rows
    assert row[2:] == ["failed", "disk", 1, "RuntimeError: no space", "a-1/train.log"]


def test_labels_are_short_and_tell_keys_of_the_same_last_part_apart():
    names = short_names(["optimizer", "optimizer.lr", "model.width", "head.width", "params"])
    values = {"optimizer": "adamw", "optimizer.lr": "0.0010000123", "head.width": "8"}
    values["params"] = "1e4"
    assert label(values, names) == "adamw, lr 0.001, head.width 8, params 1e4"
