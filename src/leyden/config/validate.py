"""Validation: finds the problems of configs before data, network or trainer are built.

Rules between keys are in `planning.rules`, since some of them need torch.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from leyden.config.compose import ComposedRequest, SweepSpec
from leyden.config.instantiate import is_node, make
from leyden.config.job import Job
from leyden.config.keys import check_keys, names_in
from leyden.config.module_run import OF_LEYDENS_TASKS, adapted, is_module_run, named_in_vain
from leyden.config.nodes import check_node
from leyden.config.plain import plain, refers
from leyden.config.schema import (
    REPLACED,
    WIRED,
    BudgetKeys,
    CompileKeys,
    Monitor,
    PrivacyKeys,
    ResumeKeys,
    Root,
    TaskKeys,
    TrainerKeys,
)
from leyden.config.secrets import typed_secrets
from leyden.config.signature import Parameter, fields_of, parameters_of
from leyden.config.targets import find_target
from leyden.config.test_part import problems_of
from leyden.errors import ConfigError, Problem, gathered

SECTIONS: dict[str, type] = {
    "monitor": Monitor,
    "task": TaskKeys,
    "resume": ResumeKeys,
    "compile": CompileKeys,
    "budget": BudgetKeys,
    "privacy": PrivacyKeys,
}
"""Mappings whose keys are listed in a schema."""

GROUPS = ("model", "data", "optimizer", "scheduler", "callbacks", "logger", "metrics")

Rules = Mapping[Callable[[DictConfig], Iterator[Problem]], frozenset[str]]
"""Rules between keys, each with the root keys of the config that it reads. A rule is
skipped if one of these keys already has a problem."""

Seen = dict[tuple[str, str], list[Problem]]
"""Problems of a node of a config, by its key and its `repr`."""


def validate(composed: ComposedRequest, rules: Rules) -> None:
    """Checks every job of a request before anything is built.

    Args:
        composed: Composed jobs.
        rules: See `Rules`.

    Raises:
        ConfigError: All problems of all jobs.
    """
    seen: Seen = {}
    problems = [
        problem.of_job(job.text) if composed.sweep else problem
        for job in composed.jobs
        for problem in check_job(job, rules, seen)
    ]
    if composed.sweep is not None:
        problems = [_with_range(problem, composed.sweep) for problem in problems]
        if any(job.cfg.monitor.metric is None for job in composed.jobs):
            message = "must name a metric: a sweep compares its jobs by it"
            problems.append(Problem("monitor.metric", message, "null"))
        problems += _check_plugins(composed.sweep)
    if problems:
        raise ConfigError(gathered(problems, len(composed.jobs)))


def _with_range(problem: Problem, sweep: SweepSpec) -> Problem:
    """Adds how to type a range of whole numbers: Hydra's ranges are of floats by default."""
    for axis in sweep.axes.ranges:
        is_range = axis.keys == (problem.key,) and "whole number" in problem.message
        if is_range and axis.interval is not None:
            low, high = axis.interval.start, axis.interval.end
            hint = f"{problem.message}; type `int(interval({low:g}, {high:g}))`"
            return replace(problem, message=hint)
    return problem


def _check_plugins(sweep: SweepSpec) -> Iterator[Problem]:
    """Checks the launcher and the sweeper: keys, types, and whether they can be made."""
    for name, node in (("launcher", sweep.launcher), ("sweeper", sweep.searcher)):
        if node is None:
            continue
        secrets = OmegaConf.to_container(node) if name == "launcher" else {}
        plain = OmegaConf.to_container(node, resolve=True)
        problems = [
            *typed_secrets(secrets, f"hydra.{name}"),
            *check_node(f"hydra.{name}", plain, name),
        ]
        if name == "sweeper" and not problems:
            asked = plain.get("objectives") or {} if isinstance(plain, dict) else {}
            problems += problems_of("hydra.sweeper.objectives", map(str, asked))
        yield from problems
        if not problems:
            try:
                make(node)
            except ValueError as error:
                yield Problem(f"hydra/{name}", str(error))


def check_job(job: Job, rules: Rules, seen: Seen | None = None) -> list[Problem]:
    """Problems of a composed config, each with the place where its key was set.

    Later checks are skipped for parts that already have problems.

    Args:
        job: Composed job.
        rules: See `Rules`.
        seen: Problems found in other jobs: an equal node is not checked again.
    """
    cfg = job.cfg
    written = OmegaConf.to_container(cfg)
    given, unresolved = _read_values(cfg, written)
    found = [*typed_secrets(written), *unresolved]
    if not found:
        found += _check_structure(given, {} if seen is None else seen)
        found += [] if found else named_in_vain(job)
        wrong = {problem.key.split(".")[0] for problem in found}
        acting = cfg if found else adapted(job)
        for rule, sections in rules.items():
            if not wrong & sections:
                broken = list(rule(acting))
                found += broken
                wrong |= {problem.key.split(".")[0] for problem in broken}
        found += _check_width(job)
    return [job.located(problem) for problem in found]


def validate_frozen(cfg: DictConfig) -> None:
    """Checks the config of a run's folder, which is not trusted, before anything is built.

    Raises:
        ConfigError: A key, value or target is not supported by this version.
    """
    given, unresolved = _read_values(cfg, OmegaConf.to_container(cfg))
    problems = unresolved or list(_check_structure(given, {}))
    if problems:
        raise ConfigError(replace(problem, origin="config.yaml") for problem in problems)


def _check_width(job: Job) -> Iterator[Problem]:
    typed = [override for override in job.overrides if override.startswith("model.width=")]
    if typed and job.cfg.params is not None:
        value = typed[0].partition("=")[2]
        yield Problem("model.width", "is computed from `params`; give only one of the two", value)


def _read_values(cfg: DictConfig, written: Any) -> tuple[dict[str, Any], list[Problem]]:
    """A config as plain values with interpolations resolved, and its problems.

    Problems are required keys without a value and interpolations that can't be resolved.

    Args:
        cfg: Composed config.
        written: The config as plain values, with interpolations as they are written.
    """
    problems: list[Problem] = []

    def read(parent: DictConfig, key: str, value: Any, path: str) -> Any:
        if isinstance(value, dict):
            inner = parent[key]
            return {name: read(inner, name, its, f"{path}.{name}") for name, its in value.items()}
        if value == "???":
            problems.append(Problem(path, "must be given", value))
        elif refers(value):
            try:
                found = parent[key]
                return plain(found) if OmegaConf.is_config(found) else found
            except OmegaConfBaseException as error:
                problems.append(Problem(path, str(error).splitlines()[0], str(value)))
        return value

    return {key: read(cfg, key, value, key) for key, value in written.items()}, problems


def _check_structure(given: dict[str, Any], seen: Seen) -> Iterator[Problem]:
    """Keys, types, ranges and targets of the root and of every group."""
    groups = {key: node for key, node in given.items() if isinstance(node, dict)}
    names = list(names_in(groups))
    own = given.get("own_keys") or []
    for key in own if isinstance(own, list) else ():
        if key in fields_of(Root):
            yield Problem("own_keys", "names a key that is Leyden's", str(key))
    declared = dict.fromkeys(map(str, own), Parameter(Any, required=False))
    yield from check_keys("", given, declared | fields_of(Root), others=dict(names))
    # If the target of the model can't be found, it is not known whether these are needed.
    may_lack = is_module_run(given) or not _is_found(given.get("model"))
    optional = OF_LEYDENS_TASKS if may_lack else ()
    for key in (*SECTIONS, *GROUPS, "trainer"):
        if key in optional and given.get(key) is None:
            continue
        part = key, repr(given.get(key))
        if part not in seen:
            seen[part] = list(_check_part(key, given.get(key), names))
        yield from seen[part]


def _is_found(node: Any) -> bool:
    try:
        find_target(str(node["_target_"]))
    except (TypeError, KeyError, ValueError):
        return False
    return True


def _check_part(key: str, node: Any, names: list[tuple[str, str]]) -> Iterator[Problem]:
    others = {name: at for name, at in names if not at.startswith(f"{key}.")}
    if key == "trainer":
        yield from _check_trainer(node, others)
    elif key == "task" and is_node(node):
        yield from check_node(key, node, key, others)
    elif key in SECTIONS and isinstance(node, dict):
        yield from check_keys(key, node, fields_of(SECTIONS[key]), others=others)
    elif key in ("callbacks", "logger", "metrics"):
        for name, inner in (node if isinstance(node, dict) else {}).items():
            if inner is not None:
                yield from check_node(f"{key}.{name}", inner, key)
    elif key not in SECTIONS:
        yield from check_node(key, node, key, others)


def _check_trainer(node: Any, others: Mapping[str, str]) -> Iterator[Problem]:
    if not isinstance(node, dict):
        yield Problem("trainer", "must be a mapping", str(node))
        return
    for key in node.keys() & REPLACED.keys():
        yield Problem(f"trainer.{key}", f"is not taken here; use `{REPLACED[key]}`", str(node[key]))
    given = {key: value for key, value in node.items() if key not in REPLACED}
    yield from check_keys("trainer", given, trainer_keys(), others=others)


def trainer_class() -> type:
    """Lightning's Trainer, whose parameters are keys of `trainer`."""
    from pytorch_lightning import Trainer

    return Trainer


def trainer_keys(*, lightnings_first: bool = False) -> dict[str, Parameter]:
    """Keys of `trainer`: Leyden's own, and Lightning's that Leyden does not set by itself.

    Args:
        lightnings_first: Whether of a key that both have the type is Lightning's.
    """
    own = fields_of(TrainerKeys)
    lightnings = {
        name: Parameter(parameter.hint, required=False)
        for name, parameter in parameters_of(trainer_class()).items()
        if name not in WIRED
    }
    return {**own, **lightnings} if lightnings_first else {**lightnings, **own}
