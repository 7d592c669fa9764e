"""What is known of a process that ended without a word."""

import signal


def death(exit_code: int) -> dict[str, str]:
    """The error of a process that ended without a word."""
    if exit_code < 0:
        name = signal.Signals(-exit_code).name
        reason = " (the system does so when memory runs out)" if name == "SIGKILL" else ""
        return {"type": name, "message": f"the process was killed by {name}{reason}"}
    return {"type": "exit", "message": f"the process ended with exit status {exit_code}"}
