"""Checkpoints of strangers: what is in them is read, and never run."""

import os
import pathlib
import pickle
import shutil
import sys
import warnings
from dataclasses import replace
from io import BytesIO

import pytest
import torch
from torch import nn
from torch.distributed.checkpoint import FileSystemWriter, save

from leyden.run.checkpoint_file import digest_of, read_marker, write_marker
from leyden.run.sharded import MetadataUnpickler, read_into, read_whole


class Bird:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


class BuiltBird:
    """Names a class that is allowed, and then one that is not."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return torch.Size, ([Bird(self.path)],)


def sharded(folder, extra=None):
    """A checkpoint as `strategy=fsdp` writes it, by one process."""
    torch.manual_seed(0)
    state = {"state_dict": {"net.weight": torch.rand(3, 2)}, "optimizer_0": optimizer_state()}
    if extra is not None:
        state["optimizer_0"]["param_groups"][0]["lr"] = extra
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.distributed is disabled")
        save(state, storage_writer=FileSystemWriter(folder), no_dist=True)
    torch.save({"global_step": 7}, folder / "meta.pt")
    return state


def optimizer_state():
    group = {"params": ["net.weight"], "lr": 0.1, "betas": (0.9, 0.99), "fused": None}
    return {"state": {"net.weight": {"step": torch.tensor(3.0)}}, "param_groups": [group]}


@pytest.fixture
def checkpoint(tmp_path):
    folder = tmp_path / "last.ckpt"
    folder.mkdir()
    return folder


class TestSharded:
    def test_an_honest_one_is_read_whole(self, checkpoint):
        state = sharded(checkpoint)
        content = read_whole(checkpoint)
        assert content["global_step"] == 7
        weight = content["state_dict"]["net.weight"]
        torch.testing.assert_close(weight, state["state_dict"]["net.weight"], rtol=0, atol=0)
        (optimizer,) = content["optimizer_states"]
        assert optimizer["state"][0]["step"] == 3.0
        assert optimizer["param_groups"][0]["betas"] == (0.9, 0.99)

    @pytest.mark.parametrize("module", ["pathlib", "pathlib._local"])
    def test_paths_are_known_by_the_names_that_every_python_gives_them(self, module):
        found = MetadataUnpickler(BytesIO()).find_class(module, "PosixPath")
        assert found is pathlib.PosixPath

    def test_an_honest_one_fills_what_is_there(self, checkpoint):
        state = sharded(checkpoint)
        into = {
            "state_dict": {"net.weight": torch.zeros(3, 2)},
            "optimizer_0": optimizer_state() | {"state": {"net.weight": {"step": torch.zeros(())}}},
        }
        read_into(into, checkpoint)
        assert torch.equal(into["state_dict"]["net.weight"], state["state_dict"]["net.weight"])
        assert into["optimizer_0"]["state"]["net.weight"]["step"] == 3.0

    @pytest.mark.parametrize("bird", [Bird, BuiltBird])
    def test_a_list_of_parts_that_is_code_runs_nothing(self, checkpoint, canary, bird):
        sharded(checkpoint)
        (checkpoint / ".metadata").write_bytes(pickle.dumps(bird(canary)))
        for read in (read_whole, lambda path: read_into({"state_dict": {}}, path)):
            with pytest.raises(pickle.UnpicklingError, match=r"names posix\.mkdir"):
                read(checkpoint)
        assert not canary.exists()

    @pytest.mark.parametrize(
        "name", ["builtins\neval", "torch\nload", "torch.serialization\nload", "pathlib\nPath"]
    )
    def test_a_list_of_parts_may_name_its_own_classes_alone(self, checkpoint, name):
        sharded(checkpoint)
        (checkpoint / ".metadata").write_bytes(f"c{name}\n.".encode())
        with pytest.raises(pickle.UnpicklingError, match=r"its \.metadata names"):
            read_whole(checkpoint)

    def test_a_list_of_parts_reaches_nothing_by_a_dotted_name(self, checkpoint):
        sharded(checkpoint)
        module, name = "torch.distributed.checkpoint.metadata", "os.system"
        code = b"\x80\x04\x8c%c%b\x8c%c%b\x93." % (len(module), module.encode(), 9, name.encode())
        (checkpoint / ".metadata").write_bytes(code)
        with pytest.raises(pickle.UnpicklingError, match=r"names .*os\.system"):
            read_whole(checkpoint)

    def test_a_part_outside_the_folder_is_not_read(self, checkpoint):
        sharded(checkpoint)
        path = checkpoint / ".metadata"
        metadata = pickle.loads(path.read_bytes())
        for part in metadata.storage_data.values():
            part.relative_path = "../../etc/passwd"
        path.write_bytes(pickle.dumps(metadata))
        with pytest.raises(pickle.UnpicklingError, match="leads out of its folder"):
            read_whole(checkpoint)

    def test_a_value_that_is_code_runs_nothing(self, checkpoint, canary):
        sharded(checkpoint, extra=Bird(canary))
        for read in (
            read_whole,
            lambda path: read_into({"optimizer_0": optimizer_state()}, path),
        ):
            with pytest.raises(pickle.UnpicklingError):
                read(checkpoint)
        assert not canary.exists()

    def test_metadata_that_are_code_run_nothing(self, checkpoint, canary):
        sharded(checkpoint)
        torch.save({"global_step": Bird(canary)}, checkpoint / "meta.pt")
        with pytest.raises(pickle.UnpicklingError):
            read_whole(checkpoint)
        assert not canary.exists()


def spoilt(kind, path, canary):
    """Puts a hostile checkpoint in the place of an honest one."""
    path.unlink()
    if kind == "file":
        torch.save({"state_dict": {"net.x": Bird(canary)}}, path)
    elif kind == "bare pickle":
        path.write_bytes(pickle.dumps(Bird(canary)))
    elif kind == "class path":  # CVE-2026-58659: Lightning once called what these keys name
        hyper = {"_instantiator": "os.mkdir", "_class_path": "os.mkdir", "path": str(canary)}
        content = {"state_dict": {}, "hyper_parameters": hyper, "hparams_name": "kwargs"}
        torch.save(content, path)
    else:
        path.mkdir()
        sharded(path, extra=Bird(canary) if kind == "shard" else None)
        if kind == "metadata":
            (path / ".metadata").write_bytes(pickle.dumps(Bird(canary)))
        if kind == "meta":
            torch.save(Bird(canary), path / "meta.pt")


KINDS = ["file", "bare pickle", "class path", "metadata", "shard", "meta"]


@pytest.fixture(params=KINDS)
def hostile_run(request, foreign_run, canary):
    """A run whose checkpoints are hostile, with markers that say that they are sound."""
    paths = list((foreign_run / "checkpoints").glob("*.ckpt"))
    assert len(paths) >= 2
    for path in paths:
        marker = read_marker(path)
        spoilt(request.param, path, canary)
        sha256, size = digest_of(path)
        write_marker(path, replace(marker, sha256=sha256, size=size))
    return foreign_run


@pytest.mark.parametrize(
    "words",
    [
        ("eval", "{run}"),
        ("eval", "{run}", "ckpt=last"),
        ("generate", "{run}", "--prompt", "a"),
        ("export", "{run}", "--format", "hf", "--output", "out"),
        ("train", "init_from={run}", "model.width=8"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_hostile_checkpoint_makes_nothing_and_gives_one_line(leyden, hostile_run, canary, words):
    result = leyden(*(word.format(run=hostile_run) for word in words))
    assert result.status == 2
    assert not canary.exists()
    errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, result.err
    refusals = ("holds more than tensors", "holds another model", "holds no tensors by their names")
    assert any(words in errors[0] for words in refusals)
    assert not (hostile_run.parent / "outputs").exists()


def test_no_variable_of_torchs_makes_it_trust_a_checkpoint(
    monkeypatch, hostile_run, leyden, canary
):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    assert leyden("eval", str(hostile_run)).status == 2
    assert not canary.exists()


def test_pickles_in_a_foreign_folder_are_not_opened(leyden, foreign_run, canary):
    """Hydra's re-run and submitit keep such."""
    for name in ("config.pickle", ".hydra/config.pickle", ".submitit/1_0_result.pkl", "run.pkl"):
        path = foreign_run / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(pickle.dumps(Bird(canary)))
    opened = []
    is_on = [True]

    def look(event, arguments):
        if is_on[0] and event in ("open", "pickle.find_class"):
            opened.append(str(arguments[0]))

    sys.addaudithook(look)  # it can't be removed again, only be told to rest
    try:
        assert leyden("eval", str(foreign_run)).status == 0
        assert leyden("runs", str(foreign_run)).status == 0
    finally:
        is_on[0] = False
    assert str(foreign_run / "config.yaml") in opened
    assert not [path for path in opened if path.endswith((".pkl", ".pickle"))]
    assert not canary.exists()


@pytest.mark.parametrize("flag", ["--experimental-rerun", "--experimental-re"])
@pytest.mark.parametrize("before", [(), ("--cfg", "job")])
def test_hydras_rerun_of_a_pickle_is_refused(leyden, tmp_path, canary, flag, before):
    path = tmp_path / "config.pickle"
    path.write_bytes(pickle.dumps(Bird(canary)))
    result = leyden("train", *before, f"{flag}={path}")
    assert result.status == 2
    assert not canary.exists()


def test_a_hostile_checkpoint_does_not_even_train_on(leyden, foreign_run, canary, monkeypatch):
    """Also not where the run's own folder is written on."""
    from leyden.distributed.strategy import MarkedCheckpointIO

    path = shutil.copy(next((foreign_run / "checkpoints").glob("*.ckpt")), "x.ckpt")
    torch.save({"state_dict": nn.Linear(1, 1).state_dict(), "global_step": Bird(canary)}, path)
    for trust in (None, False):
        with pytest.raises(pickle.UnpicklingError):
            MarkedCheckpointIO("").load_checkpoint(path, weights_only=trust)
    assert not canary.exists()
