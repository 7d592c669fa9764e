"""The jobs of a sweep as its report sees them: results, short names, and the command of each."""

import math
import shlex
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leyden.config.user_code import line_of
from leyden.formatting import printable
from leyden.run.content import read_content
from leyden.run.record import NAME
from leyden.sweeps.record import JobEntry, SweepRecord

NO_FAILURE = frozenset({"completed", "pruned", "pending", "running"})
UNTRIED = frozenset({"pending", "running", "interrupted"})

Level = float | str


@dataclass(frozen=True)
class JobResult:
    """A job and what is known of its run.

    Attributes:
        number: Place in the sweep, from 1.
        entry: Entry of the job in `sweep.json`.
        run: Content of the `run.json` of the job; empty where there is none.
        values: Values of its overrides by key, as typed.
    """

    number: int
    entry: JobEntry
    run: dict[str, Any]
    values: dict[str, str]

    @property
    def score(self) -> float | None:
        """The main objective's value; None unless the job completed."""
        return self.objective(0)

    def objective(self, place: int) -> float | None:
        """An objective's value; None unless the job completed: what was cut short is censored."""
        return None if self.entry.state != "completed" else self._value(place)

    @property
    def is_pruned(self) -> bool:
        """Whether a search ended it early, at a value of the main objective."""
        return self.entry.state == "pruned" and self._value(0) is not None

    @property
    def reached(self) -> float | None:
        """The main objective's value at the end of the job, or where it was pruned."""
        return self._value(0) if self.is_pruned else self.score

    def _value(self, place: int) -> float | None:
        found = self.entry.objective
        return finite(found[place]) if place < len(found) else None

    @property
    def last_step(self) -> int | None:
        """Step of the last validation."""
        return max(self.monitored, default=None)

    def cost(self, name: str) -> float | None:
        """Parameters, FLOPs in training steps or seconds of fit, named as in an objective."""
        if name == "seconds":
            return finite(self.run.get("train_seconds"))
        return finite((self.run.get(name) or {}).get("total"))

    @property
    def monitored(self) -> dict[int, float]:
        """The monitored metric by step."""
        values = {step: finite(value) for step, value in self.run.get("monitored") or []}
        return {step: value for step, value in values.items() if value is not None}

    @property
    def error(self) -> str:
        """What went wrong, in a line."""
        error = self.entry.error or self.run.get("error") or {}
        return line_of(error.get("type") or "", error.get("message") or "", error.get("where"))


def read_jobs(record: SweepRecord) -> list[JobResult]:
    """The jobs of a sweep, in its order."""
    return [
        JobResult(
            number, entry, _run_record(record.folder, entry), override_values(entry.overrides)
        )
        for number, entry in enumerate(record.jobs, start=1)
    ]


def override_values(overrides: list[str]) -> dict[str, str]:
    """Values by key: `model.width=8` gives `8` for `model.width`."""
    pairs = (text.partition("=") for text in overrides if "=" in text)
    return {key: value for key, _, value in pairs}


def finite(value: Any) -> float | None:
    """The number, or None for what is none."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def as_number(text: str) -> float | None:
    """The number that a value stands for, if any."""
    try:
        return finite(float(text))
    except ValueError:
        return None


def levels(jobs: list[JobResult], axis: str) -> list[Level]:
    """An axis' value for each job: numbers where all are numbers, else as typed.

    Args:
        jobs: All of which have the axis.
        axis: Key of the axis.
    """
    texts = [job.values[axis] for job in jobs]
    numbers = [number for number in map(as_number, texts) if number is not None]
    return list(numbers) if len(numbers) == len(texts) else list(texts)


def _run_record(sweep: Path, entry: JobEntry) -> dict[str, Any]:
    if entry.folder is None:
        return {}
    try:
        return read_content(sweep / entry.folder / NAME, needed=())
    except (OSError, ValueError):  # it died before it had one
        return {}


OF_THE_SWEEP = ("hydra", "sweep")


def job_command(record: SweepRecord, job: JobResult) -> str:
    """What to type, quoted for the shell: what all jobs share, and what is particular to this one.

    Args:
        record: Record of the sweep.
        job: One of its jobs.
    """
    own = {*record.axes, *job.values}
    shared = [text for text in record.overrides if not is_left_out(text, own)]
    words = ["leyden", "train", *flags(record.command), *shared, *job.entry.overrides]
    return shlex.join(words)


def is_left_out(override: str, own: set[str]) -> bool:
    """Whether an override of the sweep is none of a job: it is of the sweep, or of the job's own.

    Args:
        override: As typed.
        own: Keys that a job sets itself.
    """
    key = override.partition("=")[0].lstrip("+~")
    if key == "run_dir":  # the sweep's own folder
        return True
    return key in own or key.replace("/", ".").partition(".")[0] in OF_THE_SWEEP


def flags(command: list[str]) -> list[str]:
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


LONGEST_NUMBER = 7


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """The last part of each key; the whole key where two would be the same."""
    last = {key: key.rpartition(".")[2] for key in keys}
    uses = Counter(last.values())
    return {key: name if uses[name] == 1 else key for key, name in last.items()}


def label(values: Mapping[str, str], names: Mapping[str, str]) -> str:
    """What sets a job apart in a few words.

    Args:
        values: Value of each key, as it was typed.
        names: Short names of the keys that count, in order.
    """
    words = [setting(key, values[key], name) for key, name in names.items() if key in values]
    return printable(", ".join(words)) or "as declared"


def setting(key: str, value: str, name: str) -> str:
    """A key's value with its name; an option of a group speaks for itself."""
    is_option = "." not in key and as_number(value) is None
    return value if is_option else f"{name} {short_value(value)}"


def short_value(value: str) -> str:
    """A sampled number is cut to four digits; what a person typed stays."""
    number = as_number(value)
    return value if number is None or len(value) <= LONGEST_NUMBER else f"{number:.4g}"
