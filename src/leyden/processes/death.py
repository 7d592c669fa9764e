"""What is known of a process that ended without a word."""

import signal

LOST = {
    "type": "lost",
    "message": "the process that jobs are forked from was killed; how this one ended is not known",
}


def killed_by_leyden(reason: str) -> dict[str, str]:
    """The error of a process that Leyden killed."""
    return {"type": "SIGKILL", "message": f"Leyden killed the process: {reason}"}


def death(exit_code: int) -> dict[str, str]:
    """The error of a process that ended without a word, and that Leyden did not kill."""
    if exit_code < 0:
        name = signal.Signals(-exit_code).name
        reason = ", not by Leyden; the system does so when memory runs out"
        return {
            "type": name,
            "message": f"the process was killed by {name}{reason if name == 'SIGKILL' else ''}",
        }
    return {"type": "exit", "message": f"the process ended with exit status {exit_code}"}
