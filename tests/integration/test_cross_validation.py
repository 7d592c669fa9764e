"""`sweep.repeat.fold`: jobs, their data and the report, recomputed with scikit-learn."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from omegaconf import OmegaConf
from scipy.stats import t
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

import leyden
from leyden.data.splitting import draw_rows, split_by_groups, split_sizes
from leyden.data.tables.csv_table import FRACTIONS

WORDS = (
    *("data=csv", "data.path=table.csv", "data.target=ill", "model=mlp", "model.width=8"),
    *("trainer.max_epochs=3", "logger=null", "baselines=null", "sweep.repeat.fold=5"),
)


@pytest.fixture
def table(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(size=200).round(3)})
    frame["patient"] = [f"p{k}" for k in random.integers(0, 40, 200)]
    frame["ill"] = np.where(frame["x"] + 0.5 * random.normal(size=200) > 0, "yes", "no")
    frame.to_csv(tmp_path / "table.csv", index=False)
    frame[["x", "ill"]].to_csv(tmp_path / "plain.csv", index=False)
    return frame


@pytest.mark.parametrize("is_grouped", [False, True], ids=["stratified", "grouped"])
def test_the_mean_and_the_interval_are_those_of_scikit_learns_folds(is_grouped, table):
    more = "data.split.by=patient" if is_grouped else "data.path=plain.csv"
    sweep = leyden.sweep(*WORDS, more)
    assert len(sweep.jobs) == 5
    assert list(sweep.table()["data.split.fold"]) == [f"{number}/5" for number in range(1, 6)]
    sizes, classes = split_sizes(200, FRACTIONS), torch.tensor((table["ill"] == "yes").to_numpy())
    groups = torch.from_numpy(pd.factorize(table["patient"])[0])
    parts = (
        split_by_groups(groups, sizes)
        if is_grouped
        else draw_rows(200, sizes, labels=classes.long())
    )
    pool = torch.cat(parts[:2]).sort().values.numpy()
    kind = StratifiedGroupKFold if is_grouped else StratifiedKFold
    groups = table["patient"].to_numpy()[pool] if is_grouped else None
    codes = (table["ill"] == "yes").to_numpy()[pool]
    folds = kind(5, shuffle=True, random_state=0).split(pool, codes, groups)
    losses = []
    for run, (trained, validated) in zip(sweep.runs(), folds, strict=True):
        if is_grouped:
            assert not set(groups[trained]) & set(groups[validated])
        rows = table.iloc[pool[validated]].drop(columns="ill").reset_index(drop=True)
        told = run.predict(rows)["probability yes"]
        losses.append(log_loss(codes[validated], told))
        assert losses[-1] == pytest.approx(run.record.best["value"], rel=1e-4)
    half = t.ppf(0.975, 4) * np.std(losses, ddof=1) / np.sqrt(5)
    text = (sweep.folder / "report" / "report.md").read_text()
    found = re.search(r"val/loss (\S+) ± (\S+) \(95 % interval of the mean of 5 folds\)", text)
    assert float(found[1]) == pytest.approx(np.mean(losses), rel=1e-3)
    assert float(found[2]) == pytest.approx(half, rel=0.06)


@pytest.mark.parametrize("count", ["1", "0", "-3"])
def test_a_single_fold_is_refused(count, leyden, table):
    done = leyden("train", *WORDS[:-1], f"sweep.repeat.fold={count}")
    assert done.status == 2
    assert "must be a number of folds from 2 on" in done.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["data=stdlib_text", "model=gpt"], "windows of one text"),
        (["data=sunspots"], "trained on what comes after it"),
        (["data=line", "model=mlp"], "whose validation points are given"),
        (["data=module"], "loaders that are given"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_data_without_independent_samples_says_what_to_type_instead(words, reason, leyden):
    done = leyden("train", "-m", *words, "sweep.repeat.fold=5")
    assert done.status == 2
    assert "data.split.fold (sweep.repeat): is not for" in done.err
    assert reason in done.err
    assert "sweep.repeat.seed=5" in done.err


def test_the_config_of_a_run_on_given_parts_has_a_split_only_with_a_fold(leyden):
    words = ("data=mnist", "model=mlp", "trainer=smoke", "logger=null", "baselines=null")
    for more, expected in (((), None), (("data.split.fold=2/3",), {"fold": "2/3"})):
        done = leyden("train", *words, *more)  # on synthetic samples
        assert done.status == 0, done.err
        assert OmegaConf.load(done.folder / "config.yaml").data.get("split") == expected
