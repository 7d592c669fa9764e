"""Composition: from overrides and YAML files to configs, one for each job."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast

from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from leyden.compat.hydra import ConfigLoader
from leyden.config.composer import Composer
from leyden.config.job import Job
from leyden.config.keys import check_keys
from leyden.config.overrides import (
    COMMAND_LINE,
    parse_overrides,
    reject_sweeps,
    require_known_options,
    unknown_options,
    with_forced_prefix,
)
from leyden.config.renamed import current_target
from leyden.config.request import LEYDENS, Request
from leyden.config.schema import SweepKeys
from leyden.config.signature import fields_of
from leyden.config.sweep_declaration import axis_of, read_axes, text_of
from leyden.config.sweep_space import Assignment, Axes, Axis
from leyden.config.without_effect import reject_ineffective_keys
from leyden.errors import ConfigError, Problem

HYDRAS_SWEEPER = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
"""Hydra's own sweeper: every combination of values is a job. Only its `params` are read."""

MAY_BE_EMPTY = ("logger", "callbacks")
"""Groups for which `null` is allowed; in a primary config of the user's, all allow it."""

PLUGINS = {
    "launcher": {
        "local": "leyden.sweeps.launchers.Local",
        "stacked": "leyden.sweeps.launchers.Stacked",
        "slurm": "leyden.sweeps.launchers.Slurm",
        "ray": "leyden.sweeps.launchers.Ray",
    },
    "sweeper": {"basic": HYDRAS_SWEEPER, "optuna": "leyden.sweeps.search.OptunaSearch"},
}


@dataclass(frozen=True)
class SweepSettings:
    """How a sweep is run; see `SweepKeys`."""

    retry: int
    fail_fast: bool
    on_drift: str
    report: bool
    reuse: bool
    budget: str | None


@dataclass(frozen=True)
class SweepSpec:
    """What all jobs of a sweep share.

    Attributes:
        request: Request that the sweep comes from.
        composer: Composes the jobs of the sweep.
        fixed: Overrides common to all jobs.
        axes: Keys that are varied, with their values.
        settings: How the sweep is run.
        launcher: Node of Hydra's config that names the launcher.
        searcher: Node of Hydra's config that names the search; None where every combination of
            values is a job.
    """

    request: Request
    composer: Composer
    fixed: tuple[str, ...]
    axes: Axes
    settings: SweepSettings
    launcher: DictConfig
    searcher: DictConfig | None = None

    def job(self, assignment: Assignment) -> Job:
        """Composes a job of the sweep."""
        return self.composer.job(self.fixed, assignment)


@dataclass(frozen=True)
class ComposedRequest:
    """The jobs of a request.

    Attributes:
        jobs: The one job of a run, or all jobs of a sweep. A search has one for each end of each
            axis, to be validated; its trials are composed later.
        sweep: What the jobs of a sweep share; None for a single run.
        forced: Axes of files in whose place a trainer option such as `smoke` sets one value.
    """

    jobs: tuple[Job, ...]
    sweep: SweepSpec | None = None
    forced: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was changed of the request, a line each, for the user."""
        of_jobs = (note for job in self.jobs for note in job.notes)
        return tuple(dict.fromkeys((*self.forced, *of_jobs)))

    @property
    def swept(self) -> tuple[str, ...]:
        """The keys in which the jobs differ."""
        return () if self.sweep is None else self.sweep.axes.keys


def compose_request(request: Request) -> ComposedRequest:
    """Composes every job of a request.

    Unknown keys of a job are accepted here, so that `validate` can report all of them at once.

    Raises:
        ConfigError: An override can't be parsed, an option does not exist, a file is broken, a key
            of `sweep` is wrong, or a key of Hydra's would have no effect.
    """
    composer = Composer(request)
    loader = composer.loader
    typed = parse_overrides(request.overrides, loader)
    is_leydens = composer.config_name == LEYDENS
    require_known_options(typed, loader, may_be_empty=MAY_BE_EMPTY if is_leydens else None)
    fixed = tuple(with_forced_prefix(o, loader) for o in typed if not o.is_sweep_override())
    base = composer.config(fixed)
    reject_foreign_plugins(base.hydra)
    settings, asked = _settings(base), _declared_axes(base, loader)
    forced = _forced_values(base, asked, typed)
    declared = asked.override(forced, ())
    mode = base.hydra.mode
    if not (request.multirun or declared or mode == RunMode.MULTIRUN) or mode == RunMode.RUN:
        reject_sweeps(typed, base)
    axes = _with_typed_axes(declared, typed, loader)
    is_sweep = bool(request.multirun or axes or mode == RunMode.MULTIRUN) and mode != RunMode.RUN
    is_search = base.hydra.sweeper._target_ != HYDRAS_SWEEPER
    reject_ineffective_keys(typed, base, is_sweep=is_sweep, is_search=is_search)
    if not is_sweep:
        return ComposedRequest((composer.job(fixed, Assignment()),), forced=_said(forced, base))
    searcher = OmegaConf.masked_copy(base.hydra.sweeper, _search_keys(base)) if is_search else None
    sweep = SweepSpec(request, composer, fixed, axes, settings, base.hydra.launcher, searcher)
    _reject_unsupported_axes(sweep)
    assignments = axes.probes() if is_search else axes.assignments()
    return ComposedRequest(tuple(map(sweep.job, assignments)), sweep, _said(forced, base))


def compose_comparison(request: Request, change: tuple[str, ...]) -> tuple[Job, Job, SweepSpec]:
    """Composes a base and its variant, which a sweep over both and over seeds compares.

    Args:
        request: Request of the base.
        change: Overrides of the variant.

    Returns:
        The base, the variant, and the sweep, whose axes are the keys of the change and the seed.

    Raises:
        ConfigError: One can't be composed, the base is a sweep, or the change is none.
    """
    composer = Composer(request)
    typed = parse_overrides(change, composer.loader)
    wrong = [
        Problem(text, "must be KEY=VALUE with one value: it is the change that is judged")
        for text, one in zip(change, typed, strict=True)
        if one.is_sweep_override() or one.is_delete()
    ]
    if not change:
        wrong = [Problem("CHANGE", "what is to be compared with the base? Type KEY=VALUE")]
    if wrong:
        raise ConfigError(wrong)
    whole = replace(request, overrides=(*request.overrides, *change))
    both = [compose_request(one) for one in (request, whole)]
    if any(one.sweep is not None for one in both):
        message = "declares several runs; a comparison is of one run and a change of it"
        raise ConfigError([Problem("BASE", message)])
    values = {one.get_key_element().lstrip("+"): one.get_value_element_as_str() for one in typed}
    given = parse_overrides(request.overrides, composer.loader)
    fixed = tuple(with_forced_prefix(one, composer.loader) for one in given)
    base = composer.config(fixed)
    varied = Assignment(values, dict.fromkeys(values, COMMAND_LINE))
    seeds = Axis(("seed",), ((str(base.seed),),), COMMAND_LINE)
    axes = Axes(listed=(varied,), repeated=(seeds,))
    others = tuple(text for text in fixed if not text.lstrip("+").startswith("seed="))
    spec = SweepSpec(whole, composer, others, axes, _settings(base), base.hydra.launcher)
    return both[0].jobs[0], both[1].jobs[0], spec


def _search_keys(base: DictConfig) -> list[str]:
    """The sweeper's own keys: all but `params`, which declares axes."""
    return [str(key) for key in base.hydra.sweeper if key != "params"]


def _settings(base: DictConfig) -> SweepSettings:
    """The keys of `sweep` that say how it is run."""
    plain = cast(dict[str, Any], OmegaConf.to_container(base.sweep, resolve=True))
    problems = list(check_keys("sweep", plain, fields_of(SweepKeys)))
    if problems:
        raise ConfigError(problems)
    return SweepSettings(**{field.name: plain[field.name] for field in fields(SweepSettings)})


def _declared_axes(base: DictConfig, loader: ConfigLoader) -> Axes:
    """The axes that files declare, in `sweep` or in Hydra's own `hydra.sweeper.params`."""
    declared = cast(dict[str, Any], OmegaConf.to_container(base.sweep, resolve=True))
    params = OmegaConf.to_container(base.hydra.sweeper.get("params") or OmegaConf.create({}))
    grid = {**cast(dict[str, Any], params), **declared["grid"]}
    return read_axes({**declared, "grid": grid}, base, loader)


def _forced_values(base: DictConfig, declared: Axes, typed: list[Override]) -> dict[str, str]:
    """Keys that files vary although the trainer's option forces one value on them, with it."""
    trainer = base.get("trainer")
    forced = (trainer.get("force") if isinstance(trainer, DictConfig) else None) or {}
    said = {one.key_or_group for one in typed}
    texts = {f"trainer.{key}": text_of(value) for key, value in forced.items()}
    return {key: text for key, text in texts.items() if key in declared.keys and key not in said}


def _said(forced: Mapping[str, str], base: DictConfig) -> tuple[str, ...]:
    """Lines for the user about axes that are not varied."""
    option = base.hydra.runtime.choices.get("trainer")
    return tuple(
        f"trainer={option} sets {key}={text} (was an axis of the sweep)"
        for key, text in forced.items()
    )


def _with_typed_axes(declared: Axes, typed: list[Override], loader: ConfigLoader) -> Axes:
    """The axes of the files, overridden by the axes and values of the command line."""
    fixed = {
        o.key_or_group: o.get_value_element_as_str()
        for o in typed
        if not o.is_sweep_override() and not o.is_delete()
    }
    own = tuple(axis_of(o, COMMAND_LINE) for o in typed if o.is_sweep_override())
    axes = declared.override(fixed, own)
    problems = [
        problem
        for key, value, origin in axes.choices()
        if loader.repository.group_exists(key)
        for problem in unknown_options(key, [value], origin, loader)
    ]
    if problems:
        raise ConfigError(problems)
    return axes


def _reject_unsupported_axes(sweep: SweepSpec) -> None:
    """Raises `ConfigError` for axes that the sweeper does not support."""
    axes, problems = sweep.axes, []
    if sweep.searcher is None:
        hint = "is a range to search in; add hydra/sweeper=optuna, or take a list such as 0.1,0.2"
        problems = [
            Problem(axis.keys[0], hint, f"interval({i.start:g},{i.end:g})", axis.origin)
            for axis in axes.ranges
            if (i := axis.interval) is not None
        ]
    else:
        hint = "is for grids only; a search takes choices, ranges, `when` and `repeat`"
        given = {
            "sweep.zip": [axis for axis in axes.grid if len(axis.keys) > 1],
            "sweep.exclude": axes.excluded,
        }
        problems = [Problem(key, hint) for key, value in given.items() if value]
        pruner = sweep.searcher.get("pruner")
        if pruner is not None and axes.repeated:
            hint = (
                "stops single jobs; with `sweep.repeat` a trial is the mean of several; type null"
            )
            problems.append(Problem("hydra.sweeper.pruner", hint, str(pruner)))
        if not axes.grid:
            problems.append(Problem("hydra/sweeper", "has nothing to search over; add a range"))
    if problems:
        raise ConfigError(problems)


def reject_foreign_plugins(hydra: DictConfig) -> None:
    """Raises `ConfigError` for plugins of others: they would lose results, states, or the sweep."""
    problems = [
        Problem(
            f"hydra/{group}",
            f"is not one of Leyden's: {', '.join(own)}",
            str(hydra[group]._target_),
        )
        for group, own in PLUGINS.items()
        if current_target(str(hydra[group]._target_)) not in own.values()
    ]
    problems += [
        Problem(f"hydra.callbacks.{name}", "is not supported; Leyden's are in `callbacks`")
        for name in hydra.callbacks or {}
    ]
    if problems:
        raise ConfigError(problems)
