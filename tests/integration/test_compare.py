"""Did a change help? Real runs on the same seeds."""

import json
from pathlib import Path

import pytest

BASE = "model.width=8 trainer.max_epochs=1 callbacks.graph=null callbacks.predictions=null"
QUIET = ("baselines=null", "sweep.report=false")
SHORT = f"{BASE} baselines=null"


@pytest.fixture
def compared(leyden):
    def run(*words, base=SHORT, status=0):
        result = leyden("compare", base, *words, "sweep.report=false", "--json")
        assert result.status == status, result.err
        return json.loads(result.out)

    return run


def test_a_large_difference_is_found_with_three_pairs(compared):
    found = compared("optimizer.lr=1e-6")
    assert (found["verdict"], found["reason"], found["pairs"]) == ("worse", "separable", 3)
    low, high = found["interval"]
    assert 0 < low < found["effect"] < high
    differences = [b - a for a, b in zip(found["base"], found["variant"], strict=True)]
    assert found["effect"] == pytest.approx(sum(differences) / 3)


def test_more_is_better_of_an_accuracy(compared):
    base = f"{SHORT} monitor.metric=val/acc monitor.mode=max"
    found = compared("optimizer.lr=1e-6", base=base)
    assert found["verdict"] == "worse"
    assert found["effect"] < 0


def test_a_change_that_does_nothing_is_equal_after_six_pairs(compared):
    found = compared("optimizer.weight_decay=1e-12", base=f"{SHORT} optimizer=sgd")
    assert (found["verdict"], found["effect"], found["pairs"]) == ("no difference", 0.0, 6)


def test_the_base_of_a_second_comparison_is_taken_from_the_first(compared):
    first = compared("optimizer.lr=1e-6")
    second = compared("optimizer.lr=1e-7")
    assert (first["reused_jobs"], second["reused_jobs"]) == (0, 3)
    assert second["base"] == first["base"]


def test_the_same_command_computes_nothing_again(compared, tmp_path):
    found = compared("optimizer.lr=1e-6")
    before = sorted(tmp_path.rglob("run.json"))
    times = [path.stat().st_mtime_ns for path in before]
    assert compared("optimizer.lr=1e-6") == found
    assert sorted(tmp_path.rglob("run.json")) == before
    assert [path.stat().st_mtime_ns for path in before] == times


def test_more_pairs_add_to_those_that_are_there(compared):
    few = compared("model.dropout=0.02", "--pairs", "3")
    more = compared("model.dropout=0.02", "--pairs", "5")
    assert few["pairs"] == 3
    assert more["pairs"] > 3
    assert more["base"][:3] == few["base"]


def test_a_run_can_be_the_base(leyden, compared):
    run = leyden("train", *SHORT.split(), "seed=7").folder
    found = compared("optimizer.lr=1e-6", base=str(run))
    assert found["reused_jobs"] == 1
    record = json.loads((run / "run.json").read_text())
    assert found["base"][0] == record["best"]["value"]


def test_a_job_of_a_sweep_elsewhere_is_not_run_again_nor_its_neighbours(leyden, compared):
    words = (*SHORT.split(), "seed=0,1,2", "run_dir=elsewhere", "sweep.report=false")
    assert leyden("train", "-m", *words).status == 0
    (job,) = Path("elsewhere").glob("seed1-*")
    found = compared("optimizer.lr=1e-6", "--pairs", "3", base=str(job))
    assert found["reused_jobs"] == 2  # seeds 1 and 2; the third pair has seed 3


def test_an_experiment_can_be_the_base_and_what_is_no_change_is_of_both(compared, tmp_path):
    folder = tmp_path / "conf" / "experiment"
    folder.mkdir(parents=True)
    tiny = (
        "model: {width: 8}\ntrainer: {max_epochs: 1}\nbaselines: null\ncallbacks: {graph: null}\n"
    )
    (folder / "tiny.yaml").write_text(f"# @package _global_\n{tiny}")
    found = compared("optimizer.lr=1e-6", "seed=3", "--config-dir", "conf", base="tiny")
    assert (found["change"], found["verdict"]) == ("optimizer.lr=1e-6", "worse")
    assert len(list(tmp_path.glob("outputs/compare/*/seed3-*"))) == 1


def test_a_job_that_fails_decides_nothing(compared):
    words = ("optimizer=sgd", "optimizer.lr=1e20")
    found = compared(*words, status=3)
    assert (found["verdict"], found["reason"]) == ("not decided", "failures")


def test_a_budget_ends_it(compared):
    found = compared("task.label_smoothing=0.001", "--budget", "0.1s")
    assert (found["verdict"], found["reason"], found["pairs"]) == ("not decided", "budget", 3)


def test_the_words_say_the_verdict_the_interval_and_the_cost(leyden):
    result = leyden("compare", SHORT, "optimizer.lr=1e-6", "sweep.report=false")
    assert result.status == 0
    first = result.out.splitlines()[0]
    assert first.startswith("optimizer.lr=1e-6: worse; val/loss changes by")
    assert "(95 %:" in first
    assert "variant over base: parameters 1" in result.out
    assert (result.folder / "comparison.json").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((SHORT,), "what is to be compared"),
        ((SHORT, "seed=3"), "is of base and variant alike"),
        (("", "model.width=9"), "has an empty word after `compare`"),
        (("quikstart", "model.width=9"), "is no folder of a run, and no experiment"),
        ((SHORT, "model.width=8"), "changes nothing that is computed"),
        ((SHORT, "model.width=8,16"), "with one value"),
        ((SHORT, "~callbacks.best"), "with one value"),
        ((SHORT, "model.widht=9"), "did you mean `model.width`"),
        (("quikstart", "model.width=9"), "did you mean `experiment=quickstart`"),
        (("no/folder", "model.width=9"), "is no folder of a run"),
        (("optimizers_quick", "model.width=9"), "declares several runs"),
        (("a='b", "model.width=9"), "can't be read"),
        ((SHORT, "model.width=9", "--pairs", "2"), "must be 3 or more"),
        ((SHORT, "model.width=9", "--delta", "-1"), "must be a number above 0"),
        ((SHORT, "model.width=9", "--budget", "5"), "such as 90s"),
        ((SHORT, "monitor.metric=val/acc", "monitor.mode=max"), "both must have the same"),
        ((SHORT, "model.width=9", "-m"), "one run and a change of it"),
    ],
)
def test_what_can_not_be_compared_is_refused(words, message, leyden, tmp_path):
    result = leyden("compare", *words)
    assert result.status == 2
    assert message in " ".join(result.err.split())
    assert not (tmp_path / "outputs").exists()


def test_a_run_whose_catalogue_has_changed_is_no_base(leyden):
    run = leyden("train", *SHORT.split()).folder
    record = json.loads((run / "run.json").read_text())
    record["overrides"].remove("model.width=8")
    (run / "run.json").write_text(json.dumps(record))
    frozen = run / "config.yaml"
    frozen.write_text(frozen.read_text().replace("width: 8", "width: 9"))
    record["config_digest"] = "0" * 64
    (run / "run.json").write_text(json.dumps(record))
    result = leyden("compare", str(run), "optimizer.lr=1e-6")
    assert result.status == 2
    assert "model.width" in result.err


def test_a_killed_comparison_goes_on_with_the_same_command(commands):
    words = (SHORT.replace("max_epochs=1", "max_epochs=4"), "optimizer.lr=1e-6", *QUIET[1:])
    commands.start(*words, verb="compare")
    commands.wait_for(lambda: len(list(commands.folder.rglob("run.json"))) > 3)
    commands.started[-1].pid and __import__("os").kill(commands.started[-1].pid, 9)
    commands.started[-1].wait(timeout=60)
    status, out, err = commands.run(*words, "--json", verb="compare")
    assert status == 0, err
    found = json.loads(out)
    assert (found["verdict"], found["pairs"]) == ("worse", 3)


def test_python_gives_the_same(tmp_path):
    import leyden

    found = leyden.compare(SHORT, "optimizer.lr=1e-6", "sweep.report=false")
    assert found.verdict.word == "worse"
    assert len(found.base) == len(found.variant) == 3
