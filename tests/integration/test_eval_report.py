"""`leyden eval --report`: the numbers of its page beside scikit-learn's."""

import base64
import csv
import html
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import (
    auc,
    average_precision_score,
    classification_report,
    confusion_matrix,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
    root_mean_squared_error,
)

from leyden.data import CSVTable, Digits
from leyden.data.splitting import draw_rows, split_sizes
from leyden.data.tables.csv_table import FRACTIONS
from leyden.formatting import format_number
from leyden.inference.evaluation_report.columns import Categories, Numbers, columns_of
from leyden.inference.evaluation_report.curves import curves_of
from leyden.inference.evaluation_report.slices import groups_of, rmse, slices_of
from leyden.tasks.intervals import wilson

QUICK = ("trainer.max_epochs=3", "model.width=16", "logger=null", "baselines=null")


def section(page, title):
    """What follows a heading of the page."""
    return page.partition(f"<h2>{title}</h2>")[2].partition("</section>")[0]


def tables(text):
    """The rows of each table, with the headings first."""
    return [
        [
            [html.unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
            for row in re.findall(r"<tr.*?</tr>", table)
        ]
        for table in re.findall(r"<table>.*?</table>", text)
    ]


def report(leyden, folder, *words):
    result = leyden("eval", str(folder), "--report", *words)
    assert result.status == 0, result.err
    path = result.folder
    assert path.name == "report.html"
    return path.read_text(encoding="utf-8"), result


def answers(leyden, folder, *inputs):
    return list(csv.DictReader(io.StringIO(leyden("predict", str(folder), *inputs).out)))


@pytest.fixture
def digits(leyden):
    return leyden("train", *QUICK, "run_dir=digits").folder


COUNT = 800
RANDOM = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "age": RANDOM.integers(18, 80, COUNT),
        "town": RANDOM.choice(["Bonn", "Kiel", "Ulm"], COUNT, p=[0.5, 0.48, 0.02]),
        "height": RANDOM.normal(170, 9, COUNT).round(1),
    }
)
NOISE = np.where(TABLE["town"] == "Kiel", RANDOM.normal(0, 60, COUNT), RANDOM.normal(0, 3, COUNT))
TABLE["price"] = (5 * TABLE["age"] + NOISE).round(2)
TABLE["dear"] = np.where(TABLE["price"] > 240, "yes", "no")


def table_run(leyden, tmp_path, target):
    """A run on a table, and the file and the rows of other samples."""
    columns = TABLE[["age", "town", "height", target]]
    columns[:500].to_csv(tmp_path / "train.csv", index=False)
    columns[500:].to_csv(tmp_path / "new.csv", index=False)
    words = ("data=csv", "data.path=train.csv", f"data.target={target}", f"run_dir={target}")
    result = leyden("train", *QUICK, *words)
    assert result.status == 0, result.err
    return result.folder, columns[500:].reset_index(drop=True)


def test_the_classes_and_their_confusions_are_those_of_sklearn(digits, leyden, tmp_path):
    page, _ = report(leyden, digits)
    test = Digits(batch_size=8).splits.test
    np.save(tmp_path / "test.npy", test.pixels[:, 0].numpy())
    found = answers(leyden, digits, "test.npy")
    true, told = test.labels.numpy(), np.array([int(row["prediction"]) for row in found])
    expected = classification_report(true, told, output_dict=True, zero_division=0)
    (heading, *rows) = tables(section(page, "Classes"))[0]
    assert heading == ["class", "samples", "precision", "recall", "F1"]
    for name, samples, *shares in rows:
        of_class = expected[name]
        assert int(samples) == of_class["support"]
        for shown, key in zip(shares, ("precision", "recall", "f1-score"), strict=True):
            assert (0.0 if shown == "-" else float(shown)) == pytest.approx(of_class[key], rel=1e-3)
    cells = confusion_matrix(true, told)
    np.fill_diagonal(cells, 0)
    (_, *pairs) = tables(section(page, "Confusions"))[0]
    assert [int(count) for _, _, count in pairs] == sorted(cells.flatten(), reverse=True)[:10]
    assert all(cells[int(one), int(other)] == int(count) for one, other, count in pairs)


def test_the_worst_mistakes_have_the_largest_losses_and_their_pictures(digits, leyden, tmp_path):
    page, _ = report(leyden, digits)
    test = Digits(batch_size=8).splits.test
    np.save(tmp_path / "test.npy", test.pixels[:, 0].numpy())
    found, true = answers(leyden, digits, "test.npy"), test.labels.tolist()
    own = np.array([float(row[f"probability {k}"]) for row, k in zip(found, true, strict=True)])
    wrong = [place for place, k in enumerate(true) if found[place]["prediction"] != str(k)]
    worst = sorted(wrong, key=lambda place: own[place])[:24]
    cards = section(page, "Worst mistakes")
    assert [int(one) - 1 for one in re.findall(r"sample (\d+)</div>", cards)] == worst
    shown = [float(one) for one in re.findall(r"loss ([\d.]+)<br>", cards)]
    assert shown == pytest.approx(-np.log(own[worst]), rel=1e-3)
    (first, *_) = re.findall(r"src='data:image/png;base64,([^']+)'", cards)
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(first))))
    assert np.abs(pixels.astype(int) - test.pixels[worst[0], 0].numpy()).max() <= 1
    assert f"{len(wrong)} of {len(true)} samples" in cards


def test_a_page_loads_nothing_and_has_a_picture_for_each_ground(digits, leyden):
    page, result = report(leyden, digits)
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    assert page.count("prefers-color-scheme: dark)' srcset='data:image/png") == 4
    assert result.out.splitlines()[-1] == "digits/evaluation/report.html"
    assert [path.name for path in (digits / "evaluation").iterdir()] == ["report.html"]


def test_metrics_have_the_intervals_that_the_run_measured(digits, leyden):
    page, _ = report(leyden, digits)
    record = json.loads((digits / "run.json").read_text())
    (_, *rows) = tables(section(page, "Metrics"))[0]
    assert "acc" in [name for name, _, _ in rows]
    for name, value, interval in rows:
        assert value == format_number(record["metrics"][f"test/{name}"])
        known = record["intervals"].get(f"test/{name}")
        assert interval == ("" if known is None else " to ".join(map(format_number, known)))


@pytest.mark.parametrize("num_classes", [2, 4, 13])
def test_curves_are_those_of_sklearn(num_classes):
    random = np.random.default_rng(1)
    labels = random.integers(num_classes, size=600)
    logits = random.normal(size=(600, num_classes)) + 1.5 * np.eye(num_classes)[labels]
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    found = curves_of(shares, labels, [f"class {k}" for k in range(num_classes)])
    codes = {1} if num_classes == 2 else {*range(num_classes)}
    assert found.num_others == max(0, len(codes) - 10)
    assert len(found.roc) == (1 if num_classes == 2 else min(len(codes), 10) + 1)
    of_classes = slice(min(len(codes), 10))  # the mean comes after them
    for one, other in zip(found.roc[of_classes], found.precision[of_classes], strict=True):
        code = int(one.name.removeprefix("class "))
        false, true, _ = roc_curve(labels == code, shares[:, code])
        assert np.allclose(one.across, false)
        assert np.allclose(one.up, true)
        assert one.area == pytest.approx(auc(false, true))
        code = int(other.name.removeprefix("class "))
        expected = average_precision_score(labels == code, shares[:, code])
        assert other.area == pytest.approx(expected)
        precision, recall, _ = precision_recall_curve(labels == code, shares[:, code])
        assert {*zip(other.across, other.up, strict=True)} <= {*zip(recall, precision, strict=True)}
        steps = (np.diff(other.across) * other.up[1:]).sum()
        assert steps == pytest.approx(expected)
    if num_classes > 2:
        mean = found.roc[-1]
        assert mean.area == pytest.approx(roc_auc_score(labels, shares, multi_class="ovr"))
        assert auc(mean.across, mean.up) == pytest.approx(mean.area, abs=2e-3)
        of_all = [average_precision_score(labels == k, shares[:, k]) for k in codes]
        assert found.precision[-1].area == pytest.approx(np.mean(of_all))
        mean = found.precision[-1]
        assert mean.up.mean() == pytest.approx(mean.area, abs=5e-3)


def test_of_many_classes_those_with_the_least_areas_are_drawn():
    labels = np.arange(130) % 13
    shares = np.full((130, 13), 0.01)
    shares[np.arange(130), labels] = 0.5  # all are ranked right, but for the classes 3 and 7
    shares[labels == 3, 3] = shares[labels == 7, 7] = 0.001
    found = curves_of(shares, labels, list(map(str, range(13))))
    assert {"3", "7"} < {one.name for one in found.roc}
    assert found.num_others == 3


def test_a_class_without_samples_has_no_curve_and_is_named():
    shares = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]])
    found = curves_of(shares, np.array([0, 1, 0]), ["a", "b", "c"])
    assert [one.name for one in found.roc] == ["a", "b", "mean"]
    assert found.absent == ["c"]


def test_new_rows_have_the_slices_that_their_file_has(leyden, tmp_path):
    folder, rows = table_run(leyden, tmp_path, "dear")
    page, _ = report(leyden, folder, "--on", "new.csv", "--output", "out")
    found = answers(leyden, folder, "new.csv")
    right = np.array([row["prediction"] for row in found]) == rows["dear"].to_numpy()
    (heading, *shown) = tables(section(page, "Slices by column"))[0]
    assert heading == ["column", "values", "samples", "accuracy", "95 % interval"]
    of_town = {values: cells for column, values, *cells in shown if column == "town"}
    assert of_town.keys() == {"Bonn", "Kiel"}
    for town, (samples, share, interval) in of_town.items():
        chosen = right[rows["town"] == town]
        assert int(samples) == len(chosen)
        assert share == format_number(chosen.mean())
        limits = wilson(chosen.sum(), len(chosen))
        assert interval == " to ".join(map(format_number, limits))
    few = (rows["town"] == "Ulm").sum()
    assert f"left out: town: Ulm ({few})." in page
    quarters = [int(samples) for column, _, samples, _, _ in shown if column == "height"]
    assert sum(quarters) == len(rows)
    assert all(abs(count - len(rows) / 4) < 10 for count in quarters)
    shares = [float(share) for _, _, _, share, _ in shown]
    assert shares == sorted(shares)


def test_the_worst_rows_have_the_cells_of_their_file(leyden, tmp_path):
    folder, rows = table_run(leyden, tmp_path, "price")
    page, _ = report(leyden, folder, "--on", "new.csv")
    told = np.array([float(row["prediction"]) for row in answers(leyden, folder, "new.csv")])
    errors = told - rows["price"].to_numpy()
    (heading, *shown) = tables(section(page, "Worst mistakes"))[0]
    assert heading == ["sample", "true", "predicted", "error", "age", "town", "height"]
    order = np.argsort(-np.abs(errors))[:24]
    assert [row[0] for row in shown] == [f"new.csv row {place + 1}" for place in order]
    for place, (_, true, predicted, error, age, town, height) in zip(order, shown, strict=True):
        row = rows.iloc[place]
        assert float(true) == pytest.approx(row["price"], rel=1e-3)
        assert float(predicted.replace(",", "")) == pytest.approx(told[place], rel=1e-3)
        assert float(error) == pytest.approx(errors[place], rel=1e-3)
        assert (float(age), town, float(height)) == (row["age"], row["town"], row["height"])
    (_, *slices) = tables(section(page, "Slices by column"))[0]
    assert [float(row[3]) for row in slices] == sorted(float(row[3]) for row in slices)[::-1]
    (of_kiel,) = (row for row in slices if row[:2] == ["town", "Kiel"])
    chosen = rows["town"] == "Kiel"
    assert int(of_kiel[2]) == chosen.sum()
    expected = root_mean_squared_error(rows["price"][chosen], told[chosen])
    assert float(of_kiel[3]) == pytest.approx(expected, rel=1e-3)
    whole = root_mean_squared_error(rows["price"], told)
    assert f"the RMSE is {format_number(whole)}" in page
    worse = [float(row[4].split(" to ")[0]) > whole for row in slices]
    assert page.count("<tr class=marked>") == sum(worse) > 0


def test_columns_are_read_back_from_the_inputs_of_the_network(tmp_path):
    table = TABLE.copy()
    table["seen"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(COUNT), unit="D")
    table["height"] = table["height"].where(np.arange(COUNT) % 7 > 0)
    table.to_csv(tmp_path / "all.csv", index=False)
    words = {"target": "price", "features": ("age", "town", "height", "seen")}
    data = CSVTable(path="all.csv", missing_indicator=True, batch_size=8, **words)
    preparation = data.splits.preparation
    test = data.splits.test.features
    columns = {one.name: one for one in columns_of(test, preparation, ())}
    seen = [columns["seen"].shown(place) for place in range(len(test))]
    rows = table.set_index(table["seen"].dt.strftime("%Y-%m-%d")).loc[seen]
    assert columns["age"].values.tolist() == rows["age"].tolist()
    assert [columns["town"].shown(place) for place in range(len(test))] == rows["town"].tolist()
    assert np.array_equal(columns["height"].values, rows["height"].to_numpy(), equal_nan=True)
    assert {"missing"} == {
        columns["height"].shown(place) for place in np.flatnonzero(rows["height"].isna())
    }


def test_a_number_that_was_filled_is_in_the_slice_of_missing_ones(leyden, tmp_path):
    rows = TABLE.copy()
    rows["age"] = rows["age"].astype(float).where(np.arange(COUNT) % 3 > 0)
    rows.to_csv(tmp_path / "gaps.csv", index=False)
    words = ("data=csv", "data.path=gaps.csv", "data.target=price", "data.features=[age,town]")
    trained = leyden("train", *words, *QUICK)
    assert trained.status == 0, trained.err
    page, _ = report(leyden, trained.folder)
    (_, *slices) = tables(section(page, "Slices by column"))[0]
    (of_missing,) = (row for row in slices if row[:2] == ["age", "missing"])
    test = rows.iloc[draw_rows(COUNT, split_sizes(COUNT, FRACTIONS))[2].numpy()]
    test.to_csv(tmp_path / "test.csv", index=False)
    told = [float(row["prediction"]) for row in answers(leyden, trained.folder, "test.csv")]
    is_missing = test["age"].isna().to_numpy()
    assert int(of_missing[2]) == is_missing.sum() > 20
    expected = root_mean_squared_error(test["price"][is_missing], np.array(told)[is_missing])
    assert float(of_missing[3]) == pytest.approx(expected, rel=1e-3)


def test_quarters_hold_every_sample_once():
    for values in (np.arange(101.0), np.repeat([0.0, 1.0], 40), RANDOM.normal(size=90), [5.0] * 30):
        column = Numbers("x", np.array(values), 5)
        masks = [chosen for _, chosen in groups_of(column)]
        assert np.array_equal(np.sum(masks, axis=0), np.ones(len(values)))
    words = [word for word, _ in groups_of(Numbers("x", np.arange(100.0), 3))]
    assert words == ["to 24", "24 to 49", "49 to 74", "above 74", "missing"]
    words = [word for word, _ in groups_of(Numbers("x", np.array([0.0, 1.0, 1.0]), 3))]
    assert words == ["0", "1", "missing"]


def test_a_slice_is_marked_where_its_interval_is_on_the_bad_side():
    codes = np.repeat([0, 1, 2], [100, 100, 5])
    right = np.concatenate([np.ones(100), np.tile([1.0, 0.0], 50), np.ones(5)])
    found = slices_of([Categories("x", codes, ["a", "b", "c"])], right, is_share=True)
    assert [(one.label, one.value, one.is_worse) for one in found.found] == [
        ("b", 0.5, True),
        ("a", 1.0, False),
    ]
    assert found.small == [("x: c", 5)]
    assert found.whole == pytest.approx(155 / 205)
    value, (low, high) = rmse(np.array([1.0, 4.0, 9.0, 2.0]))
    assert value == 2.0
    half = 1.959964 * np.std([1, 4, 9, 2], ddof=1) / 2
    assert (low, high) == pytest.approx((np.sqrt(4 - half), np.sqrt(4 + half)))


def test_forecasts_of_a_series_have_curves(leyden, tmp_path):
    values = 50 + 10 * np.sin(np.arange(400) / 3) + RANDOM.normal(size=400)
    pd.DataFrame({"value": values}).to_csv(tmp_path / "all.csv", index=False)
    words = ("data=csv_series", "data.path=all.csv", "data.target=value", "data.lags=12")
    small = (*QUICK, "model=rnn", "data.horizon=3", "run_dir=run")
    folder = leyden("train", *words, *small).folder
    page, _ = report(leyden, folder, "--on", "all.csv")
    assert section(page, "Worst mistakes").count("<polyline class='predicted'") == 24
    assert "Each of the 3 predicted numbers of a sample is a point by itself." in page


def test_the_last_checkpoint_and_other_keys_are_those_of_the_page(digits, leyden):
    words = ("ckpt=last", "trainer.limit_test_batches=1", "data.eval_batch_size=50")
    page, result = report(leyden, digits, *words)
    (last,) = digits.glob("checkpoints/step-*.ckpt")
    assert f"<dt>checkpoint</dt><dd>{last.name}</dd>" in page
    assert "the first 50 of 180 samples of the test part" in page
    assert f"<dd>{' '.join(words[1:])}</dd>" in page
    plain = leyden("eval", str(digits), *words)
    assert result.out.splitlines()[:-1] == plain.out.splitlines()


def test_json_stays_json(digits, leyden):
    result = leyden("eval", str(digits), "--report", "--json")
    assert json.loads(result.out) == json.loads(leyden("eval", str(digits), "--json").out)
    assert "page  digits/evaluation/report.html" in result.err


def test_names_from_files_are_text_in_the_page(leyden, tmp_path):
    table = TABLE[["age", "town", "dear"]].rename(columns={"town": "<b>town"})
    table["<b>town"] = table["<b>town"].replace("Kiel", "<script>alert(1)</script>")
    table["dear"] = table["dear"].replace("yes", "$x_1$ & <i>")
    table.to_csv(tmp_path / "all.csv", index=False)
    words = ("data=csv", "data.path=all.csv", "data.target=dear", "run_dir=run")
    page, _ = report(leyden, leyden("train", *QUICK, *words).folder)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<i>" not in page


def test_a_page_takes_the_place_of_an_earlier_one_alone(digits, leyden, tmp_path):
    report(leyden, digits, "--output", "out")
    report(leyden, digits, "--output", "out")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "report.html").write_text("mine")
    refused = leyden("eval", str(digits), "--report", "--output", "other")
    assert refused.status == 2
    assert "another report.html" in refused.err
    assert (tmp_path / "other" / "report.html").read_text() == "mine"


def test_a_page_that_cannot_be_written_leaves_the_metrics(digits, leyden, monkeypatch):
    plain = leyden("eval", str(digits))

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    failed = leyden("eval", str(digits), "--report")
    assert (failed.status, failed.out) == (1, plain.out)
    assert "report.html could not be written: no space left on device\n" in failed.err
    assert list((digits / "evaluation").iterdir()) == []


def test_a_correction_of_the_probabilities_is_told(digits, leyden):
    assert "calibration.json" not in report(leyden, digits)[0]
    leyden("calibrate", str(digits))
    assert "Metrics and probabilities here are without it" in report(leyden, digits)[0]


WRONG = {
    "--output alone": (("--output", "out"), "add --report"),
    "with --membership": (("--report", "--membership"), "takes no further arguments"),
    "a file as folder": (
        ("--report", "--output", "digits/run.json"),
        "is not a folder that you may write to",
    ),
    "data of the run": (("--report", "--on", "a.csv", "data.seed=3"), "has no effect"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests_write_nothing(name, digits, leyden, tmp_path):
    words, message = WRONG[name]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    refused = leyden("eval", str(digits), *words)
    assert refused.status == 2
    assert message in " ".join(refused.err.split())
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_language_model_has_no_page(gpt_run, leyden):
    before = (gpt_run / "test_uses.jsonl").read_text()
    refused = leyden("eval", str(gpt_run), "--report")
    assert refused.status == 2
    assert (
        "--report: is for classes and numbers; this run has the task LanguageModeling"
        in " ".join(refused.err.split())
    )
    assert not (gpt_run / "evaluation").exists()
    assert (gpt_run / "test_uses.jsonl").read_text() == before
