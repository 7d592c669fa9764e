"""States of callbacks in checkpoints are a stranger's, too: known keys, own paths, no removal."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_lightning import Callback
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint

from leyden.callbacks import BestCheckpoint, Pruning, Recorder, StepLoss
from leyden.callbacks.known_states import LIGHTNINGS, known_state, types_of
from leyden.cli import main
from leyden.config.lightning_classes import ALLOWED
from leyden.distributed.strategy import MarkedCheckpointIO
from leyden.errors import CheckpointError
from leyden.run.checkpoint_file import digest_of, read_marker, write_marker

KINDS = (*LIGHTNINGS, BestCheckpoint, Pruning, Recorder, StepLoss)
THEIRS = (
    "{_target_:pytorch_lightning.callbacks.ModelCheckpoint,filename:'top-{step}',monitor:val/loss,"
    "save_top_k:2,save_last:true,auto_insert_metric_name:false}"
)
TINY = (
    *("model.width=8", "data.batch_size=700", "trainer.accelerator=cpu", "optimizer.lr=0.01"),
    *("callbacks.graph=null", "callbacks.predictions=null", f"+callbacks.theirs={THEIRS}"),
)
PATHS = {
    "elsewhere": "{victim}",
    "elsewhere by dots": "{dirpath}/../../../../{up}",
    "elsewhere by dots after a folder": "{dirpath}/top/../../../../../{up}",
    "a folder above": "{dirpath}/../..",
    "the run": "{dirpath}/..",
    "another protocol": "file://{victim}",
    "a link": "{dirpath}/link/inner.ckpt",
    "a name with a line end": "{dirpath}/a\nb.ckpt",
    "the home": "~",
    "relative": "../../victim",
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A run with a `ModelCheckpoint` of Lightning's, three epochs of three steps."""
    before, folder = Path.cwd(), tmp_path_factory.mktemp("states")
    os.chdir(folder)
    try:
        assert main(["train", *TINY, "trainer.max_epochs=3", "run_dir=run"]) == 0
    finally:
        os.chdir(before)
    return folder / "run"


@pytest.fixture
def run(trained, tmp_path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "a" / "b" / "run"))


@pytest.fixture
def victim(tmp_path) -> Path:
    """A folder that a stranger would like to have removed."""
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "inner.ckpt").write_text("mine")
    (folder / "inner.json").write_text("{}")
    return folder


def change_states(run: Path, edit) -> None:
    """Changes the state of the `ModelCheckpoint` in every checkpoint, with sound markers."""
    for path in (run / "checkpoints").glob("*.ckpt"):
        content = torch.load(path, weights_only=True)
        for key, state in content["callbacks"].items():
            if key.startswith("ModelCheckpoint"):
                content["callbacks"][key] = edit(state)
        torch.save(content, path)
        marker = read_marker(path)
        if marker is not None:
            sha256, size = digest_of(path)
            write_marker(path, type(marker)(**{**vars(marker), "sha256": sha256, "size": size}))


def state_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("text", PATHS.values(), ids=PATHS)
def test_no_path_in_a_state_makes_lightning_remove_what_is_not_the_runs(
    leyden, run, victim, tmp_path, text
):
    checkpoints = run / "checkpoints"
    path = text.format(victim=victim, dirpath=checkpoints, up=os.path.relpath(victim, tmp_path))

    def edit(state):
        scores = {path: torch.tensor(100.0), f"{path}/x": torch.tensor(99.0)}
        return {
            **state,
            "dirpath": str(checkpoints),
            "best_model_path": path,
            "last_model_path": path,
            "kth_best_model_path": path,
            "kth_value": torch.tensor(100.0),
            "best_k_models": scores,
        }

    change_states(run, edit)
    before, inner = state_of(victim), state_of(run.parent.parent)
    result = leyden("resume", str(run), "trainer.max_epochs=5")
    assert result.status == 0, result.err
    assert state_of(victim) == before
    gone = {name for name in inner if name not in state_of(run.parent.parent)}
    assert all(name.startswith("b/run/checkpoints/") for name in gone), gone


def test_a_state_that_moves_the_folder_removes_nothing_there(leyden, run, victim):
    def edit(state):
        return {**state, "dirpath": str(victim), "last_model_path": str(victim / "inner.ckpt")}

    change_states(run, edit)
    result = leyden("resume", str(run), "trainer.max_epochs=5")
    assert result.status == 0, result.err
    assert (victim / "inner.ckpt").read_text() == "mine"


def test_a_run_that_was_moved_keeps_its_best_checkpoints(leyden, run, trained):
    """Lightning itself would forget them, or remove those in the old place."""
    before = state_of(trained)
    result = leyden("resume", str(run), "trainer.max_epochs=5")
    assert result.status == 0, result.err
    assert state_of(trained) == before
    newest = max((run / "checkpoints").glob("step-*.ckpt"), key=lambda p: int(p.stem[5:]))
    states = torch.load(newest, weights_only=True)["callbacks"]
    (state,) = [state for key, state in states.items() if key.startswith("ModelCheckpoint")]
    assert len(state["best_k_models"]) == 2
    assert all(Path(path).parent == run / "checkpoints" for path in state["best_k_models"])
    kept = {path.name for path in (run / "checkpoints").glob("top-*.ckpt")}
    assert kept == {Path(path).name for path in state["best_k_models"]}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("best_k_models", ["x"]),
        ("best_k_models", {1: torch.tensor(1.0)}),
        ("best_model_path", 3),
        ("dirpath", None),
        ("kth_value", "x"),
    ],
)
def test_a_state_of_another_type_is_one_line(leyden, run, key, value):
    change_states(run, lambda state: {**state, key: value})
    result = leyden("resume", str(run), "trainer.max_epochs=5")
    assert result.status == 1
    (line,) = [line for line in result.err.splitlines() if line.startswith("failed: ")]
    assert f"the checkpoint's state of ModelCheckpoint: `{key}`" in line


def test_keys_that_are_not_known_are_left_out(tmp_path):
    callback = EarlyStopping("val/loss")
    state = {**callback.state_dict(), "_run_early_stopping_check": 1, "monitor": "x"}
    assert known_state(callback, state, tmp_path) == callback.state_dict()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_key_that_a_callback_keeps_is_known(kind, tmp_path):
    made = {
        "EarlyStopping": lambda: kind("val/loss"),
        "StochasticWeightAveraging": lambda: kind(0.1),
        "ModelPruning": lambda: kind("l1_unstructured"),
        "DeviceStatsMonitor": lambda: object.__new__(kind),
        "BestCheckpoint": lambda: kind(monitor="val/loss", mode="min"),
    }
    if kind.__module__.startswith("leyden.") and kind.__name__ != "BestCheckpoint":
        pytest.skip("is made with a run's record; a resumed run reads its state")
    callback = made.get(kind.__name__, kind)()
    assert callback.state_dict().keys() <= types_of(kind).keys()


def test_every_callback_of_lightnings_that_a_config_may_name_has_known_keys():
    import pytorch_lightning.callbacks

    names = [path.rpartition(".")[2] for path in ALLOWED if ".callbacks." in path]
    kinds = [getattr(pytorch_lightning.callbacks, name) for name in names]
    assert all(any(base in LIGHTNINGS for base in kind.__mro__) for kind in kinds)


class Own(ModelCheckpoint):
    """A user's own class."""


class Other(Callback):
    """Another one."""


def test_a_users_own_class_keeps_its_own_keys_but_paths_of_the_run(tmp_path):
    own = Own(dirpath=tmp_path / "checkpoints")
    state = {**own.state_dict(), "dirpath": "/old", "mine": 3, "best_model_path": "/old/x.ckpt"}
    state["kth_value"] = torch.tensor(0.0)
    found = known_state(own, state, tmp_path)
    assert found["mine"] == 3
    assert found["best_model_path"] == str(tmp_path / "checkpoints" / "x.ckpt")
    assert known_state(Other(), [1], tmp_path) == [1]


PIECE = st.sampled_from(["..", ".", "a", "", "/", "run", "\x1b", "~", "victim"])


@given(st.lists(PIECE, max_size=7).map("/".join), st.lists(PIECE, max_size=4).map("/".join))
def test_a_path_of_a_state_lies_below_the_checkpoints_or_is_left_out(path, before):
    folder = Path("/nowhere/run")
    callback = ModelCheckpoint(dirpath=folder / "checkpoints")
    state = {"dirpath": before, "best_model_path": path, "best_k_models": {path: torch.zeros(())}}
    found = known_state(callback, state, folder)
    for one in (found["best_model_path"], *found["best_k_models"]):
        assert one == "" or os.path.normpath(one).startswith("/nowhere/run/checkpoints/")


@pytest.mark.parametrize("where", ["victim", "run/../victim", "run", "run/link", "run/.."])
def test_nothing_is_removed_but_what_lies_in_the_runs_folder(tmp_path, victim, where):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "link").symlink_to(victim)
    (folder / "x.ckpt").write_text("x")
    files = MarkedCheckpointIO("", folder=folder)
    files.remove_checkpoint(tmp_path / where)
    files.remove_checkpoint(tmp_path / where / "inner.ckpt")
    MarkedCheckpointIO("").remove_checkpoint(folder / "x.ckpt")
    assert state_of(victim) == ["inner.ckpt", "inner.json"]
    assert (folder / "x.ckpt").exists()
    files.remove_checkpoint(folder / "x.ckpt")
    assert not (folder / "x.ckpt").exists()


def test_a_record_in_a_state_has_to_be_one(tmp_path):
    from leyden.callbacks import Recorder

    recorder = object.__new__(Recorder)
    with pytest.raises(CheckpointError, match="`best"):
        known_state(recorder, {"monitored": [], "best": {"metric": 1, "value": 2.0}}, tmp_path)
    assert json.dumps(known_state(recorder, {"monitored": [(1, 2.0)]}, tmp_path))
