"""Whoever only hands jobs to another engine does not wait for torch."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from leyden.cli.observer import TerminalObserver
from leyden.sweeps.search import OptunaSearch
from leyden.sweeps.trial import TrialReporter
from leyden.training.run_work import RunWork


@pytest.mark.parametrize("module", ["leyden.sweeps.launchers", "leyden.distributed.worker"])
def test_launchers_import_no_torch(module):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_who_carries_a_job_of_the_command_line_imports_no_torch():
    """Slurm's and Ray's processes unpickle it and pickle it once more, for its own process."""
    pruner = OptunaSearch(pruner="asha").pruner
    trial = TrialReporter("journal", "study", 0, pruner, "val/loss")
    work = pickle.dumps(RunWork(Path("run"), TerminalObserver(), trial))
    code = (
        "import pickle, sys; pickle.dumps(pickle.loads(sys.stdin.buffer.read()));"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], input=work, check=False).returncode == 0
