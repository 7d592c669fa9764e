"""`leyden board`: TensorBoard on some runs."""

import argparse
import sys
from contextlib import suppress
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

from leyden.cli.parser import Parser, Verbs, add_verb, whole
from leyden.errors import ConfigError, Problem

if TYPE_CHECKING:
    from leyden.analysis.board import Selection

SECONDS_BETWEEN = 5
"""Two looks for new files of the runs, as often as TensorBoard looks."""


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `board`."""
    parser = add_verb(
        verbs,
        "board",
        board,
        usage="[FOLDER ...] [--where CONDITION ...] [--last N] [--port P]",
        description="Starts TensorBoard on the last 40 runs below some folders, or on those that"
        " conditions leave, and prints its address; Ctrl-C ends it. Of a sweep the best, the median"
        " and the worst run are named so.",
    )
    parser.add_argument(
        "folders", metavar="FOLDER", nargs="*", type=Path, help="runs, sweeps, or above them"
    )
    parser.add_argument("--where", action="append", default=[], help="conditions, as of runs")
    parser.add_argument("--last", metavar="N", type=whole(1), help="how many of the last runs")
    parser.add_argument("--port", metavar="P", type=whole(1), default=0, help="or one that is free")


def board(options: argparse.Namespace) -> int:
    """Shows runs in TensorBoard."""
    from leyden.cli.verbs.runs import choose
    from leyden.run.folder import outputs_folder

    folders: list[Path] = options.folders or [outputs_folder()]
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError([Problem("FOLDER", "there is no such folder", str(folder))])
    if options.port > 65535:
        raise ConfigError([Problem("--port", "must be at most 65535", str(options.port))])
    from leyden.analysis.board import select_runs
    from leyden.cli.terminal import show_note

    records, left_out = runs_below(folders)
    chosen = choose(records, options.where, None)
    is_sweep = len(folders) == 1 and (folders[0] / "sweep.json").is_file()
    found = select_runs(chosen, last=options.last, sweep=folders[0] if is_sweep else None)
    for note in (*left_out, *found.left_out):
        show_note(note)
    if not found.runs:
        what = "no run below has an event file" if chosen else "there is no such run"
        where = " ".join(map(str, folders))
        raise ConfigError([Problem("--where" if options.where else "FOLDER", what, where)])
    return serve(found, options.port)


def runs_below(folders: list[Path]) -> tuple[list[dict[str, Any]], list[str]]:
    """The records of all runs below some folders, each once, oldest first."""
    from leyden.run.listing import find_runs

    records: dict[str, dict[str, Any]] = {}
    left_out: list[str] = []
    for folder in folders:
        found, others = find_runs(folder)
        records |= {str(Path(one["folder"]).resolve()): one for one in found}
        left_out += others
    in_order = sorted(records.values(), key=lambda one: (one["started"] or "", one["folder"]))
    return in_order, left_out


def serve(found: "Selection", port: int) -> int:
    """Serves runs until Ctrl-C."""
    from leyden.analysis.board import (
        MOST_TICKED,
        address_of,
        board_folder,
        link_files,
        start_server,
    )
    from leyden.cli.console import messages, say
    from leyden.cli.terminal import show_note
    from leyden.distributed.stop_signal import handling, interrupt

    with suppress(KeyboardInterrupt), handling(interrupt), board_folder(found.runs) as folder:
        server = start_server(folder, port=port)
        if len(found.runs) > MOST_TICKED:
            show_note(f"of more than {MOST_TICKED} runs TensorBoard ticks none in most tabs")
        if found.is_ranked:
            alone = address_of(server, found, ranked_alone=True)
            say(messages(), f"best, median and worst alone: {alone}")
        say(messages(), f"{len(found.runs)} runs in TensorBoard; Ctrl-C ends it:")
        sys.stdout.write(f"{address_of(server, found)}\n")
        sys.stdout.flush()  # the process goes on
        while True:
            sleep(SECONDS_BETWEEN)
            link_files(folder, found.runs)
    return 0
