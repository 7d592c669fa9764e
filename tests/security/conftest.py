"""A finished run, whose folder a stranger then changes."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf

from leyden.cli import main

TINY = ("model.width=8", "trainer.max_steps=2", "trainer.accelerator=cpu", "optimizer=adamw")


@pytest.fixture(scope="session")
def honest_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished run."""
    before, folder = Path.cwd(), tmp_path_factory.mktemp("honest")
    os.chdir(folder)
    try:
        assert main(["train", *TINY, "run_dir=run"]) == 0
    finally:
        os.chdir(before)
    return folder / "run"


@pytest.fixture
def foreign_run(honest_run: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(honest_run, tmp_path / "foreign"))


@pytest.fixture
def changed(foreign_run: Path) -> Callable[[Callable[[DictConfig], None]], Path]:
    """The copy, with another config."""

    def change(edit: Callable[[DictConfig], None]) -> Path:
        cfg = OmegaConf.load(foreign_run / "config.yaml")
        assert isinstance(cfg, DictConfig)
        edit(cfg)
        (foreign_run / "config.yaml").write_text(OmegaConf.to_yaml(cfg))
        return foreign_run

    return change


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A folder that is there only if a stranger's code has run."""
    return tmp_path / "canary"
