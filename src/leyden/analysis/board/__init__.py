"""TensorBoard on some runs: which ones, under which names, and its server."""

from leyden.analysis.board.folder import board_folder, link_files
from leyden.analysis.board.selection import MOST_TICKED, BoardRun, Selection, select_runs
from leyden.analysis.board.server import address_of, start_server

__all__ = [
    "MOST_TICKED",
    "BoardRun",
    "Selection",
    "address_of",
    "board_folder",
    "link_files",
    "select_runs",
    "start_server",
]
