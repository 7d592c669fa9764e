"""Which runs TensorBoard shows, and by which names."""

import json

import pytest

from leyden.analysis.board import link_files, select_runs
from leyden.analysis.board.folder import board_folder, columns_of
from leyden.run.hyperparameters import ShortHyperparameters


@pytest.fixture
def run(tmp_path):
    """Makes a run's folder with an event file, and gives its record."""

    def make(path, *overrides, events=True):
        folder = tmp_path / path
        folder.mkdir(parents=True)
        if events:
            (folder / "events.out.tfevents.1.host").touch()
        return {
            "folder": str(folder),
            "overrides": list(overrides),
            "choices": {},
            "metrics": {},
            "best": {"metric": None, "value": None},
        }

    return make


@pytest.fixture
def sweep(tmp_path, run):
    """Makes a sweep over `optimizer.lr` with a value for each job; gives its folder and records."""

    def make(scores, mode="min"):
        records, jobs = [], []
        for number, score in enumerate(scores):
            overrides = [f"optimizer.lr={number}"]
            records.append(run(f"sweep/job{number}", "model=mlp", *overrides))
            objective = [] if score is None else [score]
            jobs.append({"overrides": overrides, "folder": f"job{number}", "objective": objective})
        content = {"name": "sweep", "experiment": None, "command": [], "overrides": []}
        content |= {"axes": ["optimizer.lr"], "repeated": [], "launcher": "local", "jobs": jobs}
        content["objectives"] = [{"metric": "val/loss", "mode": mode}]
        (tmp_path / "sweep" / "sweep.json").write_text(json.dumps(content))
        return tmp_path / "sweep", records

    return make


def names(selection):
    return [run.name for run in selection.runs]


def test_best_median_and_worst_come_first_and_the_others_by_rank(sweep):
    folder, records = sweep([3, 1, None, 2, 5, 4])
    assert names(select_runs(records, last=None, sweep=folder)) == [
        "1 best lr=1",
        "2 median lr=0",
        "3 worst lr=4",
        "4 lr=3",
        "5 lr=5",
        "6 lr=2",
    ]


def test_where_more_is_better_the_greatest_is_the_best(sweep):
    folder, records = sweep([0.1, 0.9, 0.5], mode="max")
    assert names(select_runs(records, last=None, sweep=folder))[0] == "1 best lr=1"


def test_two_values_are_not_ranked(sweep):
    folder, records = sweep([1, 2, None])
    found = select_runs(records, last=None, sweep=folder)
    assert not found.is_ranked
    assert names(found) == ["1 lr=0", "2 lr=1", "3 lr=2"]


def test_of_a_large_sweep_the_best_the_median_and_the_worst_are_shown(sweep):
    folder, records = sweep(range(100))
    found = select_runs(records, last=None, sweep=folder)
    assert len(found.runs) == 40
    assert names(found)[:4] == ["01 best lr=0", "02 median lr=49", "03 worst lr=99", "04 lr=1"]
    assert "40 of 100" in found.left_out[0]


def test_of_many_runs_those_that_tensorboard_ticks_are_shown_the_last(run):
    records = [run(f"many/{number:03}", f"seed={number}") for number in range(50)]
    found = select_runs(records, last=None)
    assert names(found)[0] == "01 seed=10"
    assert len(found.runs) == 40
    assert names(select_runs(records, last=2)) == ["1 seed=48", "2 seed=49"]


def test_each_group_is_numbered_by_itself_and_named_by_where_it_lies(run):
    records = [run("out/cnn/a", "seed=0"), run("out/mlp/b/c", "seed=1"), run("out/mlp/b/d")]
    assert names(select_runs(records, last=None)) == [
        "cnn/1 seed=0",
        "mlp b/1 seed=1",
        "mlp b/2 d",
    ]


def test_a_run_without_an_event_file_is_left_out_and_said(run):
    found = select_runs([run("a"), run("b", events=False)], last=None)
    assert len(found.runs) == 1
    assert "without an event file" in found.left_out[0]


def test_a_run_that_leads_elsewhere_is_left_out_and_said(run, tmp_path):
    record = run("a")
    (tmp_path / "a" / "events.out.tfevents.2.host").symlink_to("/etc/hostname")
    found = select_runs([record], last=None)
    assert found.runs == []
    assert "leads out of the folder" in found.left_out[0]


def test_a_name_is_one_folder_whatever_was_typed(run, tmp_path):
    records = [run("a", "data.path=../x/y", "seed=0"), run("b", "name=elsewhere", "x='a\nb'")]
    assert names(select_runs(records, last=None)) == ["1 path=..-x-y seed=0", "2 x=-a-b-"]


def test_the_folder_of_links_is_gone_afterwards_and_the_runs_are_not(run, tmp_path):
    selection = select_runs([run("out/a", "seed=0"), run("other/b", "seed=1")], last=None)
    with board_folder(selection.runs) as folder:
        links = [folder / run.name / "events.out.tfevents.1.host" for run in selection.runs]
        assert all(link.is_symlink() for link in links)
    assert not folder.exists()
    assert (tmp_path / "out" / "a" / "events.out.tfevents.1.host").is_file()


def test_what_a_run_writes_later_is_linked_too(run, tmp_path):
    selection = select_runs([run("a", "seed=0")], last=None)
    with board_folder(selection.runs) as folder:
        (tmp_path / "a" / "events.out.tfevents.2.host").touch()
        (tmp_path / "a" / "projector").mkdir()
        (tmp_path / "a" / "projector_config.pbtxt").touch()
        link_files(folder, selection.runs)
        assert sorted(path.name for path in (folder / "1 seed=0").iterdir()) == [
            "events.out.tfevents.0.columns",
            "events.out.tfevents.1.host",
            "events.out.tfevents.2.host",
            "projector",
            "projector_config.pbtxt",
        ]


def test_columns_that_differ_come_first_and_those_that_some_lack_are_there():
    found = [
        ShortHyperparameters({"lr": 0.1, "model": "mlp", "width": 8}, {"lr": [], "model": []}),
        ShortHyperparameters({"lr": 1.0, "model": "mlp", "depth": 2}, {"lr": [], "width": []}),
    ]
    assert columns_of(found) == (
        {"lr": [0.1, 1.0], "width": [8]},
        {"model": "mlp", "depth": 2},
    )


def test_of_one_run_what_was_typed_comes_first():
    found = [ShortHyperparameters({"lr": 0.1, "seed": 0}, {"lr": []})]
    assert columns_of(found) == ({"lr": [0.1]}, {"seed": 0})
