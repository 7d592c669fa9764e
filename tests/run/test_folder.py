"""Folders, names and digests."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from leyden.config.identity import config_digest
from leyden.run.folder import default_name, is_begun, job_name, new_folder

CFG = OmegaConf.create(
    {"model": {"width": 1}, "trainer": {"devices": 1, "max_steps": 2}, "name": "a", "seed": 0}
)


def test_runs_that_start_at_once_get_different_folders():
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: new_folder("same"), range(64)))
    assert len(set(folders)) == 64


def test_a_folder_with_something_else_in_it_is_no_run(tmp_path):
    (tmp_path / "file").touch()
    assert not is_begun(tmp_path)


def test_a_folder_whose_run_died_before_its_record_was_written_can_be_begun(tmp_path):
    (tmp_path / "config.yaml").touch()
    assert is_begun(tmp_path)


@pytest.mark.parametrize("key", ["name", "trainer.devices"])
def test_volatile_keys_do_not_change_the_digest(key):
    other = CFG.copy()
    OmegaConf.update(other, key, 7)
    assert config_digest(other) == config_digest(CFG)


@pytest.mark.parametrize("key", ["model.width", "seed", "trainer.max_steps"])
def test_keys_that_change_the_result_change_the_digest(key):
    other = CFG.copy()
    OmegaConf.update(other, key, 7)
    assert config_digest(other) != config_digest(CFG)


def test_a_job_is_named_by_what_was_swept():
    overrides = ("data=digits", "optimizer=adamw", "model.width=64")
    assert job_name(overrides, ("optimizer", "model.width"), "3f2a99") == "adamw_width64-3f2a99"


def test_a_job_name_is_a_folder_name_whatever_was_swept():
    name = job_name((f"init_from=../up/{'x' * 300}",), ("init_from",), "3f2a99")
    assert Path(name).name == name
    assert len(name) < 80


def test_a_run_without_a_name_is_called_by_its_model_and_data():
    choices = {"model": "gpt/small", "data": "stdlib_text"}
    assert default_name(None, choices) == "gpt_small_stdlib_text"
