"""The command that runs a job of a sweep by itself."""

import shlex
from argparse import ArgumentParser

from leyden.sweeps.record import SweepRecord
from leyden.sweeps.report.jobs import Job

OF_THE_SWEEP = ("hydra", "sweep")


def job_command(record: SweepRecord, job: Job) -> str:
    """What to type, quoted for the shell: what all jobs share, and what is particular to this one.

    Args:
        record: The sweep's.
        job: One of its jobs.
    """
    own = {*record.axes, *job.values}
    shared = [text for text in record.overrides if not _is_left_out(text, own)]
    words = ["leyden", "train", *_flags(record.command), *shared, *job.entry.overrides]
    return shlex.join(words)


def _is_left_out(override: str, own: set[str]) -> bool:
    key = override.partition("=")[0].lstrip("+~")
    return key in own or key.replace("/", ".").partition(".")[0] in OF_THE_SWEEP


def _flags(command: list[str]) -> list[str]:
    """Where the configs of the user's own are; the other flags belong to the sweep."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config-dir", "-cd")
    parser.add_argument("--config-name", "-cn")
    found, _ = parser.parse_known_args(command)
    return [
        word
        for name, value in vars(found).items()
        if value is not None
        for word in (f"--{name.replace('_', '-')}", value)
    ]
