"""Repeats a run from its frozen config and compares the two bit by bit."""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from omegaconf import DictConfig, open_dict

from leyden.analysis.diff import DiffSection, diff, losses_section, read_record
from leyden.config.job import Job
from leyden.config.sweep_space import Assignment
from leyden.config.validate import check_job
from leyden.data.capabilities import fingerprint_of
from leyden.distributed.resources import Resources, torch_threads
from leyden.errors import ConfigError, Problem
from leyden.events import Observer
from leyden.planning.resolve import ResolvedConfig, resolve_job
from leyden.planning.rules import RULES
from leyden.run.changes import changed_keys, data_differences, known_values
from leyden.run.folder import new_folder, read_frozen
from leyden.run.record import Record
from leyden.training.execute import execute
from leyden.training.train import execute_in_processes, prepare

COMPARED = ("train/", "val/", "test/", "train_", "val_", "test_")
"""Metrics that the config decides; others measure time."""


@dataclass(frozen=True)
class Reproduction:
    """What came of a repetition.

    Attributes:
        record: Record of the repetition.
        losses: The first step that differs, or how many are equal.
        metrics: The final metrics that differ; None where the run was not repeated to its end.
        surroundings: What differs of code, environment and data.
        missing: Recorded steps that the repetition did not come to.
        changed_on_the_way: Keys that were changed when the run was resumed: what came before
            was computed under another config than the frozen one.
    """

    record: Record
    losses: DiffSection
    metrics: DiffSection | None
    surroundings: list[DiffSection]
    missing: int
    changed_on_the_way: list[str]

    @property
    def is_equal(self) -> bool:
        """To the bit, in all that was recorded."""
        is_same = not self.losses.rows and not (self.metrics and self.metrics.rows)
        return is_same and self.missing == 0

    @property
    def was_stopped(self) -> bool:
        """By a signal, before the steps that were asked for."""
        return self.record.status == "interrupted" and self.missing > 0


def reproduce(
    run: Path, *, steps: int | None = None, command: list[str], observer: Observer
) -> Reproduction:
    """Repeats a run in a folder of its own, on as many threads, and compares.

    Args:
        run: Folder of the run.
        steps: After so many optimizer steps the repetition ends; None: where the run did.
        command: What the user typed, for the record.
        observer: Is told of the events of the repetition.

    Raises:
        ConfigError: It is no run, or it has recorded nothing to compare with, or its data or its
            initial weights are not here or have changed. Nothing was started.
    """
    before = read_before(run)
    job = Job(read_frozen(run), tuple(before.overrides), before.choices, None, Assignment())
    job.cfg.run_dir = None
    last = last_step(before, steps)
    problems = check_job(job, RULES)
    if problems:
        raise ConfigError(problems)
    frozen = job.cfg.copy()
    resolved = resolve_job(job)
    require_same_data(before, resolved)
    require_same_weights(before, resolved)
    if last is not None:
        stop_after(frozen, last)
    record = prepare(
        job, replace(resolved, cfg=frozen), command=command, folder=new_folder("reproduce")
    )
    execute_again(record, before, devices=frozen.trainer.devices, observer=observer)
    return compared(before, record, last)


def read_before(run: Path) -> Record:
    """The record of the run that is to be repeated."""
    content = read_record(run, "RUN")
    if not content.get("losses"):
        raise ConfigError([Problem("RUN", "has recorded no losses to compare with", str(run))])
    return Record.read(run)


def last_step(before: Record, steps: int | None) -> int | None:
    """The step after which to stop; None: at the planned end."""
    recorded = max(map(int, before.losses))
    if before.status == "completed" and (steps is None or steps >= recorded):
        return None
    return min(steps or recorded, recorded)


def stop_after(cfg: DictConfig, step: int) -> None:
    """Puts the end into the config, where every process of the run sees it."""
    with open_dict(cfg):
        cfg.callbacks.stop_after = {"_target_": "leyden.callbacks.StopAfter", "step": step}


def require_same_data(before: Record, resolved: ResolvedConfig) -> None:
    """Raises `ConfigError` if the data is not what the run has seen."""
    if before.data is None:
        return
    now = fingerprint_of(resolved.data) or {}
    problems = [
        Problem(
            f"data ({name})",
            f"was {known_values(before.data).get(name)} when the run began",
            known_values(now).get(name),
        )
        for name in data_differences(before.data, now)
    ]
    if problems:
        raise ConfigError(problems)


def require_same_weights(before: Record, resolved: ResolvedConfig) -> None:
    """Raises `ConfigError` if the initial weights are not those that the run began with."""
    if before.initial_weights is None or resolved.weights is None:
        return
    known, now = (one["sha256"][:12] for one in (before.initial_weights, resolved.weights))
    if known != now:
        message = f"holds other weights (sha256 {now}...) than when the run began ({known}...)"
        key = "model.weights" if resolved.cfg.init_from is None else "init_from"
        raise ConfigError([Problem(key, message, before.initial_weights["source"])])


def execute_again(record: Record, before: Record, *, devices: int, observer: Observer) -> None:
    """Executes the repetition on as many threads as the run had; how it ends, its record says."""
    threads = (before.flags or {}).get("threads")
    try:
        if devices == 1:
            with nullcontext() if threads is None else torch_threads(threads):
                execute(record, observer=observer)
        else:
            execute_in_processes(
                record, devices=devices, observer=observer, resources=Resources(threads=threads)
            )
    except Exception:
        if record.error is None:  # else the record says it, and so will the comparison
            raise


def compared(before: Record, record: Record, last: int | None) -> Reproduction:
    """Compares the repetition with the run."""
    wanted = {step for step in before.losses if last is None or int(step) <= last}
    return Reproduction(
        record,
        losses_section(before.losses, record.losses, until=last),
        metrics_section(before, record) if last is None else None,
        [
            section
            for section in diff(before.folder, record.folder)
            if section.name in ("code", "environment", "data")
        ],
        len(wanted - record.losses.keys()),
        [change for resumption in before.resumed for change in resumption["changes"]],
    )


def metrics_section(before: Record, record: Record) -> DiffSection:
    """The final metrics that differ, of those that both have: versions don't measure the same."""
    names = [name for name in before.metrics if name.startswith(COMPARED)]
    sides = [
        {name: one.metrics[name] for name in names if name in record.metrics}
        for one in (before, record)
    ]
    keys = changed_keys(*sides)
    rows = {key: (sides[0].get(key), sides[1].get(key)) for key in keys}
    return DiffSection("metrics", rows, len(sides[0]) - len(keys))
