"""What `docker build` needs to serve a run: its files, this version of Leyden, requirements."""

import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import distribution, requires
from pathlib import Path

from leyden.config.location import CONF, PACKAGE
from leyden.config.targets import user_packages
from leyden.errors import ConfigError, Problem
from leyden.files.temporary import remove_left, temporary_folder
from leyden.inference.load import checkpoint_of, load_run
from leyden.interop.hf_export import folder_problem

NEEDED = ("config.yaml", "run.json")
KEPT = ("preparation.json", "prediction_intervals.json", "calibration.json", "tokenizer")
TOKENIZER_OF_HF = "tokenizer/tokenizer.json"
PORT = 8000
PREFIX = ".leyden-docker-"

DOCKERFILE = """\
# Serves a run of Leyden. Build in this folder, and run with a token of your own:
#   docker build -t {name} .
#   docker run -p {port}:{port} -e LEYDEN_TOKEN=SECRET {name}
# PIP_OPTIONS may name an index, such as one with builds of torch for CPUs alone.
FROM python:{python}-slim
WORKDIR /app
ARG PIP_OPTIONS=""
COPY requirements.txt .
RUN pip install --no-cache-dir $PIP_OPTIONS -r requirements.txt
COPY package package
COPY run run
RUN useradd --create-home server
USER server
ENV PYTHONPATH=/app/package PYTHONUNBUFFERED=1
EXPOSE {port}
HEALTHCHECK CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/health')"
CMD ["python", "-m", "leyden", "serve", "run", "--host", "0.0.0.0", "--port", "{port}"]
"""


def write_dockerfile(source: Path, output: Path) -> None:
    """Writes a folder that `docker build` takes.

    Args:
        source: Folder of the run.
        output: New or empty folder.

    Raises:
        ConfigError: There is no such run, its model can't be loaded, the folder is taken, or the
            run needs code of the user's, which is not known to be complete.
    """
    if problem := folder_problem(output):
        raise ConfigError([replace(problem, key="--dockerfile")])
    load_run(source)
    checkpoint = checkpoint_of(source, "best")
    if own := user_packages():
        message = f"would leave out your packages {', '.join(own)}; write it by hand after this one"
        raise ConfigError([Problem("--dockerfile", message)])
    remove_left(output.parent, PREFIX)
    output.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(output.parent, PREFIX) as temporary:
        staged = temporary / output.name
        staged.mkdir()
        _copy_run(source, checkpoint, staged / "run")
        _copy(PACKAGE, staged / "package" / "leyden")
        if CONF.parent != PACKAGE:  # of a clone
            _copy(CONF, staged / "package" / "leyden" / "conf")
        # A tokenizer of Hugging Face's, and perhaps its model.
        extras = ("serve", "hf") if (source / TOKENIZER_OF_HF).is_file() else ("serve",)
        lines = (f"{one}\n" for one in requirements(extras))
        (staged / "requirements.txt").write_text("".join(lines))
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        name = re.sub(r"[^a-z0-9]+", "-", source.resolve().name.lower()).strip("-")
        text = DOCKERFILE.format(name=name or "run", port=PORT, python=python)
        (staged / "Dockerfile").write_text(text)
        staged.rename(output)


def _copy_run(source: Path, checkpoint: Path, target: Path) -> None:
    for name in (*NEEDED, *KEPT):
        if name in NEEDED or (source / name).exists():
            _copy(source / name, target / name)
    for path in checkpoint.parent.glob(f"{checkpoint.name}*"):  # its marker too
        _copy(path, target / checkpoint.parent.name / path.name)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(source, target, ignore=ignored)
    else:
        shutil.copyfile(source, target)


def requirements(extras: Sequence[str] = ("serve",)) -> list[str]:
    """What Leyden and some of its extras need, in the versions that are installed here."""
    named = [one for one in requires("leyden") or () if "extra ==" not in one]
    named += [
        one
        for one in requires("leyden") or ()
        if re.search(rf"extra == .({'|'.join(extras)}).", one)
    ]
    names = sorted({re.split(r"[^\w.-]", one)[0] for one in named} - {"leyden"})
    # Of torch a local version such as 2.14.1+cu130 is on no public index.
    return [f"{name}=={distribution(name).version.partition('+')[0]}" for name in names]
