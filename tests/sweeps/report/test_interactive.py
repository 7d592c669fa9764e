"""The page's figures: Plotly takes them, their points name rows, their ranges show what counts."""

import itertools
import json
import re

import plotly.graph_objects as go
import pytest

from leyden.sweeps.report import write_report
from leyden.sweeps.report.curves import mean_curves, vertical_range
from leyden.sweeps.report.interactive.base import panel_domains, tried_ticks
from leyden.sweeps.report.interactive.learning import curves_figure
from leyden.sweeps.report.parallel import NO_VALUE, parallel
from leyden.sweeps.report.results import read_results
from leyden.sweeps.report.tables import shown_configurations_table, shown_jobs_table


@pytest.fixture(scope="module")
def page(grid):
    return (grid / "report" / "report.html").read_text()


@pytest.fixture(scope="module")
def figures(page):
    return json.loads(re.search(r'id="figures">(.*?)</script>', page)[1])


def test_plotly_knows_every_key_and_value_of_the_figures(figures):
    assert {"figure-answer", "figure-levels", "figure-curves"} <= set(figures)
    for one in figures.values():
        # `@text` is a colour of the page, which its script puts in
        plain = json.loads(re.sub(r'"@\w+"', '"#123456"', json.dumps(one)))
        go.Figure(data=plain["data"], layout=plain["layout"])


def test_every_points_row_is_in_a_table_of_the_page(page, figures):
    rows = set(re.findall(r'<tr id="([^"]*)" data-row', page))
    named = {
        name
        for one in figures.values()
        for trace in one["data"]
        for name in trace.get("customdata", [])
        if name is not None
    }
    assert named
    assert named <= rows
    assert {"job-1", "configuration-1"} <= named


def test_each_point_has_as_many_places_as_names(figures):
    for one in figures.values():
        for trace in one["data"]:
            if "customdata" in trace:
                sizes = {len(trace[key]) for key in ("x", "y", "customdata")}
                assert len(sizes) == 1


def test_every_row_has_the_values_by_which_it_is_filtered(page):
    values = json.loads(re.search(r'id="values">(.*?)</script>', page)[1])
    assert values["job-1"] == {"model": "mlp", "lr": "0.01", "seed": "0"}
    assert values["configuration-1"] == {"model": "mlp", "lr": "0.1"}


def test_failed_and_pruned_jobs_are_marked_in_the_tables(grid):
    results = read_results(grid)
    marks = dict(
        zip(*(getattr(shown_jobs_table(results), k) for k in ("ids", "marks")), strict=True)
    )
    found = [marks[f"job-{number}"] for number in (1, 14, 15, 18, 19)]
    assert found == ["", "failed", "failed", "pruned", "pending"]
    table = shown_configurations_table(results)
    assert table.marks[0] == "best"
    assert table.rows[-1][-3] == "no value: 1 pending"


def test_configurations_have_test_metrics_with_the_interval_over_the_seeds(sweep, job):
    jobs = [
        job("m=a", f"seed={i}", score=1.0, run={"metrics": {"test/acc": acc}})
        for i, acc in enumerate((0.7, 0.8, 0.9))
    ]
    results = read_results(sweep(jobs))
    table = shown_configurations_table(results)
    # 0.1 t(0.975, 2) / sqrt(3) = 0.24841
    assert table.cells[0][table.columns.index("test/acc")] == "0.8 ± 0.25"
    (row,) = rows_of(write_report(results.record.folder).parent / "configurations.csv")
    assert float(row["mean test/acc"]) == pytest.approx(0.8)
    assert float(row["95 % ± test/acc"]) == pytest.approx(0.24841, abs=1e-5)


def rows_of(path):
    import csv

    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def curve_of(job, values, **more):
    monitored = [[step, value] for step, value in enumerate(values, 1)]
    return job(*more.pop("overrides"), score=values[-1], run={"monitored": monitored}, **more)


def ranges(folder):
    results = read_results(folder)
    found = mean_curves(results.scored)
    return vertical_range(results, found), curves_figure(results, found)


def test_first_points_do_not_decide_the_range_and_are_counted(sweep, job):
    jobs = [
        curve_of(job, [900.0, 1.5, 1.4, 1.3, 1.2, 1.1, 1.0 + i / 10, 1.0], overrides=[f"m={i}"])
        for i in range(2)
    ]
    (low, high, kind, outside), figure = ranges(sweep(jobs))
    assert kind == "linear"
    assert 0.9 < low < 1.0
    assert 1.5 > high > 1.4
    assert outside == 2 * 2  # 900 and 1.5 of each
    assert figure["layout"]["yaxis"]["range"] == [low, high]


def test_a_curve_of_a_few_validations_is_shown_whole(sweep, job):
    jobs = [curve_of(job, [3.0, 2.0, 1.0], overrides=[f"m={i}"]) for i in range(2)]
    (low, high, _, outside), _ = ranges(sweep(jobs))
    assert low < 1.0 < 3.0 < high
    assert outside == 0


def test_a_curve_that_ends_far_off_does_not_squash_the_others(sweep, job):
    good = [[3.0 + i / 10, 2.0, 1.5, 1.2, 1.1, 1.0, 1.0, 1.0] for i in range(6)]
    jobs = [curve_of(job, values, overrides=[f"m={i}"]) for i, values in enumerate(good)]
    jobs.append(curve_of(job, [1e6] * 8, overrides=["m=bad"]))
    (_, high, _, outside), _ = ranges(sweep(jobs))
    assert high < 10
    assert outside >= 8


def test_the_range_reaches_to_where_the_better_pruned_jobs_were(sweep, job):
    jobs = [curve_of(job, [9.0, 1.2, 1.1, 1.0, 1.0, 1.0, 1.0, 1.0], overrides=["m=a"])]
    jobs += [
        curve_of(job, [9.0, last], overrides=[f"m={last}"], state="pruned") for last in (2.0, 50.0)
    ]
    (_, high, _, _), figure = ranges(sweep(jobs, search={"sampler": "tpe", "pruner": "asha"}))
    assert 2.0 < high < 9.0
    assert next(trace["name"] for trace in figure["data"] if "marker" in trace) == "pruned"


def test_parallel_coordinates_lead_each_job_to_its_value_and_failed_ones_below(sweep, job):
    jobs = [
        job(f"model={m}", f"lr={lr}", score=lr + place)
        for place, m in enumerate(["mlp", "cnn"])
        for lr in (1, 2, 3)
    ]
    jobs[-1].state = "diverged"
    scales, lines = parallel(read_results(sweep(jobs)))
    assert [scale.name for scale in scales] == ["model", "lr", "val/loss"]
    by_job = {line.job.number: line for line in lines}
    assert by_job[2].points == [(0, 0.0), (1, 0.5), (2, pytest.approx(0.5))]
    assert by_job[6].points[-1] == (2, NO_VALUE)
    assert by_job[6].color is None


def test_panels_stand_below_one_another_without_touching():
    domains = panel_domains(3)
    assert domains[0][1] == 1
    assert domains[-1][0] == pytest.approx(0)
    assert all(above[0] > below[1] for above, below in itertools.pairwise(domains))


def test_labels_of_values_that_lie_close_are_left_out():
    assert tried_ticks([1.0, 1.01, 2.0, 3.0])["ticktext"] == ["1", "2", "3"]
