"""Searches by Optuna: what is proposed, what is kept, what is stopped early, and going on."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from optuna import get_all_study_names, load_study
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from leyden.sweeps.storage import open_storage

OPTUNA = ("-m", "hydra/sweeper=optuna")
TINY = (
    *("model.width=8", "trainer.max_steps=3", "trainer.accelerator=cpu", "sweep.report=false"),
    *("logger.tensorboard=null", "callbacks.predictions=null", "callbacks.graph=null"),
    "baselines=null",
)
RATE = "optimizer.lr=tag(log,interval(1e-3,1e-1))"
DEPTH = "model.depth=int(interval(1,3))"
CHOICE = "model.activation=relu,gelu"


def trials(n):
    return f"hydra.sweeper.n_trials={n}"


def study_in(folder):
    return load_study(study_name=None, storage=open_storage(str(folder / "study.journal")))


def values_in(folder):
    """What was tried, by key, in the order of the trials."""
    jobs = json.loads((folder / "sweep.json").read_text())["jobs"]
    jobs.sort(key=lambda job: job["trial"])
    return [dict(text.split("=", 1) for text in job["overrides"]) for job in jobs]


def states_in(folder):
    return [job["state"] for job in json.loads((folder / "sweep.json").read_text())["jobs"]]


@pytest.mark.parametrize("sampler", ["random", "sobol", "halton", "tpe", "cma_es", "nsga_ii"])
def test_a_sampler_makes_so_many_trials_within_the_ranges(sampler, leyden):
    words = (RATE, DEPTH, CHOICE, trials(4), f"hydra.sweeper.sampler={sampler}")
    result = leyden("train", *OPTUNA, *TINY, *words)
    assert result.status == 0, result.err
    assert states_in(result.folder) == ["completed"] * 4
    for values in values_in(result.folder):
        assert 1e-3 <= float(values["optimizer.lr"]) <= 1e-1
        assert values["model.depth"] in ("1", "2", "3")
        assert values["model.activation"] in ("relu", "gelu")


@pytest.mark.parametrize("sampler", ["random", "sobol", "tpe"])
def test_the_seed_decides_the_first_trial(sampler, leyden):
    words = (RATE, trials(1), f"hydra.sweeper.sampler={sampler}")

    def found(name, seed):
        names = (f"name={name}", f"hydra.sweeper.seed={seed}")
        return values_in(leyden("train", *OPTUNA, *TINY, *words, *names).folder)

    assert found("a", 0) == found("b", 0) != found("c", 1)


def test_a_conditional_axis_is_searched_only_where_its_condition_holds(leyden, tmp_path):
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    (tmp_path / "mine" / "experiment" / "asked.yaml").write_text(
        "# @package _global_\n"
        "sweep:\n"
        "  grid: {optimizer: [sgd, adamw]}\n"
        "  when:\n"
        "    optimizer=sgd: {optimizer.lr: 'interval(0.1, 1)'}\n"
        "    optimizer=adamw: {optimizer.lr: 'interval(0.001, 0.01)'}\n"
    )
    words = ("--config-dir", "mine", "experiment=asked", trials(6), "hydra.sweeper.sampler=random")
    found = values_in(leyden("train", *OPTUNA, *TINY, *words).folder)
    rates = {(one["optimizer"], 0.1 <= float(one["optimizer.lr"]) <= 1) for one in found}
    assert rates == {("sgd", True), ("adamw", False)}


def test_a_listed_job_is_the_first_trial(leyden):
    start = "sweep.list=[{optimizer.lr:0.05}]"
    result = leyden("train", *OPTUNA, *TINY, RATE, start, trials(2))
    assert values_in(result.folder)[0] == {"optimizer.lr": "0.05"}


def test_the_study_holds_what_the_record_holds(leyden):
    folder = leyden("train", *OPTUNA, *TINY, RATE, trials(3)).folder
    jobs = json.loads((folder / "sweep.json").read_text())["jobs"]
    told = {trial.number: trial.values for trial in study_in(folder).trials}
    assert told == {job["trial"]: job["objective"] for job in jobs}


def test_more_trials_go_on_with_the_same_search(leyden):
    words = (*OPTUNA, *TINY, RATE)
    first = leyden("train", *words, trials(3))
    before = values_in(first.folder)
    second = leyden("train", *words, trials(5))
    assert second.folder == first.folder
    assert len(states_in(first.folder)) == 5
    assert values_in(first.folder)[:3] == before


def test_as_many_trials_as_there_were_run_nothing(leyden):
    words = ("train", *OPTUNA, *TINY, RATE, trials(2))
    first = leyden(*words)
    second = leyden(*words)
    assert (second.status, second.folder) == (0, first.folder)
    assert "nothing to do" in second.err


def test_a_trial_that_diverges_has_failed_and_the_search_goes_on(leyden):
    rate = "optimizer.lr=0.1,1e30"
    plain = ("optimizer=sgd", "trainer.gradient_clip_val=null", "hydra.sweeper.sampler=random")
    result = leyden("train", *OPTUNA, *TINY, rate, *plain, trials(6))
    ends = {
        (float(job["overrides"][0].partition("=")[2]), job["state"])
        for job in json.loads((result.folder / "sweep.json").read_text())["jobs"]
    }
    told = {trial.state for trial in study_in(result.folder).trials}
    assert result.status == 3
    assert ends == {(0.1, "completed"), (1e30, "diverged")}
    assert told == {TrialState.COMPLETE, TrialState.FAIL}


def test_equal_trials_are_trials_of_their_own(leyden):
    words = ("model.depth=1,2", "hydra.sweeper.sampler=random", trials(4))
    result = leyden("train", *OPTUNA, *TINY, *words, "hydra.launcher.slots=2")
    assert result.status == 0
    assert states_in(result.folder) == ["completed"] * 4
    assert [trial.state for trial in study_in(result.folder).trials] == [TrialState.COMPLETE] * 4


def test_two_objectives_are_a_study_with_two_directions(leyden):
    both = "hydra.sweeper.objectives={val/loss:min,params:min}"
    result = leyden("train", *OPTUNA, *TINY, DEPTH, both, trials(3))
    study = study_in(result.folder)
    assert result.status == 0, result.err
    assert [direction.name for direction in study.directions] == ["MINIMIZE", "MINIMIZE"]
    assert [len(trial.values) for trial in study.trials] == [2, 2, 2]


@pytest.mark.parametrize("word", ["pruner=asha", "sampler=cma_es"])
def test_several_objectives_are_refused_where_they_can_not_be_had(word, leyden, tmp_path):
    both = "hydra.sweeper.objectives={val/loss:min,params:min}"
    result = leyden("train", *OPTUNA, *TINY, DEPTH, both, f"hydra.sweeper.{word}")
    assert result.status == 2
    assert not list(tmp_path.glob("outputs/**/*"))


@pytest.mark.parametrize("objective", ["params:min", "seconds:min"])
def test_a_pruner_is_refused_where_validations_do_not_have_the_objective(objective, leyden):
    one = f"hydra.sweeper.objectives={{{objective}}}"
    result = leyden("train", *OPTUNA, *TINY, DEPTH, one, "hydra.sweeper.pruner=asha")
    assert result.status == 2
    assert "a pruner goes by a metric of each validation" in result.err


RUN = ("model.width=8", "trainer.accelerator=cpu", "sweep.report=false", "optimizer=adamw")
RUN += ("logger.tensorboard=null", "callbacks.predictions=null", "callbacks.graph=null")
RUN += ("baselines=null",)
WIDE_RATE = "optimizer.lr=tag(log,interval(1e-6,1e-1))"


SEVEN = ("trainer.max_epochs=7",)
BY_STEPS = ("trainer.max_steps=40", "trainer.val_check_interval=5")


# The first validation is known before any pruner is made, which only takes its number.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("pruner", "length", "first"),
    [
        *((pruner, SEVEN, 3) for pruner in ("median", "asha", "hyperband")),
        ("median", ("trainer.max_epochs=6",), 2),
        ("hyperband", BY_STEPS, 3),
    ],
)
def test_by_default_no_trial_is_pruned_within_a_third_of_its_steps(pruner, length, first, leyden):
    rule = ("hydra.sweeper.sampler=random", f"hydra.sweeper.pruner={pruner}")
    result = leyden("train", *OPTUNA, *RUN, *length, *rule, WIDE_RATE, trials(12))
    told = study_in(result.folder).trials
    lengths = {len(t.intermediate_values) for t in told if t.state == TrialState.PRUNED}
    assert result.status == 0, result.err
    assert lengths
    assert min(lengths) == first


def test_a_pruner_goes_by_the_objective_also_where_it_is_not_the_monitor(leyden):
    accuracy = "hydra.sweeper.objectives={val/acc:max}"
    words = (RATE, accuracy, trials(2), "hydra.sweeper.pruner=median", "trainer.max_epochs=2")
    folder = leyden("train", *OPTUNA, *RUN, *words).folder
    jobs = json.loads((folder / "sweep.json").read_text())["jobs"]
    for job, trial in zip(jobs, study_in(folder).trials, strict=True):
        rows = pd.read_csv(folder / job["folder"] / "metrics.csv")
        assert list(trial.intermediate_values.values()) == pytest.approx(
            rows["val/acc"].dropna().tolist()
        )


def running_trial(root):
    """Whether two trials are done and a third has begun."""
    records = [json.loads(path.read_text()) for path in root.glob("outputs/*/*/*/run.json")]
    states = [record["status"] for record in records]
    return states.count("completed") == 2 and "running" in states


@pytest.mark.slow
def test_a_killed_search_ends_with_exactly_its_trials(commands, faulty, leyden):
    words = (*OPTUNA, *faulty, RATE, trials(4), "hydra.launcher.slots=1", "model.seconds=0.5")
    killed = commands.start(*words)
    commands.wait_for(lambda: running_trial(commands.folder))
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not commands.left_after()
    again = leyden("train", *words)
    folder = again.folder
    numbers = [job["trial"] for job in json.loads((folder / "sweep.json").read_text())["jobs"]]
    assert again.status == 0, again.err
    assert states_in(folder) == ["completed"] * 4
    assert sorted(numbers) == [0, 1, 2, 3]
    assert [trial.state for trial in study_in(folder).trials] == [TrialState.COMPLETE] * 4


SEARCH = (
    *("-m", "hydra/sweeper=optuna", "hydra.sweeper.sampler=random", "hydra.sweeper.n_trials=27"),
    *("optimizer=sgd,adamw", "optimizer.lr=tag(log,interval(1e-4,1e-1))", "model.width=32"),
    *("trainer.max_epochs=9", "trainer.accelerator=cpu", "sweep.report=false"),
    *("logger.tensorboard=null", "callbacks.predictions=null", "scheduler=constant"),
    *("callbacks.graph=null", "callbacks.summary=null", "data.batch_size=128", "baselines=null"),
    "hydra.launcher.slots=1",  # the order of the trials' ends decides which are stopped
)


def steps_and_best(folder):
    records = [json.loads(path.read_text()) for path in folder.glob("*/run.json")]
    losses = [record["best"]["value"] for record in records if record["status"] == "completed"]
    return sum(record["steps"] for record in records), min(losses)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_asha_finds_as_good_a_trial_in_half_the_steps(leyden, record_property, capsys):
    plain = leyden("train", *SEARCH, "name=plain")
    asha = ("hydra.sweeper.pruner=asha", "hydra.sweeper.min_validations=2")
    pruned = leyden("train", *SEARCH, "name=asha", *asha, "sweep.reuse=false")
    (all_steps, best), (steps, found) = (steps_and_best(one.folder) for one in (plain, pruned))
    with capsys.disabled():
        print(f"\nasha: {steps} of {all_steps} steps, {found:.4f} against {best:.4f}")  # noqa: T201
    record_property("share of the steps", steps / all_steps)
    assert (plain.status, pruned.status) == (0, 0)
    assert steps <= all_steps / 2
    assert found <= best


@pytest.mark.slow
@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_a_pruner_stops_what_does_badly(pruner, leyden):
    words = (
        "optimizer.lr=tag(log,interval(1e-6,1e-1))",
        "optimizer=adamw",
        "trainer.max_epochs=9",
        trials(14),
    )
    cheap = (
        "model.width=8",
        "logger.tensorboard=null",
        "callbacks.predictions=null",
        "sweep.report=false",
    )
    sampled = ("hydra.sweeper.sampler=random", f"hydra.sweeper.pruner={pruner}")
    result = leyden("train", *OPTUNA, *words, *cheap, *sampled, "trainer.accelerator=cpu")
    told = {trial.state for trial in study_in(result.folder).trials}
    assert result.status == 0, result.err
    assert set(states_in(result.folder)) == {"completed", "pruned"}
    assert told == {TrialState.COMPLETE, TrialState.PRUNED}


BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """URL of a database on a PostgreSQL server of our own."""
    if not BINARIES and not shutil.which("initdb"):
        pytest.skip("there is no PostgreSQL on this machine")
    binaries = BINARIES[-1] if BINARIES else Path(shutil.which("initdb")).parent
    folder = tmp_path_factory.mktemp("postgres")
    password = secrets.token_hex(8)
    (folder / "password").write_text(password)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = []
    if os.geteuid() == 0:  # the server refuses to run as root
        user = ["runuser", "-u", "postgres", "--"]
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres", "postgres")
        for parent in folder.parents:
            if parent.stat().st_uid == 0 and parent != Path("/") and parent != Path("/tmp"):
                parent.chmod(parent.stat().st_mode | 0o011)

    def call(name, *arguments):
        words = [*user, str(binaries / name), *map(str, arguments)]
        with (folder / "log").open("a") as log:
            subprocess.run(words, check=True, stdout=log, stderr=log, cwd=folder, timeout=60)

    data = folder / "data"
    secured = ("-A", "scram-sha-256", f"--pwfile={folder / 'password'}")
    call("initdb", "-D", data, "-U", "tester", *secured, "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    call("pg_ctl", "-D", data, "-w", "-l", folder / "server.log", "-o", options, "start")
    yield f"postgresql+psycopg://tester:{password}@127.0.0.1:{port}/postgres", password
    with contextlib.suppress(subprocess.CalledProcessError):
        call("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def files_with(text, root):
    """Files below a folder in which a text stands."""
    wanted = text.encode()
    return [p for p in root.rglob("*") if p.is_file() and wanted in p.read_bytes()]


@contextlib.contextmanager
def opened(url):
    """Optuna's storage in a database, without a connection that stays open."""
    storage = RDBStorage(url)
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["local", "slurm"])
def test_a_search_keeps_its_trials_in_a_database(launcher, postgres, commands):
    url, password = postgres
    cluster = ["hydra.launcher.cluster=local"] if launcher == "slurm" else []
    words = (RATE, trials(2), "hydra.sweeper.pruner=asha", f"name={launcher}", *cluster)
    where = (f"hydra.sweeper.storage={url}", f"hydra/launcher={launcher}")
    status, out, err = commands.run(*OPTUNA, *TINY, *words, *where)
    assert status == 0, err
    with opened(url) as storage:
        names = get_all_study_names(storage)
        (name,) = [name for name in names if out.splitlines()[-1] in name]
        told = load_study(study_name=name, storage=storage).trials
    assert [trial.state for trial in told] == [TrialState.COMPLETE] * 2
    assert files_with(password, commands.folder / "outputs") == []


FOLDED = (
    *("sweep.repeat.fold=3", "data=blobs", "data.num_samples=60", "hydra.sweeper.sampler=random"),
    *("model=mlp", "model.width=int(interval(2,9))", "baselines=null"),
)


def trial_means(folder):
    """The mean objective of the jobs of each trial."""
    jobs = pd.DataFrame(json.loads((folder / "sweep.json").read_text())["jobs"])
    return jobs["objective"].str[0].groupby(jobs["trial"]).mean().tolist()


def test_the_objective_of_a_trial_is_the_mean_over_its_folds(leyden):
    done = leyden("train", *OPTUNA, *TINY[1:], *FOLDED, trials(2), "sweep.report=true")
    assert done.status == 0, done.err
    assert "6 jobs, 3 for each trial" in done.err
    folds = [values["data.split.fold"] for values in values_in(done.folder)]
    assert folds == 2 * ["1/3", "2/3", "3/3"]
    found = [trial.value for trial in study_in(done.folder).trials]
    assert found == pytest.approx(trial_means(done.folder), rel=1e-12)
    text = (done.folder / "report" / "report.md").read_text()
    assert "The search went by this mean: it is the objective of a trial." in text
    tested = {
        json.loads(path.read_text())["data"]["samples"].rpartition(" + ")[2]
        for path in done.folder.glob("*/run.json")
    }
    assert tested == {"9"}  # the 15 % of the test part, the same for all


def test_a_search_over_folds_goes_on_with_the_fold_that_is_missing(leyden):
    first = leyden("train", *OPTUNA, *TINY[1:], *FOLDED, trials(2))
    before = trial_means(first.folder)
    (first.folder / "study.journal").unlink()
    shutil.rmtree(next(first.folder.glob("001_*fold2-3*")))
    again = leyden("train", *OPTUNA, *TINY[1:], *FOLDED, trials(3), "sweep.reuse=false")
    assert again.status == 0, again.err
    assert again.folder == first.folder
    assert len(list(again.folder.glob("*/run.json"))) == 9
    found = [trial.value for trial in study_in(again.folder).trials]
    assert found == pytest.approx(trial_means(again.folder), rel=1e-12)
    assert found[:2] == pytest.approx(before, rel=1e-6)
