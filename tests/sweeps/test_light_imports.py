"""Whoever only hands jobs to another engine does not wait for torch."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["leyden.sweeps.launchers", "leyden.distributed.worker"])
def test_launchers_import_no_torch(module):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
