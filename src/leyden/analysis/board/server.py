"""TensorBoard's server, and the address that opens it on what is compared first."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

from leyden.analysis.board.folder import monitor_of
from leyden.analysis.board.selection import BoardRun, Selection
from leyden.errors import ConfigError, Problem
from leyden.loggers.hparams_table import MAIN

HOST = "127.0.0.1"
RANKED = r"\d (best|median|worst) "
"""Names of the runs that are compared first."""


def start_server(folder: Path, *, port: int) -> str:
    """Starts TensorBoard in threads of this process, which end with it.

    It is reached from this machine alone.

    Args:
        folder: Folder that it shows.
        port: Port; 0: one that is free.

    Returns:
        Its address.

    Raises:
        ConfigError: The port is taken.
    """
    from tensorboard import program

    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    server = program.TensorBoard()
    flags = ("--logdir", str(folder), "--host", HOST, "--port", str(port))
    # Its faster reader is a process of its own, which would outlive this one if that is killed.
    server.configure(argv=("", *flags, "--load_fast=false"))
    try:
        address = server.launch()
    except program.TensorBoardServerException as error:
        message = f"can't be used: {str(error.msg).strip()}"
        raise ConfigError([Problem("--port", message, str(port))]) from error
    return str(address).rstrip("/")


def address_of(server: str, found: Selection, *, ranked_alone: bool = False) -> str:
    """The address at which the main curves are pinned at the top, not smoothed.

    Best, median and worst have a colour each, and all others are grey.

    Args:
        server: Address of the server.
        found: Runs that are shown.
        ranked_alone: Whether only best, median and worst are drawn.
    """
    pins = [{"plugin": "scalars", "tag": tag} for tag in main_curves(found.runs)]
    words = {"pinnedCards": json.dumps(pins, separators=(",", ":")), "smoothing": "0"}
    if found.is_ranked:
        words["runColorGroup"] = f"regex:{RANKED}"
    if ranked_alone:
        words["runFilter"] = RANKED
    return f"{server}/?{urlencode(words, quote_via=quote)}#timeseries"


def main_curves(runs: Sequence[BoardRun]) -> list[str]:
    """Tags of the metric that is monitored, and of the main one beside the loss."""
    names = {name for run in runs for name in run.record["metrics"]}
    monitor = monitor_of(runs)
    tags = [] if monitor is None else [monitor]
    tags += [f"val/{name}" for name in ("loss", *MAIN) if f"val/{name}" in names]
    return list(dict.fromkeys(tags))[:4]
