"""`leyden predict` continues series, with intervals from the errors on the validation part."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
import torch

import leyden as leyden_package
from leyden.data import BatchIndices, CSVSeries
from leyden.inference.load import load_run

QUICK = ("trainer.max_epochs=3", "logger=null", "baselines=null", "model=rnn", "model.width=16")
COUNT = 240
RANDOM = np.random.default_rng(0)
WAVE = 50 + 10 * np.sin(np.arange(COUNT) / 3) + RANDOM.normal(0, 1, COUNT)


def table(times, **more):
    return pd.DataFrame({"time": times, "value": WAVE[: len(times)], **more})


def trained(leyden, path, *more):
    words = ("data=csv_series", f"data.path={path}", "data.target=value", "data.lags=12")
    result = leyden("train", *QUICK, *words, "run_dir=series", *more)
    assert result.status == 0, result.err
    return result.folder


def rows(result):
    assert result.status == 0, result.err
    return list(csv.DictReader(io.StringIO(result.out)))


@pytest.fixture
def hourly(leyden, tmp_path):
    """A run on an hourly series, and its data set."""
    times = pd.date_range("2026-01-01", periods=COUNT, freq="h").strftime("%Y-%m-%d %H:%M")
    table(times).to_csv(tmp_path / "hours.csv", index=False)
    folder = trained(leyden, tmp_path / "hours.csv", "data.time=time")
    data = CSVSeries(
        path=str(tmp_path / "hours.csv"), target="value", time="time", lags=12, batch_size=8
    )
    return folder, data


@pytest.mark.parametrize("length", [100, 215, 239])
def test_the_next_value_is_what_the_model_says_of_its_window(length, hourly, leyden, tmp_path):
    folder, data = hourly
    whole = pd.read_csv(tmp_path / "hours.csv")
    whole[:length].to_csv(tmp_path / "start.csv", index=False)
    (row,) = rows(leyden("predict", str(folder), "start.csv"))
    spec = data.splits.spec
    past = data.splits.train.values[length - 12 : length][None]
    with torch.inference_mode():
        told = load_run(folder).net(past).item() * spec.target_std + spec.target_mean
    assert float(row["prediction"]) == pytest.approx(told, rel=1e-6)
    assert row["time"] == whole["time"][length] + ":00"


def test_further_steps_go_on_from_the_forecasts_themselves(hourly, leyden, tmp_path):
    folder, _ = hourly
    frame = pd.read_csv(tmp_path / "hours.csv")
    frame["time"] += ":00"
    told = rows(leyden("predict", str(folder), "hours.csv", "--horizon", "5"))
    for step, row in enumerate(told):
        (alone,) = rows(leyden("predict", str(folder), "hours.csv"))
        assert float(row["prediction"]) == pytest.approx(float(alone["prediction"]), rel=1e-5)
        assert (row["step"], row["time"]) == (str(step + 1), alone["time"])
        frame.loc[len(frame)] = [alone["time"], float(alone["prediction"])]
        frame.to_csv(tmp_path / "hours.csv", index=False)


def test_intervals_are_quantiles_of_the_validation_errors(hourly, leyden):
    folder, data = hourly
    kept = json.loads((folder / "prediction_intervals.json").read_text())
    spec, net = data.splits.spec, load_run(folder).net
    errors = {}
    for name in ("val", "test"):
        part = getattr(data.splits, name)
        past, future = part[BatchIndices(0, torch.arange(len(part)))]
        with torch.inference_mode():
            errors[name] = ((net(past) - future)[:, 0] * spec.target_std).abs().numpy()
    place = int(np.ceil(0.95 * (len(errors["val"]) + 1)))
    half = np.sort(errors["val"])[place - 1]
    assert kept["half_widths"][0] == pytest.approx(half, rel=1e-4)
    assert kept["coverage"][0] == pytest.approx((errors["test"] <= half).mean(), abs=0.03)
    (row,) = rows(leyden("predict", str(folder), "hours.csv"))
    ends = [float(row["low"]), float(row["high"])]
    assert ends == pytest.approx(
        [float(row["prediction"]) + sign * half for sign in (-1, 1)], rel=1e-4
    )


TIMES = {
    "month ends": (pd.date_range("2020-01-31", periods=COUNT, freq="ME"), "2040-01-31"),
    "months": (pd.date_range("2020-01-01", periods=COUNT, freq="MS"), "2040-01-01"),
    "business days": (pd.bdate_range("2026-01-01", periods=COUNT), "2026-12-03"),
    "days": (pd.date_range("2026-01-01", periods=COUNT), "2026-08-29"),
}


@pytest.mark.parametrize("name", TIMES)
def test_times_go_on_by_their_own_step(name, leyden, tmp_path):
    times, expected = TIMES[name]
    table(times.strftime("%Y-%m-%d")).to_csv(tmp_path / "series.csv", index=False)
    folder = trained(leyden, tmp_path / "series.csv", "data.time=time")
    (row,) = rows(leyden("predict", str(folder), "series.csv"))
    assert row["time"] == expected


def test_each_of_several_series_is_continued(leyden, tmp_path):
    times = pd.date_range("2026-01-01", periods=COUNT).strftime("%Y-%m-%d")
    both = pd.concat([table(times, shop=name) for name in ("A", "B")])
    both.to_csv(tmp_path / "shops.csv", index=False)
    folder = trained(leyden, tmp_path / "shops.csv", "data.time=time", "data.by=shop")
    short = pd.concat([both[:COUNT], both[COUNT : COUNT + 5]])
    short.to_csv(tmp_path / "new.csv", index=False)
    refused = leyden("predict", str(folder), "new.csv")
    assert refused.status == 2
    assert "series `B` has 5 times; the model sees 12" in refused.err
    found = rows(leyden("predict", str(folder), "new.csv", "--horizon", "2", "--on-error", "skip"))
    assert [row["series"] for row in found] == ["A", "A", "B", "B"]
    assert [bool(row["prediction"]) for row in found] == [True, True, False, False]


def test_columns_that_are_seen_and_not_forecast_limit_the_horizon(leyden, tmp_path):
    times = pd.date_range("2026-01-01", periods=COUNT).strftime("%Y-%m-%d")
    table(times, wind=WAVE[::-1]).to_csv(tmp_path / "series.csv", index=False)
    words = ("data.time=time", "data.features=[wind]", "data.horizon=3")
    folder = trained(leyden, tmp_path / "series.csv", *words)
    assert len(rows(leyden("predict", str(folder), "series.csv"))) == 3
    refused = leyden("predict", str(folder), "series.csv", "--horizon", "4")
    assert refused.status == 2
    assert "--horizon=4: is more than the model gives at once, 3: it sees wind" in refused.err


def test_python_continues_a_frame_as_its_file(hourly, leyden, tmp_path):
    folder, _ = hourly
    run = leyden_package.load(folder)
    frame = pd.read_csv(tmp_path / "hours.csv")
    found = run.predict(frame, horizon=4)
    assert list(found.columns) == ["step", "time", "prediction", "low", "high"]
    of_file = run.predict("hours.csv", horizon=4)
    assert found["prediction"].tolist() == of_file["prediction"].tolist()
    assert found["time"].tolist() == of_file["time"].tolist()
