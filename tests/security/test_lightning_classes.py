"""Lightning's classes write into the run's folder alone, whatever a config says."""

import inspect
import os
import re
from pathlib import Path

import pytest
import pytorch_lightning.callbacks
import pytorch_lightning.loggers
import torch
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pytorch_lightning.callbacks import ModelCheckpoint

from leyden.config.lightning_classes import ALLOWED, REFUSED, checkpoint_name, folder_name
from leyden.config.nodes import check_node
from leyden.config.signature import parameters_of

ROOMS = (pytorch_lightning.callbacks, pytorch_lightning.loggers)
CLASSES = {
    f"{room.__name__}.{name}": found
    for room in ROOMS
    for name, found in vars(room).items()
    if inspect.isclass(found) and not name.startswith("_")
}
GROUPS = {"callbacks": "callbacks", "loggers": "logger"}


def test_every_class_that_lightning_has_is_taken_or_refused():
    assert set(CLASSES) == ALLOWED.keys() | REFUSED.keys()
    assert not ALLOWED.keys() & REFUSED.keys()


@pytest.mark.parametrize("target", ALLOWED)
def test_every_parameter_that_a_class_has_is_known(target):
    taken = ALLOWED[target]
    assert set(parameters_of(CLASSES[target])) == taken.parameters | {*taken.withheld.split()}


PLACE = re.compile(r"path|dir|file|folder|name|version|url|uri|root|location", re.IGNORECASE)


@pytest.mark.parametrize("target", ALLOWED)
def test_no_parameter_that_sounds_like_a_place_goes_unchecked(target):
    no_places = {"auto_insert_metric_name", "parameter_names", "enable_version_counter"}
    no_places |= {"experiment_name", "run_name", "add_file_policy"}  # what a server shows
    sounding = {name for name in ALLOWED[target].parameters if PLACE.search(name)} - no_places
    assert sounding <= ALLOWED[target].places.keys()


@pytest.mark.parametrize("room", [torch.nn, torch.optim], ids=["nn", "optim"])
def test_no_module_of_torchs_has_a_parameter_that_names_a_place(room):
    found = {
        (name, parameter)
        for name, kind in vars(room).items()
        if inspect.isclass(kind)
        for parameter in parameters_of(kind)
        if PLACE.search(parameter) and parameter != "bidirectional"
    }
    assert found == set()


def problems(target: str, **given) -> list[str]:
    group = GROUPS[target.split(".")[1]]
    found = check_node(f"{group}.x", {"_target_": target, **given}, group)
    return [problem.key for problem in found]


@pytest.mark.parametrize("target", REFUSED)
def test_a_class_that_is_not_taken_says_what_to_do_instead(leyden, target):
    group = GROUPS[target.split(".")[1]]
    result = leyden("train", f"+{group}.x={{_target_:{target}}}")
    assert result.status == 2
    assert f"error: {group}.x._target_={target}" in result.err
    is_otherwise_wrong = "must be a" in result.err or "is abstract" in result.err
    assert REFUSED[target] in result.err or is_otherwise_wrong


@pytest.mark.parametrize("target", ALLOWED)
def test_a_parameter_that_is_not_listed_is_refused(target):
    unknown = ("filename_suffix", "log_dir", "exclude_batches_path")
    for name in (*unknown, *ALLOWED[target].withheld.split()):
        group = GROUPS[target.split(".")[1]]
        assert f"{group}.x.{name}" in problems(target, **{name: "x"})


CHECKPOINT = "pytorch_lightning.callbacks.ModelCheckpoint"


@pytest.mark.parametrize("with_names", [True, False])
@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/tmp/x",
        "a/../../x",
        "{../../x}",
        "{../../x:.2f}",
        "{/tmp/x}",
        "{a/../../../x}",
        "{epoch:/>5}",
        "{epoch:.>2}/x",
        "{epoch!r:.>2}",
        "{epoch].__class__[x}",
        "a//b",
        "./x",
        "$HOME/x",
        "~/x",
        "~",
        "a\\..\\x",
        "a\0b",
        "a\nb",
        "file://x",
        "memory://x",
        "s3:x",
        "simplecache::x",
        "*",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(name, with_names):
    given = {"filename": name, "auto_insert_metric_name": with_names}
    stays = name == "{../../x}" and not with_names
    refused = "callbacks.x.filename" in problems(CHECKPOINT, **given)
    assert refused or stays or leads_nowhere(name, with_names)


def leads_nowhere(name: str, with_names: bool) -> bool:
    """Whether a name that looks bad is none: where only the value is filled in."""
    made = ModelCheckpoint(dirpath="/run/checkpoints", filename=name)
    made.auto_insert_metric_name = with_names
    path = made.format_checkpoint_name({"epoch": torch.tensor(1)})
    return os.path.normpath(path).startswith("/run/checkpoints/")


PIECES = st.sampled_from(
    ["..", ".", "/", "a", "{", "}", ":", "{epoch}", "{val/loss:.2f}", "{..}", "~", "$HOME", "\\"]
)
VALUES = st.floats() | st.integers(-(2**62), 2**62)
LOOSE = settings(suppress_health_check=[HealthCheck.filter_too_much])


@LOOSE
@given(st.lists(PIECES, min_size=1, max_size=8).map("".join), st.booleans(), VALUES)
@example("{../../x}", True, 1.0)
@example("{epoch:/>5}", False, 1)
def test_a_name_that_is_taken_stays_in_the_folder_whatever_the_metrics(name, with_names, value):
    assume(checkpoint_name(name, {"auto_insert_metric_name": with_names}) is None)
    made = ModelCheckpoint(filename=name, auto_insert_metric_name=with_names)
    made.dirpath = "/run/checkpoints"
    metrics = dict.fromkeys(["epoch", "val/loss", "..", "a"], torch.tensor(value))
    try:
        path = made.format_checkpoint_name(metrics)
    except (ValueError, TypeError, KeyError):
        return
    assert os.path.normpath(path).startswith("/run/checkpoints/")


@LOOSE
@given(st.lists(PIECES, min_size=1, max_size=6).map("".join))
def test_a_folders_name_that_is_taken_stays_in_the_folder(name):
    assume(folder_name(name, {}) is None)
    path = os.path.expanduser(os.path.expandvars(os.path.join("/run", name)))
    assert os.path.normpath(path).startswith("/run/")


@pytest.mark.parametrize("key", ["name", "version", "sub_dir"])
@pytest.mark.parametrize("value", ["../x", "/x", "$X", "~", "a/../../x", "checkpoints", "a\\b"])
def test_a_logger_stays_in_the_folder(key, value):
    for target in ("CSVLogger", "TensorBoardLogger"):
        path = f"pytorch_lightning.loggers.{target}"
        assert f"logger.x.{key}" in problems(path, **{key: value})


def test_lightnings_table_does_not_take_the_place_of_the_runs_own():
    path = "pytorch_lightning.loggers.CSVLogger"
    assert problems(path, name="", version="") == ["logger.x.version"]
    assert problems(path, name="theirs", version="") == []
    assert problems("pytorch_lightning.loggers.TensorBoardLogger", name="", version="") == []


def test_what_is_taken_works_and_writes_into_the_run_alone(leyden, tmp_path):
    before = {path.name for path in Path.cwd().iterdir()}
    result = leyden(
        "train",
        *("model.width=8", "trainer.max_steps=4", "trainer.accelerator=cpu", "run_dir=run"),
        f"+callbacks.a={{_target_:{CHECKPOINT},filename:'best-{{epoch}}-{{val/loss:.2f}}',monitor:val/loss}}",
        "+callbacks.b={_target_:pytorch_lightning.callbacks.LearningRateMonitor}",
        "+logger.c={_target_:pytorch_lightning.loggers.CSVLogger,name:theirs}",
        "+logger.d={_target_:pytorch_lightning.loggers.TensorBoardLogger,name:tb,sub_dir:x}",
    )
    assert result.status == 0, result.err
    assert {path.name for path in Path.cwd().iterdir()} == {*before, "run"}
    assert list((tmp_path / "run").rglob("*loss=*.ckpt"))
    assert list((tmp_path / "run" / "theirs").rglob("metrics.csv"))
