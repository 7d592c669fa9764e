"""Sweeps take the results of earlier runs that computed the same, and of no others."""

import json
import os

import pytest

SHORT = ("model.width=8", "trainer.max_epochs=1", "callbacks.graph=null", "baselines=null")
QUIET = ("sweep.report=false", "callbacks.predictions=null")
WORDS = ("train", "-m", *SHORT, *QUIET)
MODEL = """
from torch import nn


class Net(nn.Module):
    def __init__(self, *, input_shape: tuple[int, ...], num_outputs: int, width: int = 4) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.Linear(width, num_outputs))

    def forward(self, x):
        return self.net(x)
"""


def records(sweep):
    found = {path.parent.name: json.loads(path.read_text()) for path in sweep.glob("*/run.json")}
    return {name.rpartition("-")[0]: record for name, record in found.items()}


def taken(sweep):
    return {name for name, record in records(sweep).items() if record["reused_from"] is not None}


def test_a_sweep_that_overlaps_an_earlier_one_computes_only_the_difference(leyden):
    first = leyden(*WORDS, "seed=0,1").folder
    result = leyden(*WORDS, "seed=1,2")
    assert result.status == 0
    assert taken(result.folder) == {"seed1"}
    assert "taken from earlier runs" in result.err
    before, now = records(first)["seed1"], records(result.folder)["seed1"]
    same = ("metrics", "monitored", "losses", "best", "started", "intervals", "steps")
    assert {key: now[key] for key in same} == {key: before[key] for key in same}
    (old,) = first.glob("seed1-*/checkpoints/best-*.ckpt")
    (new,) = result.folder.glob("seed1-*/checkpoints/best-*.ckpt")
    assert os.path.samefile(old, new)


def test_a_job_whose_source_is_removed_is_whole(leyden):
    first = leyden(*WORDS, "seed=0,1").folder
    second = leyden(*WORDS, "seed=1,2").folder
    assert leyden("rm", "--yes", str(first)).status == 0
    (job,) = second.glob("seed1-*")
    assert leyden("eval", str(job)).status == 0
    assert leyden("resume", str(job), "trainer.max_epochs=2").status == 0


def test_a_longer_run_of_the_copy_leaves_the_source_as_it_was(leyden):
    first = leyden(*WORDS, "seed=0,1").folder
    second = leyden(*WORDS, "seed=1,2").folder
    (source,) = first.glob("seed1-*")
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    (job,) = second.glob("seed1-*")
    assert leyden("resume", str(job), "trainer.max_epochs=3").status == 0
    assert {path: path.read_bytes() for path in source.rglob("*") if path.is_file()} == before


def test_a_sweep_can_be_told_to_run_everything(leyden):
    leyden(*WORDS, "seed=0,1")
    assert taken(leyden(*WORDS, "seed=1,2", "sweep.reuse=false").folder) == set()


def test_a_single_run_is_taken_by_a_sweep_and_a_sweeps_job_by_a_search(leyden):
    leyden("train", *SHORT, "callbacks.predictions=null")
    assert taken(leyden(*WORDS, "seed=0,1").folder) == {"seed0"}
    search = ("hydra/sweeper=optuna", "hydra.sweeper.n_trials=3", "hydra.sweeper.sampler=random")
    found = leyden(*WORDS, "seed=0,1", *search)
    assert found.status == 0, found.err
    assert len(taken(found.folder)) == 3
    assert all(record["best"]["value"] for record in records(found.folder).values())


@pytest.mark.parametrize(
    "change",
    [
        lambda run: run["versions"].update(torch="0.1"),
        lambda run: run["data"].update(content="other"),
        lambda run: run["data"].update(content=None),
        lambda run: run.update(device="cuda: NVIDIA H200"),
        lambda run: run.update(status="interrupted"),
        lambda run: run.update(resumed=[{"at": "", "command": [], "changes": ["optimizer.lr"]}]),
        lambda run: run.update(config_digest="0" * 64),
    ],
    ids=["package", "data", "unknown data", "device", "status", "changed config", "digest"],
)
def test_a_run_that_may_have_come_out_otherwise_is_not_taken(change, leyden):
    source = leyden("train", *SHORT, "callbacks.predictions=null").folder
    record = json.loads((source / "run.json").read_text())
    change(record)
    (source / "run.json").write_text(json.dumps(record, indent=2))
    assert taken(leyden(*WORDS, "seed=0,1").folder) == set()


def test_a_run_without_its_best_checkpoint_or_with_a_link_out_of_it_is_not_taken(leyden, tmp_path):
    source = leyden("train", *SHORT, "callbacks.predictions=null").folder
    (source / "link").symlink_to(tmp_path)
    assert taken(leyden(*WORDS, "seed=0,1", "run_dir=a").folder) == set()
    (source / "link").unlink()
    for path in source.glob("checkpoints/best-*"):
        path.unlink()
    assert taken(leyden(*WORDS, "seed=0,1", "run_dir=b").folder) == set()


def test_runs_of_code_that_has_changed_are_not_taken(commands, monkeypatch):
    monkeypatch.setenv("LEYDEN_PACKAGES", "nets")
    (commands.folder / "nets.py").write_text(MODEL)
    (commands.folder / "conf" / "model").mkdir(parents=True)
    (commands.folder / "conf/model/net.yaml").write_text("_target_: nets.Net\nwidth: 4\n")
    words = ("-m", "--config-dir", "conf", "model=net", *SHORT, *QUIET)

    def run(*more):
        status, out, err = commands.run(*words, *more)
        assert status == 0, err
        return commands.folder / out.splitlines()[-1]

    run("seed=0,1")
    assert taken(run("seed=0,1,2")) == {"seed0", "seed1"}
    (commands.folder / "nets.py").write_text(MODEL + "\n# changed\n")
    assert taken(run("seed=0,1,2,3")) == set()
