"""Keys at the root of a stranger's config, and what stands for the folder of a run."""

import pytest
from omegaconf import OmegaConf, open_dict

from leyden.config.lightning_classes import misplaced_files
from leyden.config.references import RUN_FOLDER


def test_a_key_of_ones_own_is_no_key_of_leydens(leyden, changed):
    def edit(cfg):
        with open_dict(cfg):
            cfg.own_keys = ["model"]

    result = leyden("eval", str(changed(edit)))
    assert result.status == 2
    assert "own_keys=model" in result.err


def test_a_key_that_nobody_has_declared_is_refused(leyden, changed):
    def edit(cfg):
        with open_dict(cfg):
            cfg.hooks = {"_target_": "os.system"}

    result = leyden("eval", str(changed(edit)))
    assert result.status == 2
    assert "hooks" in result.err


def test_a_resolver_of_the_users_is_not_run_for_a_stranger(leyden, changed, own_resolvers):
    called = []
    own_resolvers.append("noted")
    OmegaConf.register_new_resolver("noted", lambda: called.append(1) or 1, replace=True)

    def edit(cfg):
        with open_dict(cfg):
            cfg.own_keys, cfg.extra = ["extra"], "${noted:}"

    result = leyden("eval", str(changed(edit)))
    assert result.status == 2
    assert "refers to more than" in result.err
    assert called == []


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("pytorch_lightning.callbacks.ModelCheckpoint", "filename"),
        ("pytorch_lightning.loggers.TensorBoardLogger", "name"),
        ("pytorch_lightning.loggers.CSVLogger", "version"),
    ],
)
def test_the_folder_of_a_run_begins_no_name_of_a_file(target, key):
    given = {key: f"{RUN_FOLDER}2/x"}
    assert [problem.key for problem in misplaced_files("it", target, given)] == [f"it.{key}"]
