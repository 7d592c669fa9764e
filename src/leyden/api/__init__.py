"""The Python API: compose, plan, train, resume, sweep, load, runs.

    import leyden

    run = leyden.train("model=cnn", "trainer.max_epochs=1")
    print(run.metrics["test/acc"], run.folder)

The command line (`leyden.cli`) calls the same functions. They return values and raise errors, and
print nothing; to follow the progress, pass an `observer` (see `leyden.events`).

A run goes through these files, in this order. `training/train.py` calls them from `resolve` on: it
claims the folder of the run and freezes the config in between.

    config/compose.py       overrides and YAML files -> configs, one for each job
    config/validate.py      all problems of the configs, before anything is built
    planning/resolve.py     config and data -> model width, parameter count, number of steps
    training/build.py       frozen config -> data set, task, trainer
    training/execute.py     fit, test, recovery from failures
    run/record.py           run.json
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leyden.api.objects import give_objects
from leyden.api.run import Run as Run
from leyden.api.sweep import Sweep as Sweep
from leyden.config.compose import ComposedRequest, compose_request
from leyden.config.request import Request
from leyden.config.validate import check_job, validate
from leyden.distributed import torchrun
from leyden.errors import ConfigError, Problem
from leyden.events import Observer, log_notes
from leyden.run.folder import outputs_folder, require_run_folder

if TYPE_CHECKING:
    import pandas as pd
    from pytorch_lightning import Callback, LightningDataModule
    from torch import nn

    from leyden.analysis.comparison.run import Comparison
    from leyden.sweeps.record import SweepRecord


def compose(
    *overrides: str,
    multirun: bool = False,
    config_dir: Path | None = None,
    config_name: str | None = None,
) -> ComposedRequest:
    """Composes and validates the requested jobs; runs nothing.

    Args:
        overrides: Hydra's overrides, as on the command line.
        multirun: Whether the request is a sweep, as with `-m`.
        config_dir: Folder of the user's own configs.
        config_name: Name of the primary config; None: the project's, or Leyden's.

    Raises:
        ConfigError: All problems of the request.
    """
    return validate_request(compose_request(Request(overrides, multirun, config_dir, config_name)))


def validate_request(
    composed: ComposedRequest, *, without: Collection[str] = ()
) -> ComposedRequest:
    """The composed jobs, all of them valid.

    Args:
        composed: The jobs.
        without: Sections of the config that nothing is made of; rules on them are left out.

    Raises:
        ConfigError: All problems of all jobs.
    """
    from leyden.planning.rules import RULES

    if composed.sweep is not None and torchrun.is_started_by_torchrun():
        message = "a sweep starts its own processes; run it without torchrun"
        raise ConfigError([Problem("-m", message)])
    rules = {rule: read for rule, read in RULES.items() if not read & set(without)}
    validate(composed, rules)
    return composed


def plan(*overrides: str, observer: Observer = log_notes, **options: Any) -> list[dict[str, Any]]:
    """Size and cost of each requested job; runs a few steps to time them.

    Args:
        overrides: See `compose`.
        observer: Receives notes on the data that was read.
        options: See `compose`.

    Raises:
        ConfigError: All problems of the request.
    """
    from leyden.analysis.cost import plan_rows

    return plan_rows(compose(*overrides, **options), observer=observer)


def train(
    *overrides: str,
    model: "nn.Module | None" = None,
    data: "LightningDataModule | None" = None,
    callbacks: "Sequence[Callback]" = (),
    observer: Observer = log_notes,
    **options: Any,
) -> Run:
    """Trains and tests one run.

    Objects are copied; `run.model()` gives the trained one. The record says that config alone does
    not make such a run.

    Args:
        overrides: See `compose`.
        model: A network or a LightningModule, instead of `model` in the config.
        data: A data set, instead of `data` in the config.
        callbacks: Callbacks besides those of the config.
        observer: Receives the events of the run.
        options: See `compose`.

    Raises:
        ConfigError: All problems of the request. Nothing was written.
        Diverged: The loss or a weight became NaN or infinite.
        Interrupted: A signal stopped the run.
        RunFailed: The run failed; `run.json` in its folder has the error.
    """
    composed = compose_request(Request(overrides, **options))
    if composed.sweep is None:
        give_objects(composed.jobs[0], model=model, data=data, callbacks=callbacks)
    validate_request(composed)
    run = run_job(composed, command=["leyden.train", *overrides], observer=observer)
    run.raise_for_status()
    return run


def run_job(composed: ComposedRequest, *, command: Sequence[str], observer: Observer) -> Run:
    """Runs the single job of a request; the status says how it ended.

    Args:
        composed: Validated request.
        command: What the user typed, for the record.
        observer: Receives the events of the run.

    Raises:
        ConfigError: The request is a sweep, or does not fit its data. Nothing was written.
    """
    from leyden.training.train import train as train_job

    if composed.sweep is not None:
        raise ConfigError([Problem("sweep", "declares several runs; call leyden.sweep")])
    return Run(train_job(composed.jobs[0], command=[*command], observer=observer))


def resume(
    folder: Path | str,
    *overrides: str,
    command: Sequence[str] = ("leyden.resume",),
    observer: Observer = log_notes,
) -> Run:
    """Continues a run from its newest intact checkpoint; the status says how it ended.

    Args:
        folder: Folder of the run.
        overrides: Overrides that change its config.
        command: What the user typed, for the record.
        observer: Receives the events of the run.

    Raises:
        ConfigError: No such run, or it can't be resumed with these overrides. Nothing was written.
    """
    from leyden.planning.rules import RULES
    from leyden.training.resume import job_of
    from leyden.training.train import train as train_job

    job = job_of(Path(folder), [*overrides])
    problems = check_job(job, RULES)
    if problems:
        raise ConfigError(problems)
    return Run(train_job(job, command=[*command], observer=observer))


def sweep(*overrides: str, observer: Observer = log_notes, **options: Any) -> Sweep:
    """Runs the jobs of a sweep that are not completed, and says the outcome of each.

    Args:
        overrides: See `compose`.
        observer: Is told of the events of the sweep. It is pickled for the processes of the jobs.
        options: See `compose`.

    Raises:
        ConfigError: All problems of the request. Nothing was written.
    """
    composed = compose(*overrides, **{"multirun": True, **options})
    return Sweep(run_jobs(composed, command=["leyden.sweep", *overrides], observer=observer))


def run_jobs(
    composed: ComposedRequest, *, command: Sequence[str], observer: Observer
) -> "SweepRecord":
    """Runs the jobs of a sweep that are not completed.

    Args:
        composed: Validated request.
        command: What the user typed, for the records.
        observer: Is told of the events of the sweep.

    Raises:
        ConfigError: A job does not fit its data, or the sweep can't be run now.
    """
    from leyden.sweeps.run import run_sweep

    return run_sweep(composed, command=[*command], observer=observer)


def compare(
    base: str | Path,
    *change: str,
    pairs: int = 10,
    delta: float | None = None,
    budget: float | None = None,
    command: Sequence[str] = ("leyden.compare",),
    observer: Observer = log_notes,
    config_dir: Path | None = None,
    config_name: str | None = None,
) -> "Comparison":
    """Whether a change helps: base and variant on the same seeds, until the answer is known.

    Args:
        base: Folder of a run, name of an experiment, or overrides in one text.
        change: Overrides of the variant; those of `hydra`, `sweep`, `seed`, `name` and `run_dir`
            are of both.
        pairs: Most pairs.
        delta: Differences up to this size don't matter; None: you don't say.
        budget: Seconds of all jobs together; None: no limit.
        command: What the user typed, for the records.
        observer: See `sweep`.
        config_dir: See `compose`.
        config_name: See `compose`.

    Raises:
        ConfigError: All problems of the request. Nothing was written.
    """
    from leyden.analysis.comparison.base import compose_pair
    from leyden.analysis.comparison.run import compare as run

    pair = compose_pair(str(base), change, config_dir=config_dir, config_name=config_name)
    asked = [*command]
    return run(pair, most_pairs=pairs, delta=delta, budget=budget, command=asked, observer=observer)


def load(folder: Path | str) -> Run:
    """A run, from its folder.

    Raises:
        ConfigError: It is no run's folder, or has no readable `run.json`.
    """
    from leyden.run.record import Record

    require_run_folder(Path(folder))
    return Run(Record.read(Path(folder)))


def load_sweep(folder: Path | str) -> Sweep:
    """A sweep, from its folder.

    Raises:
        ConfigError: The folder has no readable `sweep.json`.
    """
    from leyden.sweeps.record import SweepRecord

    return Sweep(SweepRecord.read(Path(folder)))


def runs(folder: Path | str | None = None) -> "pd.DataFrame":
    """All runs below a folder: one row each; the columns are the keys of `run.json`.

    Args:
        folder: None: where runs go, which is `outputs` unless a project says otherwise.
    """
    import pandas as pd

    from leyden.run.listing import find_runs

    records, _ = find_runs(outputs_folder() if folder is None else Path(folder))
    return pd.DataFrame(records)
