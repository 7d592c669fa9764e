"""Which of several processes ended a run, and why."""

import json
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from leyden.files.atomic import write_atomically
from leyden.files.json_file import read_json

NOTES = ".rank-{}.json"
SECONDARY_ERRORS = ("gloo", "NCCL", "Connection", "Timed out", "Broken pipe", "DistBackendError")
"""Words of an error that another process is the cause of."""


def record_failure(folder: Path, rank: int, error: BaseException) -> None:
    """Keeps the error that ended a process."""
    from leyden.run.record import describe, status_after

    content = {**describe(error), "status": status_after(error), "time": time.time()}
    write_atomically(folder / NOTES.format(rank), json.dumps(content))


def forget_failures(folder: Path) -> None:
    """Removes what an earlier start has noted."""
    for path in folder.glob(NOTES.format("*")):
        path.unlink()


def attribute_failure(folder: Path, codes: list[int], killed: set[int]) -> None:
    """Writes into the record what ended a run of several processes.

    Args:
        folder: Folder of the run.
        codes: Exit code of each process.
        killed: Those that did not end when another one had failed, and had to be killed.
    """
    from leyden.run.record import Record

    notes = read_notes(folder, len(codes))
    forget_failures(folder)
    own = notes.get(0)
    if own is not None and not follows_another_failure(own):
        return
    found = first_failed(codes, notes, killed)
    record = Record.read(folder)
    if found is not None and record.status in ("pending", "running", "failed"):
        record.status = found.pop("status")
        record.error = found
        record.write()


def first_failed(
    codes: list[int], notes: dict[int, dict[str, Any]], killed: set[int]
) -> dict[str, str] | None:
    """Status, type and message of the process that ended first by itself."""
    guilty = [rank for rank, said in notes.items() if not follows_another_failure(said)]
    if guilty:
        rank = min(guilty, key=lambda rank: float(notes[rank]["time"]))
        said = notes[rank]
        message = f"rank {rank}: {said['message']}"
        place = {"where": said["where"]} if "where" in said else {}
        return {"status": said["status"], "type": said["type"], "message": message, **place}
    silent = [rank for rank in range(len(codes)) if rank not in notes and codes[rank] != 0]
    died = [rank for rank in silent if rank not in killed]
    if died:
        error = exit_reason(codes[died[0]])
        return {"status": "failed", **error, "message": f"rank {died[0]}: {error['message']}"}
    if silent and notes:
        message = f"rank {silent[0]} did not answer within trainer.timeout"
        return {"status": "failed", "type": "timeout", "message": message}
    return None


def read_notes(folder: Path, world_size: int) -> dict[int, dict[str, Any]]:
    """What the processes have noted, by rank."""
    found = {}
    for rank in range(world_size):
        with suppress(OSError, ValueError):  # it has noted nothing
            found[rank] = read_json(folder / NOTES.format(rank))
    return found


def follows_another_failure(said: dict[str, Any]) -> bool:
    """Whether a process only noticed that another one was gone."""
    text = f"{said['type']}: {said['message']}"
    return any(word in text for word in SECONDARY_ERRORS)


EXIT_NOT_KNOWN = {
    "type": "lost",
    "message": "the process that jobs are forked from was killed; how this one ended is not known",
}


def killed_by_leyden(reason: str) -> dict[str, str]:
    """The error of a process that Leyden killed."""
    return {"type": "SIGKILL", "message": f"Leyden killed the process: {reason}"}


def exit_reason(exit_code: int) -> dict[str, str]:
    """The error of a process that ended without a word, and that Leyden did not kill."""
    if exit_code < 0:
        name = signal.Signals(-exit_code).name
        reason = ", not by Leyden; the system does so when memory runs out"
        return {
            "type": name,
            "message": f"the process was killed by {name}{reason if name == 'SIGKILL' else ''}",
        }
    return {"type": "exit", "message": f"the process ended with exit status {exit_code}"}
