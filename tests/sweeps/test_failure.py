"""Kinds of failure."""

import pytest

from leyden.distributed.failures import exit_reason
from leyden.sweeps.failure import failure_of

CASES = {
    ("completed", None): None,
    ("interrupted", "Interrupted"): None,
    ("pruned", "Pruned"): None,
    ("diverged", "Diverged"): "diverged",
    ("oom", "OutOfMemoryError"): "oom",
    ("failed", "RuntimeError"): "exception",
    ("failed", "SystemExit"): "exit",
    ("failed", "exit"): "exit",
    ("failed", "timeout"): "timeout",
    ("failed", "SIGKILL"): "killed",
    ("failed", "SIGTERM"): "killed",
    ("failed", "SIGSEGV"): "crash",
    ("failed", "SIGABRT"): "crash",
}


@pytest.mark.parametrize(("end", "kind"), CASES.items(), ids=lambda value: str(value))
def test_the_end_of_a_run_has_a_kind(end, kind):
    status, error = end
    assert failure_of({"status": status, "error": {"type": error, "message": ""}}) == kind


@pytest.mark.parametrize(
    ("code", "error"),
    [(-9, "SIGKILL"), (-11, "SIGSEGV"), (-15, "SIGTERM"), (0, "exit"), (3, "exit")],
)
def test_an_exit_code_is_told_in_words(code, error):
    assert exit_reason(code)["type"] == error


def test_a_killed_process_hints_at_the_memory():
    assert "memory" in exit_reason(-9)["message"]
