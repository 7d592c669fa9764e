"""An error in a part of the user's names the line of their file, then where to read on."""

import json
import re
import sys

import pytest

import leyden
from leyden.config.user_code import is_users, place_of

PARTS = """
import torch
from pytorch_lightning import Callback
from torch import nn

from leyden.data import DataModule, DataSplits, Spec


class Net(nn.Module):
    def __init__(self, *, input_shape: tuple[int, ...], num_outputs: int, fault: str = "") -> None:
        super().__init__()
        self.fault = fault
        self.net = nn.Linear(64, num_outputs)
        if fault == "built":
            fail("built")

    def forward(self, x):
        if self.fault == "forward" and not x.is_meta:
            fail("forward")
        if self.fault == "torch" and not x.is_meta:
            x = x.flatten(1) @ torch.zeros(3, 3)  # line of torch
        return self.net(x.flatten(1))


class Points:
    def __init__(self, n: int, fault: str) -> None:
        self.x = torch.randn(n, 1, 8, 8, generator=torch.Generator().manual_seed(n))
        self.fault = fault

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, draw):
        if self.fault == "item" or (self.fault == "batch" and len(draw.index) > 2):
            fail(self.fault)
        return self.x[draw.index], (self.x[draw.index].sum(dim=(1, 2, 3)) > 0).long()


class MyData(DataModule):
    kind = "image"

    def __init__(self, *, fault: str = "", **shared) -> None:
        super().__init__(**shared)
        self.fault = fault

    def load(self) -> DataSplits:
        if self.fault == "load":
            fail("load")
        spec = Spec("image", input_shape=(1, 8, 8), num_outputs=2)
        return DataSplits(spec, *(Points(n, self.fault) for n in (100, 40, 40)))


class Watch(Callback):
    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        if fault == "made":
            fail("made")

    def on_train_batch_end(self, trainer, task, outputs, batch, index) -> None:
        if self.fault == "hook":
            fail("hook")


class Own(Exception):
    pass


def fail(where: str):
    raise Own(f"no idea at {where}\\nand no more")  # line of fail
"""
PACKAGE = "my_parts"
RUN = ("trainer=smoke", "trainer.accelerator=cpu", "data.batch_size=10")


@pytest.fixture
def parts(tmp_path, user_package, monkeypatch):
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)  # of another test's folder
    user_package(PACKAGE, PARTS)
    (tmp_path / "mine" / "data").mkdir(parents=True)
    (tmp_path / "mine" / "data" / "my_data.yaml").write_text(
        f"_target_: {PACKAGE}.MyData\nbatch_size: 10\nfault: ''\n"
    )
    (tmp_path / "mine" / "model").mkdir()
    (tmp_path / "mine" / "model" / "net.yaml").write_text(f"_target_: {PACKAGE}.Net\nfault: ''\n")
    watch = f"+callbacks.watch={{_target_:{PACKAGE}.Watch,fault:''}}"
    return ("--config-dir", "mine", "data=my_data", "model=net", watch, *RUN)


def line_of(mark):
    lines = PARTS.splitlines()
    return f"{PACKAGE}.py:{1 + next(i for i, line in enumerate(lines) if mark in line)}"


FAIL = "# line of fail"
IN_A_RUN = {
    "model.fault=forward": (FAIL, "Own: no idea at forward"),
    "model.fault=torch": ("# line of torch", "RuntimeError: "),
    "callbacks.watch.fault=hook": (FAIL, "Own: no idea at hook"),
    "callbacks.watch.fault=made": (FAIL, "Own: no idea at made"),
    "data.fault=batch": (FAIL, "Own: no idea at batch"),
}
BEFORE_IT = {
    "model.fault=built": "Own: no idea at built",
    "data.fault=load": "Own: no idea at load",
    "data.fault=item": "Own: no idea at item",
}


@pytest.mark.parametrize(("fault", "expected"), IN_A_RUN.items())
def test_a_run_that_fails_names_the_users_line(fault, expected, parts, leyden):
    mark, words = expected
    result = leyden("train", *parts, fault)
    assert result.status == 1
    said = [line for line in result.err.splitlines() if line.startswith("failed: ")]
    assert said[0].startswith(f"failed: {line_of(mark)}: {words}")
    after = result.err.splitlines()[result.err.splitlines().index(said[0]) + 1 :]
    assert len(after) == 1
    assert re.fullmatch(
        r"  log     outputs/\S+/train.log; go on: leyden resume outputs/\S+", *after
    )
    error = json.loads((result.folder / "run.json").read_text())["error"]
    assert error["where"] == line_of(mark)


def test_so_does_an_error_of_a_loaders_process(parts, leyden):
    result = leyden("train", *parts, "data.fault=batch", "data.num_workers=1")
    assert result.status == 1
    assert f"failed: {line_of(FAIL)}: Own: no idea at batch\n" in result.err


@pytest.mark.parametrize(("fault", "words"), BEFORE_IT.items())
def test_what_fails_before_a_run_names_the_users_line(fault, words, parts, leyden, tmp_path):
    result = leyden("train", *parts, fault)
    assert result.status == 2
    problem, _ = result.err.splitlines()
    assert f"{line_of(FAIL)}: {words}" in problem
    assert not (tmp_path / "outputs").exists()


@pytest.mark.slow
def test_a_sweeps_job_that_fails_names_the_users_line_at_once_and_in_the_report(parts, leyden):
    result = leyden("train", "-m", *parts, "model.fault='',forward")
    assert result.status == 3
    expected = f"{line_of(FAIL)}: Own: no idea at forward"
    assert expected in result.err
    assert expected in (result.folder / "report" / "report.md").read_text()


def test_an_error_that_passes_no_file_of_the_users_names_none():
    with pytest.raises(json.JSONDecodeError) as raised:
        json.loads("{")
    error = raised.value
    # This test's own frame is the user's; those of the standard library are not.
    assert place_of(error).startswith(__file__)
    error.__traceback__ = error.__traceback__.tb_next
    assert place_of(error) is None


@pytest.mark.parametrize(
    ("file", "is_theirs"),
    [
        ("/home/me/my_parts.py", True),
        ("/usr/lib/python3/dist-packages/torch/nn/linear.py", False),
        ("/home/me/.venv/lib/python3.11/site-packages/my_package/net.py", True),
        ("/home/me/.venv/lib/python3.11/site-packages/other/net.py", False),
        (leyden.__file__, False),
        (json.__file__, False),
        ("<string>", False),
    ],
)
def test_a_package_that_the_user_names_is_theirs_wherever_it_lies(file, is_theirs, monkeypatch):
    monkeypatch.setenv("LEYDEN_PACKAGES", "my_package")
    assert is_users(file) is is_theirs
