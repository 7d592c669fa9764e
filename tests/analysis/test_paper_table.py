"""The table of a paper has the numbers of the runs."""

import csv
import io
import json
from statistics import fmean

import numpy as np
import pytest
from scipy.stats import t, ttest_ind

import leyden as package
from leyden.analysis.paper_table import Cell, cell_text, mode_of, paper_table
from leyden.errors import ConfigError
from leyden.run.query import parse_conditions

QUICK = ("trainer=smoke", "trainer.max_steps=3", "sweep.report=false", "baselines=null")


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    """Two sweeps with three seeds: of two optimizers on digits, and of one on blobs."""
    root = tmp_path_factory.mktemp("sweeps")
    digits = ("optimizer=sgd,muon", "seed=1,2,3", *QUICK, f"run_dir={root / 'digits'}")
    package.sweep(*digits)
    blobs = ("data=blobs", "optimizer=muon", "seed=1,2,3", *QUICK, f"run_dir={root / 'blobs'}")
    package.sweep(*blobs)
    return root


def recorded(root, **wanted):
    records = [json.loads(path.read_text()) for path in root.rglob("run.json")]
    return [
        record["metrics"]["test/acc"]
        for record in records
        if all(record["choices"][key] == value for key, value in wanted.items())
    ]


def made(root, **options):
    options = {"rows": ["optimizer"], "columns": ["data"], "value": "test/acc", **options}
    return paper_table([root / "digits", root / "blobs"], **options)


def test_a_cell_has_the_mean_and_the_interval_of_its_runs(sweeps):
    table = made(sweeps)
    values = recorded(sweeps, data="digits", optimizer="sgd")
    cell = table.cells["sgd", "digits"]
    assert sorted(cell.values) == sorted(values)
    assert cell.mean == pytest.approx(fmean(values))
    expected = t.ppf(0.975, 2) * np.std(values, ddof=1) / np.sqrt(3)
    assert cell.half == pytest.approx(expected)


def test_a_job_that_several_sweeps_have_counts_once(tmp_path):
    words = ("optimizer=sgd", *QUICK)
    package.sweep(*words, "seed=1,2", f"run_dir={tmp_path / 'outputs' / 'first'}")
    package.sweep(*words, "seed=1,2,3", f"run_dir={tmp_path / 'outputs' / 'second'}")
    taken = [json.loads(p.read_text())["reused_from"] for p in tmp_path.rglob("run.json")]
    assert sum(source is not None for source in taken) == 2
    folders = [tmp_path / "outputs" / name for name in ("first", "second")]
    table = paper_table(folders, rows=["optimizer"], columns=["data"], value="test/acc")
    assert len(table.cells["sgd", "digits"].values) == 3
    assert table.left_out == {"the same job as another run": 2}


def test_a_cell_without_runs_is_a_dash(sweeps):
    table = made(sweeps)
    assert ("sgd", "blobs") not in table.cells
    rows = {line.split("|")[1].strip(): line for line in table.markdown().splitlines()}
    assert rows["sgd"].split("|")[table.columns.index("blobs") + 2].strip() == "-"


def test_the_best_of_a_column_is_bold_with_what_can_not_be_told_from_it(sweeps):
    table = made(sweeps)
    values = {name: recorded(sweeps, data="digits", optimizer=name) for name in ("sgd", "muon")}
    best = max(values, key=lambda name: fmean(values[name]))
    other = "sgd" if best == "muon" else "muon"
    p = ttest_ind(values[best], values[other], equal_var=False).pvalue
    assert table.cells[best, "digits"].is_best
    assert table.cells[other, "digits"].is_best is bool(p >= 0.05)


def test_every_form_has_the_same_cells(sweeps):
    table = made(sweeps)
    rows = list(csv.DictReader(io.StringIO(table.csv())))
    assert {(row["row"], row["column"]) for row in rows} == table.cells.keys()
    for row in rows:
        cell = table.cells[row["row"], row["column"]]
        assert float(row["mean"]) == cell.mean
        assert cell_text(cell) in table.markdown()
        assert cell_text(cell, "$\\pm$") in table.latex()


def test_runs_that_differ_in_more_than_their_seeds_are_not_pooled(sweeps):
    with pytest.raises(ConfigError, match=r"differ in it \(muon, sgd\); add it to --rows"):
        made(sweeps, rows=["data"], columns=[])


def test_a_condition_chooses_among_them(sweeps):
    table = made(sweeps, rows=["data"], columns=[], where=parse_conditions(["optimizer=muon"]))
    assert table.rows == ["blobs", "digits"]
    assert table.columns == ["test/acc"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"value": "test/accc"}, "did you mean `test/acc`"),
        ({"rows": ["optimizr"]}, "did you mean `optimizer`"),
        ({"value": "test/top5"}, None),
        ({"value": "seed"}, "say which is better"),
    ],
)
def test_what_no_run_has_is_refused(sweeps, options, message):
    if message is None:
        assert made(sweeps, **options).mode == "max"
        return
    with pytest.raises(ConfigError, match=message):
        made(sweeps, **options)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((0.5,), "0.5"),
        ((0.5, 0.5), "0.5"),
        ((0.90, 0.92, 0.94), "0.920 ± 0.050"),
        ((100.0, 300.0, 200.0), "200 ± 248"),
    ],
)
def test_a_mean_has_as_many_digits_as_its_interval_supports(values, text):
    assert cell_text(Cell(values)) == text


def test_directions_are_told_by_names():
    assert (mode_of("test/acc"), mode_of("val/loss")) == ("max", "min")


def test_a_table_is_printed(sweeps, leyden):
    words = ("report", str(sweeps / "digits"), str(sweeps / "blobs"), "--rows", "optimizer")
    words = (*words, "--columns", "data", "--value", "test/acc")
    assert leyden(*words).out == made(sweeps).markdown()
    assert leyden(*words, "--format", "latex").out == made(sweeps).latex()


def test_runs_are_chosen_sorted_and_shown_by_keys(sweeps, leyden):
    result = leyden(
        *("runs", str(sweeps), "--where", "optimizer=muon data=digits", "--sort=-seed"),
        *("--columns", "optimizer,seed,test/acc", "--csv"),
    )
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert [float(row["seed"]) for row in rows] == [3, 2, 1]
    assert {row["optimizer"] for row in rows} == {"muon"}
    expected = recorded(sweeps, data="digits", optimizer="muon")
    assert sorted(float(row["test/acc"]) for row in rows) == sorted(expected)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--where", "modl=mlp"), "did you mean `model`"),
        (("--sort", "test/accc"), "did you mean `test/acc`"),
        (("--columns", "sed"), "did you mean `seed`"),
        (("--json", "--csv"), "goes without --json"),
    ],
)
def test_what_can_not_be_listed_is_refused(sweeps, leyden, words, message):
    result = leyden("runs", str(sweeps), *words)
    assert result.status == 2
    assert message in result.err
