"""`leyden predict` on runs that were trained here, beside what the runs themselves measured."""

import csv
import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy.stats import entropy
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error

import leyden as leyden_package
from leyden.data import CSVTable, Digits
from leyden.inference.load import load_run

QUICK = ("trainer.max_epochs=3", "model.width=16", "logger=null", "baselines=null")


@pytest.fixture
def digits(leyden):
    """A run on digits, and the pixels and labels of its test part."""
    folder = leyden("train", *QUICK, "model.dropout=0.3", "run_dir=digits").folder
    test = Digits(batch_size=8).splits.test
    return folder, test.pixels[:, 0].numpy(), test.labels.numpy()


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def metrics(folder):
    return json.loads((folder / "run.json").read_text())["metrics"]


def test_files_of_the_test_part_have_the_accuracy_that_the_run_measured(digits, leyden, tmp_path):
    folder, pixels, labels = digits
    for place, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{place:03}.png")
    found = rows(leyden("predict", str(folder), f"{tmp_path}/*.png").out)
    assert [row["file"] for row in found] == [f"{tmp_path}/{k:03}.png" for k in range(len(pixels))]
    predicted = [int(row["prediction"]) for row in found]
    shares = [[float(row[f"probability {digit}"]) for digit in range(10)] for row in found]
    assert accuracy_score(labels, predicted) == pytest.approx(metrics(folder)["test/acc"])
    assert log_loss(labels, shares) == pytest.approx(metrics(folder)["test/loss"], rel=1e-5)
    assert [float(row["entropy"]) for row in found] == pytest.approx(entropy(shares, axis=1))


@pytest.mark.parametrize("shape", ["one", "several", "colour last"])
def test_an_array_has_the_predictions_of_its_images_as_files(shape, digits, leyden, tmp_path):
    folder, pixels, _ = digits
    some = pixels[:1] if shape == "one" else pixels[:7]
    array = {"one": some[0], "several": some, "colour last": some[..., None]}[shape]
    np.save(tmp_path / "images.npy", array)
    (tmp_path / "files").mkdir()
    for place, image in enumerate(some):
        Image.fromarray(image).save(tmp_path / "files" / f"{place}.png")
    both = [rows(leyden("predict", str(folder), name).out) for name in ("images.npy", "files")]
    for one, other in zip(*both, strict=True):
        assert one["prediction"] == other["prediction"]
        assert float(one["probability"]) == pytest.approx(float(other["probability"]), rel=1e-5)


def test_a_damaged_image_is_refused_or_has_an_empty_row(digits, leyden, tmp_path):
    folder, pixels, _ = digits
    (tmp_path / "in").mkdir()
    Image.fromarray(pixels[0]).save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.png").write_bytes(b"no image")
    refused = leyden("predict", str(folder), "in", "--out", "out.csv")
    assert (refused.status, refused.out) == (2, "")
    assert "in/b.png: can't be read as an image" in refused.err
    assert "--on-error skip" in refused.err
    assert not (tmp_path / "out.csv").exists()
    skipped = leyden("predict", str(folder), "in", "--on-error", "skip")
    assert skipped.status == 0
    sound, damaged = rows(skipped.out)
    assert (sound["problem"], damaged["prediction"]) == ("", "")
    assert "can't be read" in damaged["problem"]
    assert "warning: 1 could not be read" in skipped.err


def test_a_mean_over_runs_is_the_mean_of_their_probabilities(digits, leyden, tmp_path):
    folder, pixels, _ = digits
    other = leyden("train", *QUICK, "model.dropout=0.3", "seed=1", "run_dir=other").folder
    np.save(tmp_path / "images.npy", pixels[:9])
    each = [rows(leyden("predict", str(one), "images.npy").out) for one in (folder, other)]
    both = rows(leyden("predict", str(folder), "images.npy", "--ensemble", str(other)).out)
    for place, row in enumerate(both):
        parts = np.array(
            [[float(one[place][f"probability {k}"]) for k in range(10)] for one in each]
        )
        mean = parts.mean(0)
        assert [float(row[f"probability {k}"]) for k in range(10)] == pytest.approx(mean)
        expected = entropy(mean) - entropy(parts, axis=1).mean()
        assert float(row["disagreement"]) == pytest.approx(expected, abs=1e-9)


def test_passes_with_dropout_disagree_and_are_the_same_each_time(digits, leyden, tmp_path):
    folder, pixels, _ = digits
    np.save(tmp_path / "images.npy", pixels[:5])
    words = ("predict", str(folder), "images.npy", "--mc-dropout", "8")
    first, again = (rows(leyden(*words).out) for _ in range(2))
    assert first == again
    assert all(float(row["disagreement"]) > 0 for row in first)


def test_an_ensemble_of_other_data_is_refused(digits, leyden, tmp_path):
    folder, pixels, _ = digits
    other = leyden("train", *QUICK, "data=blobs", "run_dir=blobs").folder
    np.save(tmp_path / "images.npy", pixels[:5])
    result = leyden("predict", str(folder), "images.npy", "--ensemble", str(other))
    assert result.status == 2
    assert "--ensemble=blobs: takes other inputs" in result.err


COUNT = 200
RANDOM = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "size": RANDOM.normal(100, 20, COUNT),
        "town": RANDOM.choice(["Bonn", "Ulm"], COUNT),
        "built": pd.date_range("1990-01-01", periods=COUNT, freq="31D").strftime("%Y-%m-%d"),
    }
)
TABLE["price"] = 3 * TABLE["size"] + 50 * (TABLE["town"] == "Bonn") + RANDOM.normal(0, 9, COUNT)


@pytest.fixture
def prices(leyden, tmp_path):
    """A regression, whose training file is gone afterwards, and the rows of its test part."""
    path = tmp_path / "prices.csv"
    TABLE.to_csv(path, index=False)
    words = (*QUICK, "data=csv", f"data.path={path}", "data.target=price", "run_dir=prices")
    folder = leyden("train", *words).folder
    data = CSVTable(path=str(path), target="price", batch_size=8)
    test = data.splits.test
    own = test.targets[:, 0].double() * data.spec.target_std + data.spec.target_mean
    places = [int(np.abs(TABLE["price"] - price).argmin()) for price in own.tolist()]
    path.unlink()
    return folder, TABLE.iloc[places]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_rows_of_the_test_part_have_the_error_that_the_run_measured(
    ending, prices, leyden, tmp_path
):
    folder, table = prices
    shuffled = table[["town", "built", "size"]]
    shuffled.to_csv(tmp_path / "new.csv", index=False)
    result = leyden("predict", str(folder), "new.csv", "--out", f"out.{ending}")
    assert result.status == 0, result.err
    assert result.out.splitlines() == [f"out.{ending}"]
    readers = {
        "csv": pd.read_csv,
        "parquet": pd.read_parquet,
        "jsonl": lambda path: pd.read_json(path, lines=True),
    }
    found = readers[ending](tmp_path / f"out.{ending}")
    assert list(found.columns) == ["file", "row", "prediction", "low", "high"]
    error = root_mean_squared_error(table["price"], found["prediction"])
    assert error == pytest.approx(metrics(folder)["test/rmse"], rel=1e-4)


def test_the_same_rows_in_small_batches_have_the_same_predictions(prices, leyden, tmp_path):
    folder, table = prices
    table.to_csv(tmp_path / "new.csv", index=False)
    whole, small = (
        rows(leyden("predict", str(folder), "new.csv", "--batch-size", size).out)
        for size in ("1000", "7")
    )
    assert [row["row"] for row in small] == [str(k + 1) for k in range(len(table))]
    for one, other in zip(whole, small, strict=True):
        assert float(one["prediction"]) == pytest.approx(float(other["prediction"]), rel=1e-6)


def test_a_row_that_can_not_be_read_is_named_or_empty(prices, leyden, tmp_path):
    folder, table = prices
    table = table.assign(town=["Mars", *table["town"][1:]])
    table.to_csv(tmp_path / "new.csv", index=False)
    refused = leyden("predict", str(folder), "new.csv")
    assert refused.status == 2
    assert "INPUT=new.csv: row 1: town: no training row has `Mars`" in refused.err
    skipped = rows(leyden("predict", str(folder), "new.csv", "--on-error", "skip").out)
    assert len(skipped) == len(table)
    assert skipped[0]["prediction"] == ""
    assert all(row["prediction"] for row in skipped[1:])


WRONG = {
    "no such file": (["nowhere.csv"], "INPUT=nowhere.csv: there is no such file"),
    "another column": (["other.csv"], "lacks the columns `town`, `built`"),
    "what to type then": (["other.csv"], "--on-error skip takes its cells as missing"),
    "a taken file": (["other.csv", "--out", "other.csv"], "is there already"),
    "an unknown ending": (["other.csv", "--out", "out.txt"], "must end in one of .csv, .jsonl"),
    "no input": (["ckpt=last"], "INPUT: is missing"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests_say_what_to_type_and_write_nothing(name, prices, leyden, tmp_path):
    folder, _ = prices
    pd.DataFrame({"size": [1.0]}).to_csv(tmp_path / "other.csv", index=False)
    words, message = WRONG[name]
    before = sorted(tmp_path.iterdir())
    result = leyden("predict", str(folder), *words)
    assert result.status == 2
    assert message in result.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_run_of_an_earlier_version_reads_its_data_anew(digits, leyden, tmp_path):
    folder, pixels, _ = digits
    np.save(tmp_path / "images.npy", pixels[:3])
    kept = leyden("predict", str(folder), "images.npy").out
    (folder / "preparation.json").unlink()
    assert leyden("predict", str(folder), "images.npy").out == kept


def test_a_damaged_preparation_is_a_line(digits, leyden, tmp_path):
    folder, pixels, _ = digits
    np.save(tmp_path / "images.npy", pixels[:3])
    (folder / "preparation.json").write_text('{"spec": {}, "preparation": null}')
    result = leyden("predict", str(folder), "images.npy")
    assert result.status == 2
    assert "preparation.json" in result.err
    assert "is damaged" in result.err


def test_text_is_written_on_without_its_training_files(leyden, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("the cat sat on the mat. " * 400)
    words = ("model=gpt", "data=text", "data.path=texts", "data.context=16", "model.depth=1")
    small = ("trainer.max_steps=5", "data.batch_size=4", "callbacks.samples=null", "run_dir=gpt")
    folder = leyden("train", *QUICK[1:], *words, *small, "trainer.max_epochs=null").folder
    before = leyden("generate", str(folder), "--prompt", "the")
    shutil.rmtree(tmp_path / "texts")
    after = leyden("generate", str(folder), "--prompt", "the")
    assert (after.status, after.out) == (0, before.out)


def test_what_is_kept_is_enough_to_build_the_network(prices):
    folder, _ = prices
    run = load_run(folder)
    assert run.spec is not None
    assert run.net(torch.zeros(2, *run.spec.input_shape)).shape == (2, 1)


def test_python_predicts_for_frames_arrays_and_files(prices, leyden, tmp_path):
    folder, table = prices
    run = leyden_package.load(folder)
    table.to_csv(tmp_path / "new.csv", index=False)
    of_file, of_frame = run.predict("new.csv"), run.predict(table)
    assert of_frame["prediction"].tolist() == pytest.approx(of_file["prediction"].tolist())
    (row,) = run.predict(table[:1].assign(town="Mars"), skip=True).to_dict("records")
    assert "no training row has `Mars`" in row["problem"]
    with pytest.raises(leyden_package.ConfigError, match="takes a DataFrame"):
        run.predict(np.zeros((2, 3)))


def test_python_predicts_for_images_in_an_array(digits):
    folder, pixels, labels = digits
    found = leyden_package.load(folder).predict(pixels)
    assert (found["prediction"].astype(int) == labels).mean() == pytest.approx(
        metrics(folder)["test/acc"]
    )
