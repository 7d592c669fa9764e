"""Every test runs in an empty folder of its own, on one thread, and leaves the world as it was."""

import gc
import logging
import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch: two workers must not exceed two cores

import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook
from omegaconf import OmegaConf
from PIL import Image

torch.set_num_threads(1)
# A machine that others use too is slow now and then; that is no defect of what is tested.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,  # the same examples in each run; --hypothesis-profile=searching draws others
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("searching", settings.get_profile("steady"), derandomize=False)
settings.load_profile("steady")
# Shapes and types of annotated functions are checked at each call, in tests only.
TASKS = ("task", "classification", "regression", "language_modeling", "losses", "evaluation")
install_import_hook(
    [
        *("leyden.models", "leyden.data", "leyden.optim.muon"),
        *(f"leyden.tasks.{name}" for name in TASKS),
    ],
    "beartype.beartype",
)

from leyden.cli import main  # noqa: E402 (after the hook)
from tests.commands import Commands, WarmStart  # noqa: E402


def pytest_configure(config: pytest.Config) -> None:
    """Gives each process that runs tests one core, and so one slot, and a Ctrl-C that arrives.

    Not the process that starts such processes: they would all have its core. A shell makes a
    command in the background ignore Ctrl-C, and what it starts after it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup makes it ignored
    starts_others = not hasattr(config, "workerinput") and config.getoption("numprocesses", None)
    if hasattr(os, "sched_setaffinity") and not starts_others:
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[worker % len(cores)]})


def pytest_collection_finish() -> None:
    """Lets garbage collections pass over the modules of all tests, which stay."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def clean_world(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEYDEN_PACKAGES", raising=False)
    monkeypatch.setenv("LEYDEN_DATA", str(tmp_path_factory.mktemp("downloads")))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    logging_to = (logging.root.level, list(logging.root.handlers))
    before = dict(os.environ)
    yield
    assert (logging.root.level, list(logging.root.handlers)) == logging_to
    for number, handler in handlers.items():
        assert signal.getsignal(number) == handler, f"{number!r} was not restored"
    os.environ.clear()
    os.environ.update(before)


@dataclass(frozen=True)
class Result:
    """What a command gave."""

    status: int
    out: str
    err: str

    @property
    def folder(self) -> Path:
        return Path(self.out.splitlines()[-1])


@pytest.fixture
def leyden(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs a command line in this process."""

    def run(*arguments: str) -> Result:
        capsys.readouterr()
        status = main(arguments)
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def warm() -> Iterator[WarmStart]:
    """Starts commands as processes of their own, within some hundredths of a second."""
    made = WarmStart()
    yield made
    made.close()


@pytest.fixture
def commands(tmp_path: Path, warm: WarmStart) -> Iterator[Commands]:
    """Starts commands as processes of their own in the test's folder, and ends them with it."""
    made = Commands(tmp_path, warm)
    yield made
    made.end()


def write_pets(folder: Path) -> None:
    """Writes images and their classes as the package `datasets` does, in a Parquet file."""
    from io import BytesIO

    import pandas as pd

    rows = []
    for number in range(80):
        file = BytesIO()
        Image.new("RGB", (8, 8), (3 * number, 50, 100 * (number % 2))).save(file, "png")
        rows.append({"image": {"bytes": file.getvalue(), "path": None}, "label": number % 2})
    folder.mkdir()
    pd.DataFrame(rows).to_parquet(folder / "train.parquet")


@pytest.fixture
def user_files(tmp_path: Path) -> Path:
    """A user's own data: photos, reviews, digits.npz, beats, houses, runs and sales.csv, novel."""
    for number, name in enumerate(("cat", "dog")):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for place in range(20):
            color = (100 * number + 5 * place, 50, 255 - 100 * number)
            Image.new("RGB", (20, 16 + place), color).save(folder / f"{place}.png")
    images = np.arange(40 * 64, dtype=np.uint16).reshape(40, 8, 8).astype(np.uint8)
    np.savez(tmp_path / "digits.npz", images=images, labels=np.arange(40) % 2)
    rows = [f"{i % 7},{'Delft' if i % 3 else 'Gouda'},{i * 1.5}" for i in range(120)]
    (tmp_path / "houses.csv").write_text("\n".join(["rooms,city,price", *rows]))
    first = date(2026, 1, 1)
    days = [f"{first + timedelta(days=i)},{(i * i) % 17},{i % 5}" for i in range(300)]
    (tmp_path / "sales.csv").write_text("\n".join(["date,sold,weather", *days]))
    beats = [f"{'fast' if i % 2 else 'slow'},{i % 3},{i % 4},{i % 5},{i % 7}" for i in range(60)]
    (tmp_path / "beats.csv").write_text("\n".join(["rhythm,a,b,c,d", *beats]))
    ratings = [
        f'{{"length": {i % 9}, "stars": {i % 5}, "text": "word {i}", "label": {i % 2}}}'
        for i in range(200)
    ]
    (tmp_path / "reviews").mkdir()
    (tmp_path / "reviews" / "train.jsonl").write_text("\n".join(ratings[:160]))
    (tmp_path / "reviews" / "test.jsonl").write_text("\n".join(ratings[160:]))
    write_pets(tmp_path / "pets")
    ladder = [
        f"{recipe},{n},{d},{0.5 + f * (30 * n**-0.4 + 40 * d**-0.3):.5f}"
        for recipe, f in (("old", 1.1), ("new", 1.0))
        for n in (1e4, 1e5, 1e6, 1e7)
        for d in (1e5, 1e6, 1e7, 1e8)
    ]
    (tmp_path / "runs.csv").write_text("\n".join(["recipe,size,seen,final", *ladder]))
    (tmp_path / "novel.txt").write_text("It was a dark and stormy night. " * 400)
    return tmp_path


@pytest.fixture
def bert(tmp_path: Path) -> Path:
    """A small BERT in the folder `bert`, and texts with classes in reviews.csv."""
    from tests.hf_models import write_model, write_reviews  # transformers takes seconds to import

    write_model(tmp_path / "bert", "bert", positions=128)
    write_reviews(tmp_path / "reviews.csv")
    return tmp_path / "bert"


@pytest.fixture
def user_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], None]]:
    """Writes a module of the user's and allows configs to name it; afterwards it is forgotten."""
    names = []

    def write(name: str, text: str) -> None:
        sys.modules.pop(name, None)
        names.append(name)
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.setenv("LEYDEN_PACKAGES", name)
        monkeypatch.syspath_prepend(tmp_path)

    yield write
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def own_resolvers() -> Iterator[list[str]]:
    """Names of OmegaConf's resolvers that the test registers, which are gone after it."""
    names: list[str] = []
    yield names
    for name in names:
        OmegaConf.clear_resolver(name)
