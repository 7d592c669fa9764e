"""A Ray of our own is not to be reached from elsewhere: it runs whatever it is sent."""

import json
import subprocess
import sys

import pytest

LISTENING = """
import glob, json, os, sys
from pathlib import Path
from leyden.sweeps.launchers import Ray, JobSpec

def listening():
    tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table]
    return {row[9]: row[1].partition(":")[0] for row in rows if row[3] == "0A"}

before = listening()
launcher = Ray()
launcher.prepare(Path(), JobSpec(Path()))
opened = [address for inode, address in listening().items() if inode not in before]
launcher.close()
print(json.dumps(opened))
"""
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_ray_of_our_own_listens_on_the_loopback_address_alone(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LISTENING], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    opened = json.loads(done.stdout.splitlines()[-1])
    assert len(opened) > 2
    assert set(opened) <= LOOPBACK
