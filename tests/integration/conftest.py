"""Runs that many tests look at, made once."""

import os
from pathlib import Path

import pytest

from leyden.cli import main

TINY = {
    "mlp": ("model.width=16", "trainer.max_epochs=2", "trainer.log_every_n_steps=1"),
    "gpt": (
        "model=gpt",
        "data=stdlib_text",
        "model.width=16",
        "model.depth=2",
        "data.context=32",
        "data.batch_size=8",
        "data.max_bytes=60000",
        "trainer.max_steps=10",
        "trainer.log_every_n_steps=1",
        "callbacks.samples.num_tokens=20",
    ),
}


@pytest.fixture(scope="session")
def tiny() -> dict[str, tuple[str, ...]]:
    """Overrides of a run of each family that takes about a second."""
    return TINY


def run_in(folder: Path, *arguments: str) -> Path:
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert main(["train", *arguments]) == 0
    finally:
        os.chdir(before)
    (record,) = folder.glob("outputs/*/*/run.json")
    return record.parent


@pytest.fixture(scope="session")
def mlp_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished run of an MLP."""
    return run_in(tmp_path_factory.mktemp("mlp"), *TINY["mlp"])


@pytest.fixture(scope="session")
def gpt_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished run of a GPT."""
    return run_in(tmp_path_factory.mktemp("gpt"), *TINY["gpt"])
