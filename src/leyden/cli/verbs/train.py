"""`leyden train` and `leyden resume`: a run, a sweep, a run continued."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from leyden.cli.exit_status import FAILED, OF_STATUS, OF_SWEEP
from leyden.cli.parser import Parser, Verbs, add_verb
from leyden.cli.request import compose_words, uncollected

if TYPE_CHECKING:
    from leyden.api import Run
    from leyden.config.compose import ComposedRequest

HYDRA_FLAGS = {"--cfg", "-c", "--info", "-i", "--hydra-help", "--version"}
HYDRA_FLAGS |= {"--shell-completion", "-sc"}


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `train` and `resume`."""
    add_verb(
        verbs,
        "train",
        train,
        usage="[overrides]",
        description="One run; with -m, or an experiment that says so, a sweep.",
        takes_overrides=True,
        has_help=False,
    )
    parser = add_verb(
        verbs,
        "resume",
        resume,
        usage="RUN [key=value ...]",
        description="Continues from the newest sound checkpoint to the planned end."
        " trainer.max_epochs=30 and the like make the run longer; other keys need"
        " resume.allow_change=[KEY].",
        takes_overrides=True,
    )
    parser.add_argument("folder", metavar="RUN", help="a run's folder")


def train(options: argparse.Namespace) -> int:
    """Runs one job, or a sweep."""
    words: list[str] = options.overrides
    if {"-h", "--help"} & set(words):
        return show_help(words)
    if any(word.partition("=")[0] in HYDRA_FLAGS for word in words):
        from leyden.cli.hydra_flags import hydra_main

        return hydra_main(words)
    from leyden.config.request import without_password

    composed = compose_words(words, will_run=True)
    command = ["leyden", "train", *map(without_password, words)]
    if composed.sweep is not None:
        return sweep(composed, command)
    with uncollected():
        from leyden.api import run_job
        from leyden.cli.observer import TerminalObserver

    return show_folder(run_job(composed, command=command, observer=TerminalObserver()))


def sweep(composed: "ComposedRequest", command: list[str]) -> int:
    """Runs what is missing of a sweep."""
    from leyden.api import run_jobs
    from leyden.cli.console import print_path
    from leyden.cli.observer import TerminalObserver
    from leyden.cli.sweep_summary import show_sweep
    from leyden.formatting import shown_path

    record = run_jobs(composed, command=command, observer=TerminalObserver())
    show_sweep(record)
    print_path(shown_path(record.folder))
    return OF_SWEEP.get(record.status, OF_STATUS["interrupted"])


def resume(options: argparse.Namespace) -> int:
    """Continues a run."""
    from leyden import api
    from leyden.cli.observer import TerminalObserver
    from leyden.config.request import without_password

    words = [options.folder, *options.overrides]
    command = ["leyden", "resume", *map(without_password, words)]
    run = api.resume(
        Path(options.folder), *options.overrides, command=command, observer=TerminalObserver()
    )
    return show_folder(run)


def show_folder(run: "Run") -> int:
    """Prints the folder alone on the last line of standard output, for scripts."""
    from leyden.cli.console import print_path
    from leyden.formatting import shown_path

    if run.record.is_writer:
        print_path(shown_path(run.folder))
    return OF_STATUS.get(run.status, FAILED)


def show_help(words: list[str]) -> int:
    """The catalogue, read from the folders, the user's own among them."""
    from leyden.cli.help import config_dir_of, train_help
    from leyden.formatting import printable_lines

    sys.stdout.write(printable_lines(train_help(config_dir_of(words))))
    return 0
