"""Runs and sweeps of an earlier version are read, gone on with and repeated as they were.

`tests/assets/earlier/README.md` says how they were made. Only the command line is used, and the
files that it leaves.
"""

import csv
import json
import platform
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import load_study

EARLIER = Path(__file__).parents[1] / "assets" / "earlier"
MADE_IN = "/tmp/earlier"  # the place of `data`, as the frozen configs name it
RUNS = {
    "mlp": "completed",
    "mlp_stopped": "interrupted",
    "cnn": "completed",
    "resnet": "completed",
    "vgg": "completed",
    "rnn": "completed",
    "gpt": "completed",
    "gpt_stopped": "interrupted",
    "gpt_stdlib": "completed",
    "table": "completed",
    "ddp": "completed",
    "ddp_stopped": "interrupted",
    "fsdp": "completed",
    "fsdp_sharded": "interrupted",
    "diverged": "diverged",
    "failed": "failed",
}
SWEEPS = {
    "sweep": ["completed"] * 4 + ["diverged"] * 2,
    "sweep_stopped": ["completed"] * 2 + ["interrupted"] + ["pending"] * 3,
    "search": ["completed"] * 4,
    "search_stopped": ["completed"] * 2 + ["interrupted"],
    "stacked": ["completed"] * 2,
}
FINISHED = [name for name, status in RUNS.items() if status == "completed"]
ENDS = {"mlp_stopped": "mlp", "gpt_stopped": "gpt", "ddp_stopped": "ddp", "fsdp_sharded": "fsdp"}


@pytest.fixture
def earlier(tmp_path):
    """Copies a run or a sweep into the test's folder, and the data beside it."""
    shutil.copytree(EARLIER / "data", tmp_path / "data")

    def copy(name, place=None):
        folder = tmp_path / (place or name)
        shutil.copytree(EARLIER / name, folder)
        for path in [*folder.rglob("config.yaml"), *folder.glob("sweep.json")]:
            path.write_text(path.read_text().replace(MADE_IN, str(tmp_path)))
            shutil.copy(EARLIER / "code.json", path.parent)
        return folder

    return copy


def record_of(folder):
    return json.loads((folder / "run.json").read_text())


def jobs_in(folder):
    return json.loads((folder / "sweep.json").read_text())["jobs"]


def skip_where_its_data_differs(name):
    if name == "gpt_stdlib" and record_of(EARLIER / name)["versions"]["python"] != (
        platform.python_version()
    ):
        pytest.skip("its text is another Python's standard library")


def is_same_machine(before, now):
    """Whether the same operations give the same bits as when an asset was made."""
    flags = [(one["device"], one["flags"]["instructions"]) for one in (before, now)]
    return flags[0] == flags[1] and before["versions"]["torch"] == version("torch")


NOT_OF_BOTH = ("test/ece", "test/top5", "val/top5")
"""What is measured since, and what is not measured any more of fewer than six classes."""


def without_new_metrics(metrics):
    """Those that the versions of the earlier runs measured, and that are measured now."""
    return {name: value for name, value in metrics.items() if name not in NOT_OF_BOTH}


def of_the_test_part(record):
    return without_new_metrics(
        {name: value for name, value in record["metrics"].items() if name.startswith("test/")}
    )


def checkpoint_of(folder):
    """The content of its one checkpoint to go on from."""
    (path,) = (folder / "checkpoints").glob(f"step-{record_of(folder)['steps']}.ckpt")
    return torch.load(path, weights_only=True)


def rows_of(folder):
    """What was logged at each step, but for the speed."""
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    rows[-1].pop("epoch")  # beside test metrics an epoch that was cut short is counted, or not
    return [
        without_new_metrics({key: value for key, value in row.items() if key != "throughput"})
        for row in rows
    ]


def bits_of(state):
    if isinstance(state, torch.Tensor):
        return state.flatten().view(torch.uint8).numpy().tobytes()
    if isinstance(state, dict):
        return {key: bits_of(value) for key, value in state.items()}
    return [bits_of(value) for value in state] if isinstance(state, list | tuple) else state


def generators_in(checkpoint):
    """States of each process's generators, without Python's, from which beartype draws in tests."""
    ranks = [dict(rank["generators"]) for rank in checkpoint["leyden_resume"]["ranks"]]
    for rank in ranks:
        del rank["python"]
    return bits_of(ranks)


def assert_same_end(folder, wanted):
    """A run has ended as another one did: to the bit on the machine of the assets, else closely."""
    now, before = record_of(folder), record_of(wanted)
    saved, kept = checkpoint_of(folder), checkpoint_of(wanted)
    assert (now["status"], now["steps"]) == (before["status"], before["steps"])
    assert now["losses"].keys() == before["losses"].keys()
    assert saved["state_dict"].keys() == kept["state_dict"].keys()
    if is_same_machine(before, now):
        for name in ("losses", "monitored"):
            assert now[name] == before[name]
        assert now["best"]["value"] == before["best"]["value"]
        assert of_the_test_part(now) == of_the_test_part(before)
        assert rows_of(folder) == rows_of(wanted)
        for part in ("state_dict", "optimizer_states", "lr_schedulers"):
            assert bits_of(saved[part]) == bits_of(kept[part]), part
        assert generators_in(saved) == generators_in(kept)
    else:
        assert_close_losses(now, before)
        assert now["metrics"]["test/loss"] == pytest.approx(
            before["metrics"]["test/loss"], rel=1e-3
        )
        torch.testing.assert_close(saved["state_dict"], kept["state_dict"], rtol=1e-2, atol=1e-3)


def assert_close_losses(now, before):
    for step, loss in before["losses"].items():
        assert float.fromhex(now["losses"][step]) == pytest.approx(float.fromhex(loss), rel=1e-3)


def test_all_are_listed_as_they_ended(earlier, leyden, tmp_path):
    for name in [*RUNS, *SWEEPS]:
        earlier(name)
    result = leyden("runs", ".", "--json")
    assert result.status == 0, result.err
    listed = {record["folder"]: record for record in json.loads(result.out)}
    wanted = {str(path.parent.relative_to(tmp_path)) for path in tmp_path.rglob("run.json")}
    assert listed.keys() == wanted
    assert {name: listed[name]["status"] for name in RUNS} == RUNS
    for name, record in listed.items():
        before = record_of(tmp_path / name)
        for key in ("metrics", "best", "steps", "params", "seconds", "overrides"):
            assert record[key] == before[key], (name, key)


@pytest.mark.parametrize("name", FINISHED)
def test_one_is_evaluated_as_it_was_tested(name, earlier, leyden):
    skip_where_its_data_differs(name)
    folder = earlier(name)
    which = "best" if list(folder.glob("checkpoints/best-*")) else "last"
    result = leyden("eval", name, f"ckpt={which}", "--json")
    assert result.status == 0, result.err
    before = of_the_test_part(record_of(folder))
    now = without_new_metrics(json.loads(result.out))
    assert now == {key: pytest.approx(before[key], rel=1e-6) for key in before}


@pytest.mark.parametrize("name", ["mlp_stopped", "gpt_stopped"])
def test_a_stopped_one_ends_as_one_that_was_not(name, earlier, leyden):
    folder = earlier(name)
    result = leyden("resume", name)
    assert result.status == 0, result.err
    assert f"goes on from step {record_of(EARLIER / name)['steps']}" in result.err
    assert_same_end(folder, EARLIER / ENDS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ddp_stopped", "fsdp_sharded"])
def test_two_stopped_processes_end_as_two_that_were_not(name, earlier, commands):
    folder = earlier(name)
    # One file can be compared.
    status, _, err = commands.run(name, "trainer.sharded_checkpoints=false", verb="resume")
    assert status == 0, err
    assert f"goes on from step {record_of(EARLIER / name)['steps']}" in err
    assert_same_end(folder, EARLIER / ENDS[name])


def test_the_command_that_began_one_goes_on_with_it(earlier, leyden):
    folder = earlier("mlp_stopped")
    result = leyden(*record_of(folder)["command"][1:])
    assert result.status == 0, result.err
    assert_same_end(folder, EARLIER / "mlp")


def test_a_finished_one_is_made_longer(earlier, leyden):
    folder = earlier("mlp")
    result = leyden("resume", "mlp", "trainer.max_epochs=4")
    assert result.status == 0, result.err
    assert "goes on from step 21" in result.err
    now, before = record_of(folder), record_of(EARLIER / "mlp")
    assert now["steps"] == 28
    assert now["monitored"][:3] == before["monitored"]


def test_one_gives_another_its_weights(earlier, leyden):
    earlier("mlp")
    words = ("model.width=8", "optimizer=sgd", "optimizer.lr=1e-30", "trainer.max_steps=1")
    result = leyden("train", "init_from=mlp", *words, "run_dir=next", "scheduler=constant")
    assert result.status == 0, result.err
    loss = record_of(Path("next"))["metrics"]["test/loss"]
    assert loss == pytest.approx(record_of(EARLIER / "mlp")["metrics"]["test/loss"], rel=1e-6)


def test_a_failed_one_is_gone_on_with_from_its_last_checkpoint(earlier, leyden):
    folder = earlier("failed")
    result = leyden("resume", "failed")
    assert result.status == 0, result.err
    assert "goes on from step 4" in result.err
    now, before = record_of(folder), record_of(EARLIER / "failed")
    assert (now["status"], now["steps"], now["error"]) == ("completed", 12, None)
    if is_same_machine(before, now):
        assert [now["losses"][step] for step in "123456"] == list(before["losses"].values())
    else:
        assert_close_losses(now, before)


def test_a_diverged_one_diverges_again(earlier, leyden):
    folder = earlier("diverged")
    assert leyden("resume", "diverged").status == 4
    now, before = record_of(folder), record_of(EARLIER / "diverged")
    assert [now[key] for key in ("status", "steps", "error")] == [
        before[key] for key in ("status", "steps", "error")
    ]


@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet", "vgg", "rnn", "gpt", "table"])
def test_one_is_reproduced(name, earlier, leyden):
    assert_reproduced(earlier(name), leyden)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ddp", "fsdp"])
def test_one_of_two_processes_is_reproduced(name, earlier, leyden):
    assert_reproduced(earlier(name), leyden)


def test_a_job_of_a_sweep_is_reproduced(earlier, leyden):
    assert_reproduced(next(earlier("search").glob("002_*")), leyden)


def assert_reproduced(folder, leyden):
    result = leyden("reproduce", str(folder))
    (repetition,) = Path("outputs/reproduce").iterdir()
    before, now = record_of(folder), record_of(repetition)
    num_steps = len(before["losses"]) - (str(before["steps"]) not in before["losses"])
    if is_same_machine(before, now):
        assert (result.status, now["losses"]) == (0, before["losses"]), result.out + result.err
        assert result.out.startswith(f"equal to the bit at all {num_steps} recorded steps")
    else:
        assert result.status in (0, 1), result.err
        assert_close_losses(now, before)


def test_two_are_compared(earlier, leyden):
    earlier("mlp")
    earlier("mlp_stopped")
    result = leyden("diff", "mlp", "mlp_stopped", "--json")
    assert result.status == 0, result.err
    found = json.loads(result.out)
    assert found["not_recorded"] == []
    assert set(found["equal"]) == {"config", "code", "environment", "data", "losses"}
    assert found["cost"]["steps"] == {"a": 21, "b": 10}
    assert found["metrics"]["test/loss"]["b"] is None


def test_one_writes_the_text_that_it_wrote(earlier, leyden):
    earlier("gpt")
    result = leyden("generate", "gpt", "--prompt", "12 times", "--seed", "1", "--json")
    assert result.status == 0, result.err
    assert json.loads(result.out) == json.loads((EARLIER / "generated.json").read_text())


@pytest.mark.parametrize("name", ["sweep", "search", "stacked"])
def test_the_report_of_a_sweep_says_what_it_said(name, earlier, leyden):
    folder = earlier(name)
    shutil.rmtree(folder / "report")
    result = leyden("report", name)
    assert result.status == 0, result.err
    assert (folder / "report" / "report.html").stat().st_size > 10_000
    for table in ("jobs.csv", "configurations.csv"):
        now, before = (cells_of(one / "report" / table) for one in (folder, EARLIER / name))
        kept = [now[0].index(column) for column in before[0]]
        assert [[row[place] for place in kept] for row in now] == [
            [close(cell) for cell in row] for row in before
        ]
    best = now[1][1]  # below the heading, beside its rank
    text = (folder / "report" / "report.md").read_text()
    assert best in text.partition("## Answer")[2].partition("##")[0]


def cells_of(path):
    """The rows of a table, numbers as such."""
    with path.open() as file:
        return [[number_or_text(cell) for cell in row] for row in csv.reader(file)]


def number_or_text(cell):
    try:
        return float(cell)
    except ValueError:
        return cell


def close(cell):
    return pytest.approx(cell, rel=1e-6) if isinstance(cell, float) else cell


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("sweep", "outputs/sweep/lr-optimizer-seed-3305e8"),
        ("search", "search"),
    ],
)
@pytest.mark.slow
def test_a_stopped_sweep_ends_as_one_that_was_not(name, place, earlier, leyden):
    folder = earlier(f"{name}_stopped", place)
    words = json.loads((folder / "sweep.json").read_text())["command"][1:]
    before, wanted = jobs_in(folder), jobs_in(EARLIER / name)
    kept = [(folder / job["folder"] / "run.json") for job in before if job["state"] == "completed"]
    texts = [path.read_bytes() for path in kept]
    assert [job["state"] for job in before] == SWEEPS[f"{name}_stopped"]
    result = leyden(*words, "sweep.on_drift=continue")
    assert (result.status, str(result.folder)) == (3 if name == "sweep" else 0, place), result.err
    now = jobs_in(folder)
    for key in ("overrides", "state", "failure", "trial"):
        assert [job[key] for job in now] == [job[key] for job in wanted], key
    assert [path.read_bytes() for path in kept] == texts
    third = before[2]["folder"]
    assert now[2]["folder"] == third
    assert "goes on from step" in (folder / third / "train.log").read_text()
    assert_same_end(folder / third, EARLIER / name / wanted[2]["folder"])
    if name == "search":
        study = load_study(
            study_name=None,
            storage=JournalStorage(JournalFileBackend(str(folder / "study.journal"))),
        )
        states = [trial.state.name for trial in study.trials]
        assert (states, len(list(folder.glob("*/run.json")))) == (["COMPLETE"] * 4, 4)


def test_a_finished_search_is_left_as_it_is(earlier, leyden):
    folder = earlier("search")
    jobs = jobs_in(folder)
    command = json.loads((folder / "sweep.json").read_text())["command"][1:]
    result = leyden(*command)
    assert (result.status, jobs_in(folder)) == (0, jobs), result.err
    assert "nothing to do" in result.err
