"""`leyden explain`: what is planted is found, and what is linear is exact."""

import csv
import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from leyden.data import Spec
from leyden.inference.attributions import Explained, attribute, similarity_to_random
from leyden.inference.load import load_run

QUICK = ("logger=null", "baselines=null")


def shares(folder):
    """The sum of the sizes of the attributions of each part."""
    with (folder / "attributions.csv").open() as file:
        rows = list(csv.DictReader(file))
    found = {}
    for row in rows:
        found[row["part"]] = found.get(row["part"], 0.0) + abs(float(row["attribution"]))
    return {part: value / sum(found.values()) for part, value in found.items()}


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_of_a_linear_model_an_attribution_is_weight_times_distance_from_the_baseline(method):
    net = nn.Linear(4, 1)
    spec = Spec("table", (4,), 1, task="regression", target_mean=5.0, target_std=2.0)
    inputs, baseline = torch.randn(3, 4), torch.randn(1, 4)
    found = attribute(Explained(net, spec), inputs, baseline, method)
    expected = 2.0 * net.weight.detach() * (inputs - baseline)
    torch.testing.assert_close(found.values, expected, rtol=1e-4, atol=1e-5)
    if found.errors is not None:
        assert float(found.errors.max()) < 1e-4


@pytest.fixture
def table(leyden, tmp_path):
    """A run on a table of which one column alone decides."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({f"noise {k}": random.normal(size=400) for k in range(4)})
    frame["town"] = random.choice(["Bonn", "Ulm"], 400)
    frame["cause"] = random.normal(size=400)
    frame["effect"] = 3 * frame["cause"]
    frame.to_csv(tmp_path / "table.csv", index=False)
    words = ("data=csv", "data.path=table.csv", "data.target=effect", "run_dir=table")
    features = "data.features=[noise 0,noise 1,noise 2,noise 3,town,cause]"
    result = leyden("train", *QUICK, *words, features, "trainer.max_epochs=30")
    assert result.status == 0, result.err
    frame[:20].to_csv(tmp_path / "new.csv", index=False)
    return result.folder


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_the_column_that_decides_has_most_of_the_attribution(method, table, leyden, tmp_path):
    result = leyden("explain", str(table), "new.csv", "--method", method, "--output", "out")
    assert result.status == 0, result.err
    found = shares(tmp_path / "out")
    assert max(found, key=found.get) == "cause"
    assert found["cause"] > 0.6
    assert result.out.splitlines()[0].startswith("new.csv row 1: effect ")
    assert "; cause " in result.out.splitlines()[0]


@pytest.fixture
def patches(leyden, tmp_path):
    """A run on images of noise in whose upper left corner the class is."""
    random = np.random.default_rng(0)
    images = random.integers(0, 60, size=(400, 12, 12), dtype=np.uint8)
    labels = np.arange(400) % 2
    images[labels == 1, 1:4, 1:4] += 190
    np.savez(tmp_path / "patches.npz", images=images, labels=labels)
    words = ("data=image_arrays", "data.path=patches.npz", "model=cnn", "model.width=8")
    result = leyden("train", *QUICK, *words, "trainer.max_epochs=6", "run_dir=patches")
    assert json.loads((result.folder / "run.json").read_text())["metrics"]["test/acc"] > 0.95
    for place in (1, 3, 5):
        Image.fromarray(images[place]).save(tmp_path / f"{place}.png")
    return result.folder


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion", "gradcam"])
def test_the_pixels_that_decide_have_most_of_the_attribution(method, patches, leyden, tmp_path):
    result = leyden("explain", str(patches), "*.png", "--method", method, "--output", "out")
    assert result.status == 0, result.err
    found = shares(tmp_path / "out")
    corner = sum(found[f"{row},{column}"] for row in range(5) for column in range(5))
    assert corner > 2 * 25 / 144
    page = (tmp_path / "out" / "explanation.html").read_text()
    assert page.count("<img alt='attributions of") == 3
    assert "http" not in page.replace("http-equiv", "")


def test_attributions_of_random_weights_are_other_ones(patches, tmp_path):
    run = load_run(patches)
    model = Explained(run.net, run.spec)
    pixels = np.stack([np.asarray(Image.open(tmp_path / f"{k}.png")) for k in (1, 3, 5)])
    inputs = run.preparation.inputs(torch.from_numpy(pixels)[:, None])
    baseline = run.preparation.inputs(torch.zeros_like(inputs[:1]))
    found = attribute(model, inputs, baseline, "integrated_gradients")
    assert similarity_to_random(model, inputs, baseline, found, "integrated_gradients") < 0.8
    same = attribute(model, inputs, baseline, "integrated_gradients")
    assert torch.equal(found.values, same.values)
    assert float(found.errors.max()) < 0.1


def test_the_lag_that_a_series_repeats_is_found(leyden, tmp_path):
    """Each value is minus the one three before, and noise."""
    random = np.random.default_rng(0)
    values = [*random.normal(size=3)]
    for _ in range(600):
        values.append(-0.95 * values[-3] + 0.3 * random.normal())
    pd.DataFrame({"value": values}).to_csv(tmp_path / "series.csv", index=False)
    words = ("data=csv_series", "data.path=series.csv", "data.target=value", "data.lags=8")
    folder = leyden("train", *QUICK, *words, "trainer.max_epochs=20", "run_dir=series").folder
    parts = [tmp_path / f"{end}.csv" for end in (300, 400, 500)]
    for part, end in zip(parts, (300, 400, 500), strict=True):
        pd.DataFrame({"value": values[:end]}).to_csv(part, index=False)
    result = leyden("explain", str(folder), *map(str, parts), "--output", "out")
    assert result.status == 0, result.err
    found = shares(tmp_path / "out")
    assert max(found, key=found.get) == "value, 3 before"


def test_each_token_of_a_text_has_its_attribution(gpt_run, leyden, tmp_path):
    result = leyden("explain", str(gpt_run), "import os", "--output", "out")
    assert result.status == 0, result.err
    assert result.out.startswith("import os: next token ")
    assert len((tmp_path / "out" / "attributions.csv").read_text().splitlines()) == 1 + 9
    assert "<div class='tokens'>" in (tmp_path / "out" / "explanation.html").read_text()


WRONG = {
    "gradcam without a convolution": (["new.csv", "--method", "gradcam"], "needs a network with"),
    "no input": (["ckpt=best"], "INPUT: is missing"),
    "no such file": (["nowhere.csv"], "there is no such file"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests_write_nothing(name, table, leyden, tmp_path):
    words, message = WRONG[name]
    result = leyden("explain", str(table), *words)
    assert result.status == 2
    assert message in result.err
    assert not (table / "explanations").exists()
