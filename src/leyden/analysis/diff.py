"""What differs between two runs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from leyden.errors import ConfigError, Problem
from leyden.files.json_file import reason_of
from leyden.run.changes import CONTENT, changed_keys, known_values, leaves, read_code
from leyden.run.content import read_content
from leyden.run.folder import read_frozen
from leyden.run.foreign_links import reject_foreign_links

RECORD = "run.json"  # not from leyden.run.record: that loads torch
COST = ("status", "steps", "samples", "tokens", "seconds", "train_seconds", "throughput")
OF_THE_FOLDER = ("name", "run_dir")
Facts = dict[str, Any]
ESSENTIAL = {"data": CONTENT, "cost": "steps"}
"""Without this key of a section two runs are not known to be equal in it."""


@dataclass(frozen=True)
class DiffSection:
    """One section of a comparison of two runs.

    Attributes:
        name: Config, code, environment, data, losses, metrics or cost.
        rows: What differs: key, and the value in each run; None where a run has none.
        num_equal: Further keys that both runs know, and which are equal.
        unknown_to: Folders of the runs that have not recorded it, or not what it depends on.
    """

    name: str
    rows: dict[str, tuple[Any, Any]]
    num_equal: int = 0
    unknown_to: tuple[Path, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether both runs have recorded it and are the same in it."""
        return not self.rows and not self.unknown_to


def diff(one: Path, other: Path) -> list[DiffSection]:
    """Compares two runs by their folders alone; nothing is written.

    Raises:
        ConfigError: A folder is not a run's.
    """
    sides = [facts(one, "A"), facts(other, "B")]
    return [
        compare(name, (one, other), (sides[0][name], sides[1][name]))
        for name in ("config", "code", "environment", "data", "losses", "metrics", "cost")
    ]


def compare(
    name: str, folders: tuple[Path, Path], sides: tuple[Facts | None, Facts | None]
) -> DiffSection:
    """A section of two runs. What a run has not recorded is equal to nothing.

    Args:
        name: Name of the section.
        folders: The runs'.
        sides: What each of them has recorded; None: nothing.
    """
    a, b = (
        {key: value for key, value in (side or {}).items() if value is not None or name == "config"}
        for side in sides
    )
    lacking = [not side or ESSENTIAL.get(name, next(iter(side))) not in side for side in (a, b)]
    unknown = tuple(folder for folder, lacks in zip(folders, lacking, strict=True) if lacks)
    if name == "losses":
        section = losses_section(a, b)
        if not unknown and not section.rows and not section.num_equal:
            unknown = folders  # they have no step in common
        return replace(section, unknown_to=unknown)
    if not a or not b:
        return DiffSection(name, {}, unknown_to=unknown)
    keys = changed_keys(a, b)
    rows = {key: (a.get(key), b.get(key)) for key in keys}
    return DiffSection(name, rows, len(a.keys() | b.keys()) - len(keys), unknown)


def losses_section(a: Facts, b: Facts, *, until: int | None = None) -> DiffSection:
    """The first step whose losses differ in a bit; what comes after it has to differ.

    Args:
        a: Step and loss, as a record has them.
        b: Record of the other run.
        until: Steps after it are not looked at.
    """
    steps = sorted(int(step) for step in a.keys() & b.keys())
    steps = [step for step in steps if until is None or step <= until]
    for number, step in enumerate(steps):
        pair = a[str(step)], b[str(step)]
        if pair[0] != pair[1]:
            values = float.fromhex(pair[0]), float.fromhex(pair[1])
            return DiffSection("losses", {f"at step {step}": values}, number)
    return DiffSection("losses", {}, len(steps))


def facts(folder: Path, key: str) -> dict[str, Facts | None]:
    """What a run's folder says, by section and key; None: not recorded.

    Args:
        folder: Folder of the run.
        key: Names it in a message.

    Raises:
        ConfigError: It is not a run's.
    """
    record, config = read_record(folder, key), OmegaConf.to_container(read_frozen(folder))
    return {
        "config": {name: value for name, value in leaves(config) if name not in OF_THE_FOLDER},
        "code": _code(folder, record),
        "environment": dict(_environment(record)),
        "data": dict(known_values(record.get("data") or {})),
        "losses": record.get("losses"),
        "metrics": dict(_metrics(record)),
        "cost": dict(_cost(record)),
    }


def read_record(folder: Path, key: str) -> Facts:
    """The content of a folder's `run.json`; see `facts`."""
    record = None
    reject_foreign_links(folder, key=key)
    if (folder / "config.yaml").is_file() and (folder / RECORD).is_file():
        try:
            record = read_content(folder / RECORD, needed=("schema", "status", "metrics"))
        except (OSError, ValueError) as error:
            message = f"its {RECORD} is damaged, or of another version: it {reason_of(error)}"
            raise ConfigError([Problem(key, message, str(folder))]) from error
    if record is None:
        message = "is not a run's folder; `leyden runs` lists them"
        if not folder.is_dir():
            message = "there is no such folder; `leyden runs` lists the runs"
        elif (folder / "sweep.json").is_file():
            message = f"is a sweep; name one of its runs, see `leyden runs {folder}`"
        raise ConfigError([Problem(key, message, str(folder))])
    return dict(record)


def _code(folder: Path, record: Facts) -> Facts | None:
    digests = read_code(folder)
    if digests is None:
        return None
    git = {f"git {name}": value for name, value in (record.get("git") or {}).items()}
    return git | {name: digest[:8] for name, digest in digests.items()}


def _environment(record: Facts) -> Iterator[tuple[str, Any]]:
    yield from (record.get("versions") or {}).items()
    yield "device", record.get("device")
    yield from (record.get("flags") or {}).items()


def _metrics(record: Facts) -> Iterator[tuple[str, Any]]:
    for name, value in (record.get("metrics") or {}).items():
        if name != "throughput":  # among the costs
            yield name, value
    best = record.get("best") or {}
    if best.get("value") is not None:
        yield f"best {best['metric']}", best["value"]
        yield "best at step", best.get("step")


def _cost(record: Facts) -> Iterator[tuple[str, Any]]:
    yield "parameters", (record.get("params") or {}).get("total")
    for name in COST:
        yield name, record.get(name)
    for name, count in (record.get("flops") or {}).items():
        yield f"flops {name}", count
    yield "peak_memory_bytes", record.get("peak_memory_bytes")


def as_json(one: Path, other: Path, sections: list[DiffSection]) -> dict[str, Any]:
    """The comparison for other programs: `{section: {key: {"a": ..., "b": ...}}}`."""
    found = {
        section.name: {key: {"a": a, "b": b} for key, (a, b) in section.rows.items()}
        for section in sections
    }
    unknown = [section.name for section in sections if section.unknown_to]
    equal = [section.name for section in sections if section.is_equal]
    return {"a": str(one), "b": str(other), "equal": equal, "not_recorded": unknown, **found}
