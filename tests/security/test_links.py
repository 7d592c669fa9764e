"""In a run's or a sweep's folder of a stranger no link is followed out of it, by any verb."""

import json
import os
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from leyden.errors import ConfigError
from leyden.loggers import CSV
from leyden.run.checkpoints import checkpoints_in, find_intact
from leyden.run.folder import read_frozen
from leyden.run.foreign_links import foreign, lies_in
from leyden.run.lock import folder_lock
from leyden.run.log import run_log
from leyden.sweeps.launchers.supervise import ask_to_stop

FILES = (
    *("train.log", ".owner.json", ".lock", "metrics.csv", "config.yaml", "run.json", "code.json"),
    *("overrides.yaml", ".stop", "trace.json", ".rank-0.json", "events.out.tfevents.1.a.1.0"),
    *("study.journal", "predictions.csv", "checkpoints/step-99.ckpt", "checkpoints/step-99.json"),
)
FOLDERS = ("checkpoints", "report", ".submitit", "checkpoints/step-99.ckpt", "lightning_logs")
VERBS = {
    "resume": ("resume", "{run}"),
    "resume longer": ("resume", "{run}", "trainer.max_steps=4"),
    "train": ("train", *("model.width=8", "trainer.max_steps=2"), "run_dir={run}"),
    "eval": ("eval", "{run}"),
    "generate": ("generate", "{run}", "--prompt", "a"),
    "export": ("export", "{run}", "--format", "hf", "--output", "out"),
    "diff": ("diff", "{run}", "{run}"),
    "reproduce": ("reproduce", "{run}"),
    "init_from": ("train", "init_from={run}", "model.width=8", "trainer.max_steps=2"),
}


def state_of(folder: Path) -> dict[str, str]:
    """Every file and folder below a folder with what is in it."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def outside(tmp_path) -> Path:
    """What a stranger would like to change."""
    folder = tmp_path / "outside"
    (folder / "victim").mkdir(parents=True)
    (folder / ".profile").write_text("true\n")
    (folder / "victim" / "step-1.ckpt").write_text("x")
    (folder / "victim" / "step-1.json").write_text("{}")
    (folder / "victim" / "report.html").write_text("mine")
    return folder


def put_link(run: Path, name: str, target: Path) -> None:
    path = run / name
    path.parent.mkdir(exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize("verb", VERBS)
def test_a_link_that_leads_out_is_refused_by_every_verb(leyden, foreign_run, outside, verb):
    before = state_of(outside)
    words = [word.format(run=foreign_run) for word in VERBS[verb]]
    cases = [(name, outside / ".profile") for name in FILES]
    cases += [(name, outside / "victim") for name in FOLDERS]
    cases += [("train.log", outside / "new"), ("checkpoints/a\nb.ckpt", outside / ".profile")]
    saved = foreign_run.with_name("saved")
    shutil.copytree(foreign_run, saved)
    for name, target in cases:
        shutil.rmtree(foreign_run)
        shutil.copytree(saved, foreign_run)
        put_link(foreign_run, name, target)
        result = leyden(*words)
        assert result.status == 2, (name, result.err)
        (line, *_) = [line for line in result.err.splitlines() if line.startswith("error: ")]
        assert "is a link that leads out of the folder" in line, name
        assert state_of(outside) == before, name


@pytest.fixture(scope="module")
def honest_sweep(tmp_path_factory) -> Path:
    """Folder of a sweep that is done."""
    from leyden.cli import main

    before, folder = Path.cwd(), tmp_path_factory.mktemp("sweep")
    os.chdir(folder)
    try:
        assert main(["train", "-m", *SWEEP, "run_dir=sweep"]) == 0
    finally:
        os.chdir(before)
    return folder / "sweep"


SWEEP = ("seed=1,2", "model.width=8", "trainer.max_steps=2", "trainer.accelerator=cpu")


@pytest.mark.parametrize("verb", [("report",), ("train", "-m", *SWEEP), ("resume",)])
def test_a_link_out_of_a_sweep_is_refused(leyden, honest_sweep, tmp_path, outside, verb):
    before, names = state_of(outside), [".owner.json", ".lock", "report", "code.json", ".submitit"]
    (job, *_) = [path.parent.name for path in honest_sweep.glob("*/run.json")]
    names += [job, f"{job}/train.log", f"{job}/run.json", f"{job}/checkpoints"]
    for name in names:
        sweep = tmp_path / "sweep"
        shutil.rmtree(sweep, ignore_errors=True)
        shutil.copytree(honest_sweep, sweep)
        is_folder = name in ("report", ".submitit", job) or name.endswith("checkpoints")
        put_link(sweep, name, outside / ("victim" if is_folder else ".profile"))
        own = {"report": [str(sweep)], "resume": [str(sweep / "other")]}
        if verb[0] == "resume":  # a job beside it
            other = next(path.parent for path in honest_sweep.glob("*/run.json"))
            shutil.copytree(other, sweep / "other")
        result = leyden(*verb, *own.get(verb[0], ["run_dir=sweep"]))
        is_seen = verb[0] != "resume" or "/" not in name
        assert result.status == 2 or not is_seen, (name, result.err)
        assert state_of(outside) == before, name


@pytest.mark.parametrize("folder", ["../x", "/etc", "a/b", "..", ".", "", "a\\b", "x\0y"])
def test_a_job_that_lies_elsewhere_is_not_read(leyden, honest_sweep, tmp_path, folder):
    shutil.copytree(honest_sweep, tmp_path / "sweep")
    shutil.copytree(next(honest_sweep.glob("*/run.json")).parent, tmp_path / "x")
    path = tmp_path / "sweep" / "sweep.json"
    content = json.loads(path.read_text())
    content["jobs"][0]["folder"] = folder
    path.write_text(json.dumps(content))
    before = state_of(tmp_path / "x")
    result = leyden("report", "sweep")
    assert result.status == 2
    assert "no folder in the sweep" in result.err
    result = leyden("runs", "sweep")
    assert result.status == 0
    assert "left out sweep/sweep.json" in result.err
    result = leyden("train", "-m", *SWEEP, "run_dir=sweep")  # it finds the jobs by their folders
    assert result.status == 0, result.err
    assert "no folder in the sweep" in result.err
    assert state_of(tmp_path / "x") == before


def test_a_folder_whose_name_only_begins_alike_is_outside(tmp_path):
    run, neighbour = tmp_path / "run", tmp_path / "run2"
    run.mkdir()
    neighbour.mkdir()
    (run / "link").symlink_to(neighbour)
    assert [path for path, _ in foreign(run)] == [run / "link"]
    assert not lies_in(neighbour / "file", run)


class TestTheSecondWall:
    """Writers and readers follow no link, should one come after the folder was looked through."""

    @pytest.fixture
    def run(self, tmp_path, outside):
        folder = tmp_path / "run"
        folder.mkdir()
        for name in ("train.log", ".stop", "metrics.csv", "config.yaml", ".owner.json"):
            (folder / name).symlink_to(outside / ".profile")
        return folder

    def test_a_log_is_not_written_through_a_link(self, run, outside):
        with pytest.raises(OSError, match="is a link"), run_log(run):
            pass
        assert (outside / ".profile").read_text() == "true\n"

    def test_a_table_is_not_written_through_a_link(self, run, outside):
        logger = CSV(run)
        logger.log_metrics({"a": 1.0}, 0)
        with pytest.raises(OSError, match="is a link"):
            logger.keep()
        assert (outside / ".profile").read_text() == "true\n"

    def test_a_wish_to_stop_is_not_written_through_a_link(self, run, outside):
        with pytest.raises(OSError, match="is a link"):
            ask_to_stop(run)

    def test_the_owner_takes_the_place_of_a_link(self, run, outside):
        with folder_lock(run, key="run_dir"):
            assert not (run / ".owner.json").is_symlink()
        assert (outside / ".profile").read_text() == "true\n"

    def test_a_lock_is_not_taken_through_a_link(self, run, outside):
        (run / ".lock").symlink_to(outside / ".profile")
        with pytest.raises(ConfigError, match="is a link"), folder_lock(run, key="run_dir"):
            pass
        assert (outside / ".profile").read_text() == "true\n"

    def test_a_config_is_not_read_through_a_link(self, run):
        with pytest.raises(Exception, match="is a link"):
            read_frozen(run)


class TestNames:
    @pytest.mark.parametrize(
        "stem", ["step-1\nrm -rf x", "step-\x1b[2J1", "step-1 ", "step-x", "step-1-2", "step-٣"]
    )
    def test_a_checkpoint_of_another_name_is_none(self, tmp_path, stem):
        folder = tmp_path / "checkpoints"
        folder.mkdir()
        marker = {"sha256": "a", "size": 1, "step": 1, "config_digest": "b"}
        (folder / f"{stem}.json").write_text(json.dumps(marker))
        (folder / f"{stem}.ckpt").write_text("x")
        assert checkpoints_in(folder, "step") == []
        assert find_intact(tmp_path, "step") == (None, [])


class TestWhatIsTheUsersOwn:
    def test_a_runs_folder_may_be_a_link_and_lie_below_one(self, leyden, foreign_run, tmp_path):
        (tmp_path / "link").symlink_to(foreign_run)
        (tmp_path / "elsewhere").symlink_to(foreign_run.parent)
        for run in ("link", f"elsewhere/{foreign_run.name}"):
            assert leyden("eval", run).status == 0
            assert leyden("resume", run).status == 0

    def test_outputs_may_be_a_link(self, leyden, tmp_path):
        (tmp_path / "disk").mkdir()
        (tmp_path / "outputs").symlink_to("disk")
        quick = ("model.width=8", "trainer.max_steps=2", "trainer.accelerator=cpu")
        result = leyden("train", *quick)
        assert result.status == 0, result.err
        assert leyden("resume", str(result.folder), "trainer.max_steps=3").status == 0

    def test_a_link_may_stay_within_the_folder(self, leyden, foreign_run):
        newest = next((foreign_run / "checkpoints").glob("step-*.ckpt"))
        (foreign_run / "checkpoints" / "newest.ckpt").symlink_to(newest.name)
        (foreign_run / "weights").symlink_to("checkpoints")
        assert list(foreign(foreign_run)) == []
        assert leyden("eval", str(foreign_run)).status == 0
