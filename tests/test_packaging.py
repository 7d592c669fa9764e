"""A wheel that is installed elsewhere runs from any folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder into which the project's wheel was installed."""
    wheels, target = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), f"{ROOT}"]
    subprocess.run([*pip, *build], check=True, capture_output=True)
    (wheel,) = wheels.glob("*.whl")
    install = ["install", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    subprocess.run([*pip, *install], check=True, capture_output=True)
    return target


@pytest.mark.slow
def test_an_installed_wheel_trains_an_experiment_from_any_folder(installed, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "leyden", "train", "experiment=quickstart", "trainer=smoke"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / done.stdout.splitlines()[-1] / "run.json").is_file()


@pytest.mark.slow
def test_the_installed_package_is_the_one_that_runs(installed, tmp_path):
    code = "from leyden.config.location import CONF, EXPERIMENTS; print(CONF, EXPERIMENTS)"
    out = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert out.split() == [f"{installed}/leyden/conf", f"{installed}/leyden/experiments"]
