"""`leyden eval --on`: the test part, given as files, has the metrics that the run measured."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from leyden.data import CSVTable, Digits

QUICK = ("trainer.max_epochs=2", "logger=null", "baselines=null")


def measured(folder):
    metrics = json.loads((folder / "run.json").read_text())["metrics"]
    return {name: value for name, value in metrics.items() if name.startswith("test/")}


def on(leyden, folder, *files):
    words = [word for file in files for word in ("--on", str(file))]
    result = leyden("eval", str(folder), *words, "--json")
    assert result.status == 0, result.err
    return json.loads(result.out), result.err


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-4, abs=1e-6), name


def test_images_in_folders_of_their_classes(leyden, tmp_path):
    folder = leyden("train", *QUICK, "run_dir=run").folder
    test = Digits(batch_size=8).splits.test
    for place, (image, label) in enumerate(zip(test.pixels[:, 0], test.labels, strict=True)):
        (tmp_path / "test" / str(int(label))).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.numpy()).save(tmp_path / "test" / str(int(label)) / f"{place}.png")
    uses = (folder / "test_uses.jsonl").read_text()
    assert_same(on(leyden, folder, tmp_path / "test")[0], measured(folder))
    assert (folder / "test_uses.jsonl").read_text() == uses
    (tmp_path / "test" / "ten").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "test" / "ten" / "a.png")
    refused = leyden("eval", str(folder), "--on", "test")
    assert refused.status == 2
    assert "must lie in a folder with the name of its class: 0, 1, 2" in refused.err


COUNT = 300
RANDOM = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {"size": RANDOM.normal(100, 20, COUNT).round(6), "town": RANDOM.choice(["Bonn", "Ulm"], COUNT)}
)
TABLE["price"] = [f"{value:.2f} EUR" for value in 3 * TABLE["size"] + RANDOM.normal(0, 9, COUNT)]
TABLE["dear"] = np.where(TABLE["size"] > 100, "yes", "no")
TABLE["stars"] = np.where(TABLE["size"] > 110, 5, np.where(TABLE["size"] > 90, 3, 1))


@pytest.mark.parametrize("target", ["price", "dear", "stars"])
def test_rows_with_their_answers(target, leyden, tmp_path):
    table = TABLE[["size", "town", target]]
    table.to_csv(tmp_path / "all.csv", index=False)
    words = ("data=csv", "data.path=all.csv", f"data.target={target}", "run_dir=run")
    result = leyden("train", *QUICK, *words)
    assert result.status == 0, result.err
    data = CSVTable(path="all.csv", target=target, batch_size=8)
    sizes = TABLE["size"].to_numpy()
    encoder = data.splits.preparation.encoders[0]
    own = data.splits.test.features[:, 0].double() * encoder.scaling.std + encoder.scaling.mean
    places = [int(np.abs(sizes - value).argmin()) for value in own.tolist()]
    assert len(set(places)) == len(places) > 20
    test = table.iloc[places]
    test[test.columns[::-1]].to_csv(tmp_path / "test.csv", index=False, sep=";")
    assert_same(on(leyden, result.folder, "test.csv")[0], measured(result.folder))
    gaps = pd.concat([test.astype(object), test[:2].astype(object).assign(**{target: ""})])
    gaps.to_csv(tmp_path / "gaps.csv", index=False)
    found, said = on(leyden, result.folder, "gaps.csv")
    assert_same(found, measured(result.folder))
    assert f"2 rows without {target} left out" in said
    test.astype(object).assign(**{target: "what"}).to_csv(tmp_path / "wrong.csv", index=False)
    refused = leyden("eval", str(result.folder), "--on", "wrong.csv")
    assert refused.status == 2
    assert f"row 1: {target}: `what` is n" in refused.err
    test.drop(columns=target).to_csv(tmp_path / "without.csv", index=False)
    refused = leyden("eval", str(result.folder), "--on", "without.csv")
    assert f"lacks the column `{target}`" in refused.err


def test_the_end_of_a_series(leyden, tmp_path):
    values = 50 + 10 * np.sin(np.arange(400) / 3) + RANDOM.normal(size=400)
    pd.DataFrame({"value": values}).to_csv(tmp_path / "all.csv", index=False)
    words = ("data=csv_series", "data.path=all.csv", "data.target=value", "data.lags=12")
    folder = leyden("train", *QUICK, *words, "model=rnn", "model.width=8", "run_dir=run").folder
    pd.DataFrame({"value": values[340 - 12 :]}).to_csv(tmp_path / "end.csv", index=False)
    found, _ = on(leyden, folder, "end.csv")
    expected = {name: one for name, one in measured(folder).items() if "rmse_" not in name}
    assert_same({name: one for name, one in found.items() if "rmse_" not in name}, expected)


def test_the_end_of_a_text(leyden, tmp_path):
    text = "".join(f"line {k * k % 97} of a text\n" for k in range(4000))
    (tmp_path / "all.txt").write_text(text)
    words = ("model=gpt", "data=text", "data.path=all.txt", "data.context=16", "model.depth=1")
    small = ("trainer.max_steps=20", "data.batch_size=8", "callbacks.samples=null", "run_dir=run")
    few = (*QUICK[1:], "trainer.max_epochs=null", "model.width=16")
    folder = leyden("train", *words, *small, *few).folder
    (tmp_path / "end.txt").write_text(text[int(len(text) * 0.95) :])
    found, _ = on(leyden, folder, "end.txt")
    for name in ("test/loss", "test/bpb", "test/ppl"):
        assert found[name] == pytest.approx(measured(folder)[name], rel=1e-2)
