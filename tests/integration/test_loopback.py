"""What listens, listens to this machine alone."""

from pathlib import Path

import pytest

LISTENING = "0A"
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}


def listening(pids):
    """Addresses, as the kernel writes them, at which some processes listen."""
    sockets = set()
    for pid in pids:
        for handle in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                sockets.add(handle.readlink().name.removeprefix("socket:[").removesuffix("]"))
            except OSError:
                continue
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return {row[1].rpartition(":")[0] for row in rows if row[3] == LISTENING and row[9] in sockets}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux alone tells who listens")
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_the_processes_of_a_run_listen_on_loopback_alone(commands, strategy):
    words = ("trainer.devices=2", "trainer.accelerator=cpu", "trainer.max_epochs=100000")
    commands.start(f"strategy={strategy}", *words)
    commands.wait_for(lambda: list(commands.folder.glob("outputs/*/*/metrics.csv")))
    found = listening(commands.left())
    assert found
    assert found <= LOOPBACK
