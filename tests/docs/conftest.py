"""Runs, sweeps and files that commands of the documentation name."""

import shutil
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torchvision import models

import leyden as package
from tests.docs.pages import SHORT, worked_examples

TEXT = ("model=gpt", "data=stdlib_text")


@pytest.fixture
def users_code(user_files, monkeypatch):
    """The worked examples, in the folder of the test beside the user's data."""
    monkeypatch.syspath_prepend(user_files)
    for name, content in worked_examples().items():
        (user_files / name).parent.mkdir(parents=True, exist_ok=True)
        (user_files / name).write_text(content)


@pytest.fixture
def resnet18_files(tmp_path):
    """Weights of a ResNet-18, as torchvision and timm name them."""
    torch.save(models.resnet18().state_dict(), tmp_path / "resnet18.pth")
    save_file(timm.create_model("resnet18").state_dict(), tmp_path / "resnet18.safetensors")


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A run that is completed."""
    folder = tmp_path_factory.mktemp("runs") / "mlp"
    return package.train(*SHORT, f"run_dir={folder}").folder


@pytest.fixture(scope="session")
def language_model(tmp_path_factory):
    """A run of a GPT that is completed."""
    folder = tmp_path_factory.mktemp("runs") / "gpt"
    return package.train(*TEXT, *SHORT, "baselines=null", f"run_dir={folder}").folder


@pytest.fixture(scope="session")
def swept(tmp_path_factory):
    """A sweep that is completed."""
    folder = tmp_path_factory.mktemp("runs") / "sweep"
    return package.sweep("seed=1,2", *SHORT, f"run_dir={folder}").folder


@pytest.fixture
def named(request, tmp_path):
    """Copies what a word of a command stands for into the folder of the test; gives its path."""

    def copy(fixture: str) -> str:
        target = tmp_path / "outputs" / fixture
        if not target.exists():
            shutil.copytree(Path(request.getfixturevalue(fixture)), target)
        return str(target.relative_to(tmp_path))

    return copy
