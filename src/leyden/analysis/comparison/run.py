"""A comparison from its request to its verdict."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from leyden.analysis.comparison.base import ComposedPair
from leyden.analysis.comparison.pairs import PairedJobs
from leyden.analysis.comparison.sequential import LEAST_PAIRS, Verdict
from leyden.config.identity import config_digest
from leyden.config.instantiate import make
from leyden.errors import ConfigError, Problem
from leyden.events import Observer
from leyden.files.atomic import write_atomically
from leyden.planning.resolve import ResolvedConfig, resolve_job
from leyden.run.folder import outputs_folder
from leyden.run.foreign_links import reject_foreign_links
from leyden.run.index import RunIndex
from leyden.run.lock import folder_lock
from leyden.run.record import Record, finite
from leyden.sweeps.folder import sweep_folder
from leyden.sweeps.jobs import JobFolders, assignment_of, folder_of
from leyden.sweeps.launchers import Launcher
from leyden.sweeps.record import DONE, JobEntry, SweepRecord
from leyden.sweeps.record import NAME as SWEEP
from leyden.sweeps.resume import handle_drift, require_sweep_folder, take_earlier_jobs
from leyden.sweeps.reuse import Reuse
from leyden.sweeps.run import finish, new_record, report, run_jobs

NAME = "comparison.json"


@dataclass(frozen=True)
class Comparison:
    """A comparison that was run.

    Attributes:
        record: Record of the sweep that it is.
        change: What the variant changes, as typed.
        verdict: What the pairs say.
        base: Values of the base, by seed.
        variant: Values of the variant, by seed.
        cost: Mean parameters, FLOPs and seconds of a job of the base and of the variant.
        seconds: Seconds of all jobs together, without those that earlier runs had computed.
        num_reused: Jobs that earlier runs had computed.
    """

    record: SweepRecord
    change: str
    verdict: Verdict
    base: list[float]
    variant: list[float]
    cost: dict[str, dict[str, float | None]]
    seconds: float
    num_reused: int

    @property
    def metric(self) -> str:
        """What is compared."""
        return self.record.objectives[0].metric

    def as_plain(self) -> dict[str, Any]:
        """For JSON."""
        objective = self.record.objectives[0]
        found = {
            "verdict": self.verdict.word,
            "reason": self.verdict.reason,
            "metric": objective.metric,
            "mode": objective.mode,
            "effect": self.verdict.effect,
            "interval": self.verdict.interval,
            "excluded_from": self.verdict.bound,
            "pairs": self.verdict.pairs,
            "base": self.base,
            "variant": self.variant,
            "change": self.change,
            "cost": self.cost,
            "seconds": self.seconds,
            "reused_jobs": self.num_reused,
            "folder": str(self.record.folder),
        }
        plain: dict[str, Any] = finite(found)
        return plain


def compare(
    pair: ComposedPair,
    *,
    most_pairs: int,
    delta: float | None,
    budget: float | None,
    command: list[str],
    observer: Observer,
) -> Comparison:
    """Runs pairs of base and variant until their difference is known.

    Args:
        pair: Base and variant, validated.
        most_pairs: Number of the last pair.
        delta: Differences up to this size don't matter; None: the user has not said.
        budget: Seconds of all jobs together; None: no limit.
        command: What the user typed, for the records.
        observer: Is told of the events.

    Raises:
        ConfigError: They do not fit their data, are the same, monitor other metrics, or the folder
            is used by another process. Nothing was started.
    """
    base, sweep = pair.jobs[0], pair.sweep
    resolved = [resolve_job(job) for job in pair.jobs]
    require_comparable(resolved)
    if most_pairs < LEAST_PAIRS:
        message = f"must be {LEAST_PAIRS} or more: with fewer nothing can be found"
        raise ConfigError([Problem("pairs", message, str(most_pairs))])
    folder = sweep_folder(sweep, cfg=base.cfg, experiment="compare")
    launcher: Launcher = make(sweep.launcher)
    reject_foreign_links(folder, key="compare")
    require_sweep_folder(folder)
    with folder_lock(folder, key="compare"):
        record = new_record(folder, sweep, base, None, command)
        take_earlier_jobs(record)
        reuse = Reuse(known_runs(pair) if sweep.settings.reuse else RunIndex(), observer)
        folders = JobFolders(record, sweep, command, observer, reuse)
        refuse_drift(folders)
        paired = PairedJobs(
            folders,
            launcher,
            sweep.axes.listed[0],
            first_seed=int(base.cfg.seed),
            most_pairs=most_pairs,
            delta=delta,
            budget=budget,
        )
        was_interrupted = False
        running = [entry for entry in record.jobs if entry.state == "running"]
        record.most_jobs = 2 * most_pairs
        if running or paired.waiting or paired.verdict() is None:
            was_interrupted = run_jobs(folders, paired, running, launcher, resolved)
        record.most_jobs = 0
        finish(record, observer, was_interrupted=was_interrupted)
        verdict = paired.verdict() or Verdict("not decided", "pairs", 0, None, None)
        found = comparison_of(record, paired, verdict, change=pair.change)
        write_atomically(folder / NAME, json.dumps(found.as_plain(), indent=2) + "\n")
        if sweep.settings.report:
            report(record, observer)
    return found


def known_runs(pair: ComposedPair) -> RunIndex:
    """The runs where all runs lie, the run that is the base, and those of its sweep."""
    index = RunIndex.read(outputs_folder())
    if pair.run is None:
        return index
    is_job = (pair.run.parent / SWEEP).is_file()
    near = RunIndex.read(pair.run.parent if is_job else pair.run)
    digests = index.folders.keys() | near.folders.keys()
    found = {one: [*near.folders.get(one, []), *index.folders.get(one, [])] for one in digests}
    return RunIndex(found)


def require_comparable(resolved: Sequence[ResolvedConfig]) -> None:
    """Raises `ConfigError` where a comparison would have no meaning."""
    base, variant = (one.cfg for one in resolved)
    if config_digest(base) == config_digest(variant):
        message = "changes nothing that is computed: base and variant are the same job"
        raise ConfigError([Problem("CHANGE", message)])
    problems = [
        Problem(f"monitor.{key}", f"is {base.monitor[key]} in the base: both must have the same")
        for key in ("metric", "mode", "reduce")
        if base.monitor[key] != variant.monitor[key]
    ]
    if base.monitor.metric is None:
        problems = [Problem("monitor.metric", "says what is compared; name a metric", "null")]
    if base.seed != variant.seed:
        problems.append(Problem("seed", "is that of the pairs: give it to the base", None))
    if problems:
        raise ConfigError(problems)


def refuse_drift(folders: JobFolders) -> None:
    """Refuses to go on with a comparison whose config or code has changed since it began."""
    record = folders.record
    begun = [entry for entry in record.jobs if entry.folder is not None][:2]
    now = [(entry, resolve_job(folders.sweep.job(assignment_of(entry)))) for entry in begun]
    handle_drift(record, now, folders.sweep.settings)


def comparison_of(
    record: SweepRecord, paired: PairedJobs, verdict: Verdict, *, change: str
) -> Comparison:
    """What has come of the pairs."""
    whole = [pair for pair in paired.pairs if all(entry.state in DONE for entry in pair)]
    sides: list[list[JobEntry]] = [[base for base, _ in whole], [variant for _, variant in whole]]
    base, variant = ([float(entry.objective[0] or 0.0) for entry in side] for side in sides)
    runs = [[Record.read(folder_of(record, entry)) for entry in side] for side in sides]
    done = [entry for entry in record.jobs if entry.state in DONE and entry.folder is not None]
    all_runs = [Record.read(folder_of(record, entry)) for entry in done]
    own = [run for run in all_runs if run.reused_from is None]
    return Comparison(
        record,
        change,
        verdict,
        base,
        variant,
        {"base": mean_cost(runs[0]), "variant": mean_cost(runs[1])},
        sum(run.seconds or 0.0 for run in own),
        len(all_runs) - len(own),
    )


def mean_cost(runs: Sequence[Record]) -> dict[str, float | None]:
    """Mean parameters, FLOPs of the training steps, and seconds of the fit; None: not known."""
    costs: dict[str, list[int | float | None]] = {
        "params": [run.params.get("total") for run in runs],
        "flops": [run.flops.get("total") for run in runs],
        "seconds": [run.train_seconds for run in runs],
    }
    found: dict[str, float | None] = {}
    for name, values in costs.items():
        known = [float(value) for value in values if value is not None]
        found[name] = fmean(known) if known and len(known) == len(values) else None
    return found
