"""`leyden scaling`, as it is typed."""

import json

import pytest

NAMED = ("--loss", "final", "--params", "size", "--tokens", "seen")


def test_recipes_of_a_csv_are_fitted_each_for_itself(leyden, user_files):
    result = leyden("scaling", "runs.csv", *NAMED, "--by", "recipe", "--json")
    assert result.status == 0, result.err
    found = json.loads(result.out)
    assert found["recipes"].keys() == {"old", "new"}
    for one in found["recipes"].values():
        assert one["fit"]["alpha"] == pytest.approx(0.4, rel=5e-3)
        assert one["fit"]["beta"] == pytest.approx(0.3, rel=5e-3)
        low, high = one["intervals"]["alpha"]
        assert low <= one["fit"]["alpha"] <= high
    (up,) = found["speed_up"]
    assert (up["worse"], up["better"], up["term"]) == ("old", "new", "D")
    assert up["factor"] > 1


def test_a_budget_is_split_by_the_law(leyden, user_files):
    result = leyden("scaling", "runs.csv", *NAMED, "--by", "recipe", "--budget", "1e15", "--json")
    best = json.loads(result.out)["recipes"]["new"]["allocation"]
    assert 6 * best["params"] * best["tokens"] == pytest.approx(1e15, rel=1e-9)


def test_the_words_fit_a_terminal(leyden, user_files):
    result = leyden("scaling", "runs.csv", *NAMED, "--by", "recipe")
    assert "verdict    the law holds as far as these points show" in result.out
    assert "times the data" in result.out


def test_a_sweep_over_sizes_has_a_law_for_each_optimizer(leyden, tmp_path):
    words = ("-m", "params=1e3,2e3,4e3,8e3,2e4", "optimizer=sgd,muon", "trainer.max_steps=40")
    quick = ("trainer.max_epochs=null", "logger.tensorboard=null", "sweep.report=false")
    quick += ("baselines=null", "callbacks.predictions=null", "callbacks.graph=null")
    assert leyden("train", *words, *quick, "run_dir=ladder").status == 0
    result = leyden("scaling", "ladder", "--json")
    assert result.status == 0, result.err
    found = json.loads(result.out)
    assert found["recipes"].keys() == {"sgd", "muon"}
    assert found["recipes"]["muon"]["points"] == 5
    assert found["recipes"]["muon"]["fit"]["alpha"] > 0


REFUSED = {
    "nothing there": (["nowhere"], "SOURCE=nowhere", "neither a sweep's folder nor a CSV"),
    "no losses": (["runs.csv"], "SOURCE=runs.csv", "--loss COLUMN"),
    "a misspelt column": (["runs.csv", "--loss", "finall"], "--loss=finall", "`final`"),
    "a misspelt recipe": (["runs.csv", *NAMED, "--by", "recip"], "--by=recip", "`recipe`"),
    "a budget of nothing": (["runs.csv", *NAMED, "--budget", "0"], "--budget=0.0", "above 0"),
    "a cell that is no number": (["bad.csv"], "line 3, column `params`", "number above 0"),
    "one size": (["one.csv"], "SOURCE=one.csv", "nothing scales"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_fitted_is_refused(leyden, user_files, name):
    (user_files / "bad.csv").write_text("params,loss\n1,2\nmany,3\n")
    (user_files / "one.csv").write_text("params,loss\n1,2\n1,3\n")
    words, key, hint = REFUSED[name]
    result = leyden("scaling", *words)
    assert result.status == 2
    assert key in result.err
    assert hint in result.err
