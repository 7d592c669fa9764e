"""A search's report, recomputed from Optuna's journal and the files of its runs."""

import csv
import json

import optuna
import pandas as pd
import pytest
from optuna.trial import TrialState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

WORDS = ("-m", "hydra/sweeper=optuna", "hydra.sweeper.n_trials=10", "hydra.sweeper.pruner=asha")
WORDS += ("optimizer.lr=tag(log,interval(1e-5,1e-1))", "model.activation=relu,gelu")
WORDS += ("optimizer=adamw", "model.width=16", "trainer.max_epochs=6", "trainer.accelerator=cpu")
WORDS += ("hydra.launcher.slots=1",)  # so that trials come to a rung in their order
WORDS += (
    "hydra.sweeper.sampler=random",
    "callbacks.predictions=null",
    "baselines=null",
    "callbacks.graph=null",
)
LR, ACTIVATION = "optimizer.lr", "model.activation"


@pytest.fixture(scope="module")
def sweep(tmp_path_factory, warm):
    folder = tmp_path_factory.mktemp("search")
    status, out, err = warm.run("train", *WORDS, folder=folder)
    assert status == 0, err
    return folder / out.splitlines()[-1]


@pytest.fixture(scope="module")
def trials(sweep):
    path = str(sweep / "study.journal")
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(path))
    return optuna.load_study(study_name=None, storage=storage).trials


@pytest.fixture(scope="module")
def entries(sweep):
    jobs = json.loads((sweep / "sweep.json").read_text())["jobs"]
    return sorted(jobs, key=lambda job: job["trial"])


def validations(sweep, entry):
    return pd.read_csv(sweep / entry["folder"] / "metrics.csv")["val/loss"].dropna().tolist()


def reached(trial):
    """What a trial had reached, also where it was pruned."""
    return min(trial.intermediate_values.values())


def table(sweep, name):
    with (sweep / "report" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_search_has_pruned_and_completed(trials):
    states = [trial.state for trial in trials]
    assert set(states) == {TrialState.COMPLETE, TrialState.PRUNED}
    assert len(states) == 10


def test_the_study_has_every_validation_of_each_run(sweep, trials, entries):
    for trial, entry in zip(trials, entries, strict=True):
        expected = validations(sweep, entry)
        assert list(trial.intermediate_values.values()) == pytest.approx(expected, rel=1e-6)
        assert entry["objective"] == [pytest.approx(min(expected), rel=1e-6)]


def test_trials_are_pruned_by_successive_halving_after_a_third_of_their_validations(trials):
    """The first rung is at 2 of 6: a third of those that have come there go on, at least one.

    The rule of the asynchronous algorithm (Li et al., MLSys 2020), replayed trial by trial.
    """
    there = []
    for trial in trials:
        value = trial.intermediate_values[2]
        there = sorted([*there, value])
        goes_on = value <= there[max(len(there) // 3, 1) - 1]
        assert trial.state == (TrialState.COMPLETE if goes_on else TrialState.PRUNED)
        assert len(trial.intermediate_values) == (6 if goes_on else 2)


def test_configurations_are_the_completed_trials_by_value_then_the_pruned_ones(sweep, trials):
    def in_order(state):
        return sorted(reached(trial) for trial in trials if trial.state == state)

    rows = table(sweep, "configurations.csv")
    expected = [*in_order(TrialState.COMPLETE), *in_order(TrialState.PRUNED)]
    assert [float(row["mean val/loss"]) for row in rows] == pytest.approx(expected, rel=1e-6)
    pruned = [row for row in rows if row["verdict"].startswith("pruned")]
    assert len(pruned) == len(in_order(TrialState.PRUNED))
    assert {row["jobs"] for row in pruned} == {"0 of 1"}


def test_every_job_is_told_with_its_value(sweep, trials):
    for row, trial in zip(table(sweep, "jobs.csv"), trials, strict=True):
        assert float(row["objective val/loss"]) == pytest.approx(reached(trial), rel=1e-6)
        assert float(row[LR]) == pytest.approx(trial.params[LR])


def test_importance_is_optunas_fanova_of_completed_and_pruned_trials(sweep, trials):
    rates = [trial.params[LR] for trial in trials]
    space = {
        LR: optuna.distributions.FloatDistribution(min(rates), max(rates), log=True),
        ACTIVATION: optuna.distributions.CategoricalDistribution(["gelu", "relu"]),
    }
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study()
    optuna.logging.set_verbosity(before)
    for trial in trials:
        params = {name: trial.params[name] for name in space}
        study.add_trial(
            optuna.trial.create_trial(params=params, distributions=space, value=reached(trial))
        )
    found = optuna.importance.FanovaImportanceEvaluator(seed=0).evaluate(study)
    text = (sweep / "report" / "report.md").read_text()
    for key, share in found.items():
        name = key.rpartition(".")[2]
        (line,) = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
        assert float(line.split("|")[2]) == pytest.approx(share, rel=1e-3, abs=1e-6)


def test_the_answer_compares_the_best_pruned_trial_with_the_best_one(sweep, trials):
    done = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    cut = [trial for trial in trials if trial.state == TrialState.PRUNED]
    best, pruned = min(done, key=reached), min(cut, key=reached)
    by_then = min(best.intermediate_values[1], best.intermediate_values[2])
    behind = reached(pruned) - reached(best)
    text = (sweep / "report" / "report.md").read_text()
    word = "worse" if behind > 0 else "better"
    assert f"{len(cut)} configurations were pruned and not trained to the end" in text
    assert f"had val/loss {reached(pruned):.4g} when it was pruned at step 44" in text
    assert f"that is {abs(behind):.4g} {word} than" in text
    assert f"which had {by_then:.4g} by that step" in text
