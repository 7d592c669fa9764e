"""TensorBoard's event file."""

import threading

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import leyden as package

RUN = ("trainer.max_epochs=1", "callbacks.graph=null", "callbacks.predictions=null")


def values(folder, tag):
    return [one.value for one in EventAccumulator(str(folder)).Reload().Scalars(tag)]


def test_a_run_has_one_event_file_with_training_test_and_hyperparameters(tmp_path):
    folder = package.train(*RUN, f"run_dir={tmp_path / 'run'}").folder
    (file,) = folder.glob("events.out.*")
    tags = EventAccumulator(str(file)).Reload()
    assert {"train/loss", "val/loss", "test/acc"} <= set(tags.Tags()["scalars"])
    assert "_hparams_/session_start_info" in tags.summary_metadata


def test_the_file_is_closed_when_the_run_has_ended(tmp_path):
    before = threading.active_count()
    package.train(*RUN, f"run_dir={tmp_path / 'run'}")
    assert threading.active_count() == before


def test_a_resumed_run_is_read_as_one(tmp_path, leyden):
    folder = package.train(*RUN, f"run_dir={tmp_path / 'run'}").folder
    assert leyden("resume", str(folder), "trainer.max_epochs=2").status == 0
    assert len(list(folder.glob("events.out.*"))) == 2
    steps = [one.step for one in EventAccumulator(str(folder)).Reload().Scalars("val/loss")]
    assert steps == [21, 43]
    assert len(values(folder, "test/acc")) == 1
