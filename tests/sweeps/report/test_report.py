"""The files of a report, for sweeps that ended in any way."""

import csv
import json
import re
from html.parser import HTMLParser

import pytest
from PIL import Image
from plotly.offline import get_plotlyjs
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from leyden.sweeps.record import Objective
from leyden.sweeps.report import write_report
from leyden.sweeps.report.tensorboard import charts


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class Loads(HTMLParser):
    """What a page would load."""

    def __init__(self, text):
        super().__init__()
        self.addresses = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.addresses += [value for name, value in attributes if name in ("src", "href")]


def test_a_report_has_its_files(grid):
    expected = {"report.md", "report.html", "jobs.csv", "jobs.tex", "tensorboard"}
    expected |= {"configurations.csv", "configurations.tex", "effects.png", "levels.png"}
    expected |= {"basin_1.png", "curves.png", "pareto.png", "answer.png", "parallel.png"}
    assert {path.name for path in (grid / "report").iterdir()} == expected


def test_the_page_loads_nothing_and_has_every_picture(grid):
    text = (grid / "report" / "report.html").read_text()
    assert all(address.startswith("#section-") for address in Loads(text).addresses)
    boxes = re.findall(r'class="plot" id="figure-([^"]*)"', text)
    assert sorted(boxes) == sorted(path.stem for path in (grid / "report").glob("*.png"))
    without_library = text.replace(get_plotlyjs(), "").replace("http-equiv", "")
    assert "http" not in without_library
    assert len(without_library) < 400_000


def test_the_page_has_the_library_once_and_the_names_of_pictures_for_those_without_scripts(grid):
    text = (grid / "report" / "report.html").read_text()
    assert text.count(get_plotlyjs()) == 1
    for path in (grid / "report").glob("*.png"):
        assert f"The file {path.name} in the report's folder shows the same" in text


def test_a_page_without_pictures_has_no_library(sweep):
    assert write_report(sweep([])).stat().st_size < 50_000


def test_pictures_are_of_a_readable_size(grid):
    for path in (grid / "report").glob("*.png"):
        with Image.open(path) as image:
            assert 800 < image.width < 1400
            assert 200 < image.height < 2000


def test_markdown_names_pictures_that_are_there(grid):
    text = (grid / "report" / "report.md").read_text()
    names = re.findall(r"^!\[.*\]\((.*)\)$", text, re.MULTILINE)
    assert sorted(names) == sorted(path.name for path in (grid / "report").glob("*.png"))


def test_every_job_is_a_row(grid):
    rows = rows_of(grid / "report" / "jobs.csv")
    assert len(rows) == 19
    assert rows[0]["objective val/loss"] == "1.09"
    assert (rows[0]["parameters"], rows[0]["train/loss"]) == ("100", "0.5")
    assert rows[-1]["state"] == "pending"


def test_seeds_are_folded(grid):
    rows = rows_of(grid / "report" / "configurations.csv")
    assert rows[0]["configuration"] == "mlp, lr 0.1"
    assert (float(rows[0]["mean val/loss"]), rows[0]["jobs"]) == (pytest.approx(1.01), "3 of 3")


def test_latex_has_no_bare_special_characters(grid):
    for name in ("jobs.tex", "configurations.tex"):
        body = (grid / "report" / name).read_text().partition("\n")[2]
        assert r"my\_cnn" in body
        assert not re.search(r"(?<!\\)[_%#$]", body)
        assert body.count(r"\begin{longtable}") == body.count(r"\end{longtable}") == 1


def test_text_of_the_records_is_no_markup(sweep, job):
    error = {"type": "ValueError", "message": "<script>alert(1)</script> | *a*"}
    jobs = [job("model=a", score=1.0), job("model=<b>", state="failed", error=error, folder="f")]
    html = write_report(sweep(jobs, name="<i>"))
    assert not re.search("<script>alert|<b>|<i>", html.read_text().replace(get_plotlyjs(), ""))
    markdown = (html.parent / "report.md").read_text()
    assert r"\<script\>alert(1)\</script\> \| \*a\*" in markdown


def test_an_earlier_reports_files_are_gone(sweep):
    folder = sweep([])
    write_report(folder)
    (folder / "report" / "basin_9.png").write_bytes(b"")
    write_report(folder)
    assert not (folder / "report" / "basin_9.png").exists()
    assert not list(folder.glob(".report*"))


def test_a_report_that_can_not_be_written_leaves_the_old_one(sweep, monkeypatch):
    folder = sweep([])
    before = write_report(folder).read_text()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("leyden.sweeps.report.write_tensorboard", full)
    with pytest.raises(OSError, match="No space"):
        write_report(folder)
    assert (folder / "report" / "report.html").read_text() == before
    assert not list(folder.glob(".report*"))


def test_tensorboard_has_the_mean_with_its_band(grid):
    events = EventAccumulator(str(grid / "report" / "tensorboard" / "mean mlp, lr 0.1")).Reload()
    assert events.Tags()["scalars"] == [
        "val/loss",
        "val_band/mean",
        "val_band/lower",
        "val_band/upper",
    ]
    found = {tag: events.Scalars(tag)[-1].value for tag in events.Tags()["scalars"]}
    assert found["val/loss"] == found["val_band/mean"] == pytest.approx(1.01)
    assert found["val_band/upper"] == pytest.approx(1.01 + 0.024841, abs=1e-5)


def test_no_tag_of_a_chart_is_missing_where_no_job_was_repeated():
    (charts_alone,) = charts("val/loss", has_band=False).values()
    assert charts_alone == {"val/loss": ["Multiline", ["^val/loss$"]]}
    (with_band,) = charts("val/loss", has_band=True).values()
    kind, tags = with_band["val/loss and its band"]
    assert (kind, len(tags), "val/loss" in tags) == ("Margin", 3, False)


def test_tensorboard_has_text_pictures_and_the_margin_chart(grid):
    events = EventAccumulator(str(grid / "report" / "tensorboard" / "summary")).Reload()
    tags = events.Tags()
    assert {"report/curves", "report/pareto", "report/basin_1"} <= set(tags["images"])
    assert {"report/text_summary", "custom_scalars__config__"} <= set(tags["tensors"])


def finished(job):
    return [job("model=a", score=1.0)]


def nothing_completed(job):
    states = ["pending", "failed", "diverged", "oom", "interrupted", "crashed", "running"]
    return [job(f"model.width={i}", state=state) for i, state in enumerate(states)]


def never_started(job):
    return [job(f"model.width={i}", state="pending", folder=None) for i in range(3)]


def bare_records(job):
    return [job(f"model.width={i}", run={"metrics": {}, "monitored": []}) for i in range(3)]


def empty_records(job, tmp_path):
    jobs = [job(f"model.width={i}", score=float(i)) for i in range(3)]
    (tmp_path / jobs[0].folder / "run.json").write_text("{}")
    (tmp_path / jobs[1].folder / "run.json").write_text("{")
    (tmp_path / jobs[2].folder / "run.json").write_text(
        json.dumps({"metrics": None, "params": None, "monitored": [[1, None]], "best": None})
    )
    return jobs


def conditional_axes(job):
    jobs = [job("optimizer=muon", f"seed={seed}", score=1.0 + seed) for seed in range(2)]
    for lr in (0.01, 0.1, 1.0):
        jobs += [
            job("optimizer=sgd", f"optimizer.lr={lr}", f"seed={s}", score=s + lr) for s in (1, 2)
        ]
    return jobs


def all_the_same(job):
    return [
        job(f"model={m}", f"a={a}", f"seed={s}", score=1.0)
        for m in "xy"
        for a in "12"
        for s in "01"
    ]


def zero_and_negative(job):
    return [job(f"model.width={i}", f"a={i % 2}", score=float(i - 1)) for i in range(5)]


@pytest.mark.parametrize("search", [None, {"sampler": "tpe", "pruner": "median"}])
@pytest.mark.parametrize(
    "make",
    [
        finished,
        nothing_completed,
        never_started,
        bare_records,
        conditional_axes,
        all_the_same,
        zero_and_negative,
    ],
)
def test_any_end_has_a_report(sweep, job, make, search):
    assert write_report(sweep(make(job), search=search)).is_file()


def test_broken_records_have_a_report(sweep, job, tmp_path):
    assert write_report(sweep(empty_records(job, tmp_path))).is_file()


def test_a_sweep_without_jobs_has_a_report(sweep):
    assert write_report(sweep([])).is_file()


def test_nothing_completed_is_said_first(sweep, job):
    text = (write_report(sweep(nothing_completed(job))).parent / "report.md").read_text()
    assert text.splitlines()[4].startswith("Question: which of width (0 to 6) gives")
    assert text.splitlines()[6].startswith("No job completed with a value of val/loss")


def test_several_objectives_are_columns(sweep, job):
    jobs = [job(f"model={m}", score=1.0, objective=[1.0, 50.0]) for m in "ab"]
    objectives = [Objective("val/loss", "min"), Objective("params", "min")]
    html = write_report(sweep(jobs, objectives=objectives))
    (first, _) = rows_of(html.parent / "configurations.csv")
    assert (first["mean val/loss"], first["mean params"]) == ("1.0", "50.0")


def test_pruned_jobs_are_rows_after_the_completed_ones_and_in_none_of_their_means(sweep, job):
    jobs = [
        job(f"optimizer.lr={lr}", score=1.0 + lr, state="pruned" if lr > 0.2 else "completed")
        for lr in (0.01, 0.02, 0.05, 0.1, 0.3, 0.5)
    ]
    html = write_report(sweep(jobs, search={"sampler": "tpe", "pruner": "median"}))
    rows = rows_of(html.parent / "configurations.csv")
    found = [(row["mean val/loss"], row["jobs"], row["verdict"]) for row in rows[3:]]
    assert found == [
        ("1.1", "1 of 1", "noise unknown"),
        ("1.3", "0 of 1", "pruned at step 2"),
        ("1.5", "0 of 1", "pruned at step 2"),
    ]


def test_a_search_of_which_all_but_one_was_pruned_has_every_picture(sweep, job):
    jobs = [
        job(f"optimizer.lr={lr}", f"model={m}", score=lr, state="completed" if i == 5 else "pruned")
        for i, (lr, m) in enumerate(zip([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], "xyxyxy", strict=True))
    ]
    folder = write_report(sweep(jobs, search={"sampler": "tpe", "pruner": "asha"})).parent
    expected = {"effects.png", "levels.png", "basin_1.png", "curves.png", "pareto.png"}
    expected |= {"answer.png", "parallel.png"}
    assert {path.name for path in folder.glob("*.png")} == expected
    assert len(rows_of(folder / "configurations.csv")) == 6


def test_a_search_of_which_all_were_pruned_shows_them(sweep, job):
    jobs = [job(f"optimizer.lr={i}", score=float(i), state="pruned") for i in range(1, 6)]
    folder = write_report(sweep(jobs, search={"sampler": "tpe", "pruner": "asha"})).parent
    names = {path.name for path in folder.glob("*.png")}
    assert {"effects.png", "basin_1.png", "curves.png"} <= names
    assert (
        "“lr 1”, had val/loss 1 when it was pruned at step 2" in (folder / "report.md").read_text()
    )
