"""Projects that do not know Leyden run unchanged, with all that Leyden does for its own."""

import os

import pytest

from tests.guests.tour import GUESTS, HERE, STATIONS

# What Lightning says to those who wrote a guest, and is theirs.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

QUICK = ("vae", "gan", "template", "rl")
"""One of each kind: a usual one, manual optimization, nodes and metrics, an endless stream."""


@pytest.fixture(autouse=True)
def zoo(monkeypatch):
    """The guests' package, as a user has it."""
    monkeypatch.setenv("LEYDEN_PACKAGES", "zoo")
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setenv("PYTHONPATH", str(HERE), prepend=os.pathsep)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in GUESTS]
)
def test_a_guest_has_all_that_leyden_does(name, tmp_path):
    row = {
        station: visit(name, tmp_path)
        for station, visit in STATIONS.items()
        if station != "sweep" or name in QUICK  # its jobs are runs as that of "train"
    }
    print(f"{name:20}", "  ".join(row.values()))
