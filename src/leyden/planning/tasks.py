"""The task of a config, and the metrics that it logs beside its own."""

import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, cast

import torch
from omegaconf import DictConfig, ListConfig, OmegaConf
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.aggregation import BaseAggregator

from leyden.config.hints import misfit
from leyden.config.instantiate import make
from leyden.config.nodes import OF_METRICS
from leyden.config.signature import Parameter, parameters_of
from leyden.config.targets import find_target
from leyden.config.user_code import in_a_line
from leyden.data.spec import DataKind, Spec, TaskName
from leyden.errors import ConfigError, Problem, suggestion
from leyden.tasks import TASKS, Classification, LanguageModeling, Regression, Task
from leyden.tasks.classification import (
    OF_MANY,
    OF_TWO,
    probability_of_second,
    reader_of,
    weights_of,
)

NUM_TRIED = 64
"""Number of samples that a metric is tried with."""

NAME = re.compile(r"[A-Za-z0-9_]+")


def task_classes(cfg: DictConfig, names: Iterable[TaskName]) -> list[type[Task]]:
    """Classes that the task of a run may be of: the one that the config names, or the data's.

    Args:
        cfg: Config of the run.
        names: Names of the tasks that the data can be used for.
    """
    named = cfg.task.get("_target_")
    return [find_target(named)] if named else [TASKS[name] for name in names]


def task_class(cfg: DictConfig, spec: Spec) -> type[Task]:
    """Class of the task of a run."""
    return task_classes(cfg, [spec.task_name])[0]


def task_problems(cfg: DictConfig, names: Iterable[TaskName], kind: DataKind) -> Iterator[Problem]:
    """Problems of the task: what it does not log, keys that it does not take, data of another task.

    Args:
        cfg: Config whose `monitor`, `metrics` and `task` are judged.
        names: Names of the tasks that the data can be used for.
        kind: Kind of the data.
    """
    names = list(names)
    tasks = task_classes(cfg, names)
    if "_target_" in cfg.task and not tasks[0].solves & set(names):
        ours, theirs = (" or ".join(sorted(some)) for some in (tasks[0].solves, names))
        message = f"{tasks[0].__name__} is for {ours}, but the data is for {theirs}"
        yield Problem("task", f"{message}; type `task=auto`")
        return
    own = {name.partition("/")[2] for task in tasks for name in logged_names(task)}
    further = [str(name) for name in cfg.get("metrics") or {}]
    has_classes = any(issubclass(task, Classification) for task in tasks)
    sometimes = {*OF_MANY, *OF_TWO} if has_classes else set()  # by the number of classes
    yield from _name_problems(further, own - sometimes)
    logged = sorted(
        {name for task in tasks for name in logged_names(task) if name.startswith("val/")}
        | {f"val/{name}" for name in further}
    )
    if cfg.monitor.metric not in logged:
        message = f"is never logged in validation; {suggestion(str(cfg.monitor.metric), logged)}"
        yield Problem("monitor.metric", message, str(cfg.monitor.metric))
    yield from _key_problems(cfg, tasks, kind)


def logged_names(task: type[Task]) -> tuple[str, ...]:
    """What a task logs by itself.

    Raises:
        ConfigError: A task of the user's does not say it.
    """
    names = getattr(task, "metrics", None)
    if not isinstance(names, tuple | list) or not all(isinstance(name, str) for name in names):
        message = f"{task.__name__} has no attribute `metrics`, a tuple with the names that it logs"
        raise ConfigError([Problem("task", message)])
    return tuple(names)


def _name_problems(further: list[str], own: set[str]) -> Iterator[Problem]:
    for name in further:
        if not NAME.fullmatch(name):
            message = "may have only letters, digits and _ in its name"
            yield Problem(f"metrics.{name}", message)
        elif name in own:
            message = f"is logged by the task itself; choose another name, such as `my_{name}`"
            yield Problem(f"metrics.{name}", message)


def _mode_problems(cfg: DictConfig, tasks: list[type[Task]]) -> Iterator[Problem]:
    """The run would be selected by its worst value."""
    name = str(cfg.monitor.metric).removeprefix("val/")
    if name in (cfg.get("metrics") or {}):  # the user's own says it by itself
        return
    known = {
        task.higher_is_better[name]
        for task in tasks
        if name in getattr(task, "higher_is_better", {})
    }
    if known == {cfg.monitor.mode != "max"}:
        yield wrong_mode(cfg, higher_is_better=known.pop())


def wrong_mode(cfg: DictConfig, *, higher_is_better: bool) -> Problem:
    """The problem of a mode that selects the worst."""
    mode, what = ("max", "more") if higher_is_better else ("min", "less")
    message = f"does not fit: {what} is better of this metric; type `monitor.mode={mode}`"
    return Problem("monitor.mode", message, str(cfg.monitor.mode))


def _key_problems(cfg: DictConfig, tasks: list[type[Task]], kind: DataKind) -> Iterator[Problem]:
    taken: dict[str, list[Parameter]] = {}
    for task in tasks:
        for key, parameter in parameters_of(task).items():
            taken.setdefault(key, []).append(parameter)
    if kind == "image" and any(issubclass(task, Classification) for task in tasks):
        taken["mixup"] = []  # which the data does
    what = " or ".join(task.__name__ for task in tasks)
    if "focal_gamma" in taken:
        yield from _gamma_problems(cfg, taken["focal_gamma"])
    given = cast(dict[str, Any], OmegaConf.to_container(cfg.task, resolve=True))
    for key, value in given.items():
        if key == "_target_":
            continue
        if key not in taken:
            if value:
                message = f"has no meaning for {what} of data of the kind {kind}; leave it out"
                yield Problem(f"task.{key}", message, str(value))
            continue
        wrong = [misfit(value, parameter.hint) for parameter in taken[key]]
        if wrong and all(wrong):
            yield Problem(f"task.{key}", f"{wrong[0]} for {what}", str(value))


def _gamma_problems(cfg: DictConfig, parameters: list[Parameter]) -> Iterator[Problem]:
    """`focal_gamma` is set, but the loss is not the focal loss."""
    gamma, is_used = cfg.task.get("focal_gamma"), cfg.task.get("loss") == "focal"
    defaults = [parameter.default for parameter in parameters]
    if gamma is not None and not is_used and gamma not in defaults:
        message = "is for the focal loss; type `task.loss=focal`, or leave it out"
        yield Problem("task.focal_gamma", message, str(gamma))


def build_metrics(cfg: DictConfig, spec: Spec) -> dict[str, Metric]:
    """The metrics of the group `metrics`, with the number of classes of the data.

    Raises:
        ConfigError: A constructor refuses its arguments, or a metric is for classes and the data
            for regression.
    """
    made, kind = {}, task_class(cfg, spec)
    for name, node in (cfg.get("metrics") or {}).items():
        target = find_target(str(node._target_))
        is_of_classes = target.__module__.startswith("torchmetrics.classification")
        if is_of_classes and kind.solves == Regression.solves:
            message = f"{target.__name__} is for classes, and the data is for regression"
            raise ConfigError([Problem(f"metrics.{name}", message)])
        taken = parameters_of(target)
        given = {key: spec.num_outputs for key in OF_METRICS if key in taken and key not in node}
        try:
            made[str(name)] = cast(Metric, make(node, **given))
        except (Exception, SystemExit) as error:
            raise ConfigError([Problem(f"metrics.{name}", in_a_line(error))]) from error
    return made


def fit_problems(cfg: DictConfig, spec: Spec) -> Iterator[Problem]:
    """Class weights that do not fit the data, and metrics that do not fit the task."""
    try:
        if issubclass(task_class(cfg, spec), Classification):
            weights = cfg.task.get("class_weights")
            if isinstance(weights, ListConfig):
                weights = tuple(map(float, weights))
            weights_of(weights, spec)
        yield from _absent_metric_problems(cfg, spec)
        yield from _mode_problems(cfg, [task_class(cfg, spec)])
        yield from _metric_problems(cfg, spec)
    except ConfigError as error:
        yield from error.problems


def _absent_metric_problems(cfg: DictConfig, spec: Spec) -> Iterator[Problem]:
    """The monitored metric is not logged of as many classes, or a further one is by the task."""
    logged = task_class(cfg, spec).metrics_for(spec)
    further = [str(name) for name in cfg.get("metrics") or {}]
    yield from _name_problems(further, {name.partition("/")[2] for name in logged})
    names = sorted(name for name in logged if name.startswith("val/"))
    if cfg.monitor.metric not in (*names, *(f"val/{name}" for name in further)):
        message = f"is not logged of data with {spec.num_outputs} classes"
        message += f"; {suggestion(str(cfg.monitor.metric), names)}"
        yield Problem("monitor.metric", message, str(cfg.monitor.metric))


def _metric_problems(cfg: DictConfig, spec: Spec) -> Iterator[Problem]:
    """Metrics that can't read what the task gives them, or give something else than one number.

    A task of the user's with an `evaluate` of its own gives what it likes: that is not tried.

    Raises:
        ConfigError: See `build_metrics`.
    """
    kind = task_class(cfg, spec)
    wrong: str | None
    for name, metric in build_metrics(cfg, spec).items():
        better = metric.higher_is_better
        is_monitored = f"val/{name}" == cfg.monitor.metric
        if is_monitored and better is not None and better != (cfg.monitor.mode == "max"):
            yield wrong_mode(cfg, higher_is_better=better)
        if isinstance(metric, BaseAggregator):
            wrong = f"{type(metric).__name__} does not compare predictions with targets"
        elif kind.evaluate is LanguageModeling.evaluate:
            wrong = f"has nothing to read: {kind.__name__} keeps no predictions; leave it out"
        elif kind.evaluate is Classification.evaluate:
            wrong = _wrong_with_classes(metric, spec.num_outputs)
        elif kind.evaluate is Regression.evaluate:
            numbers = torch.linspace(-1, 1, NUM_TRIED, dtype=torch.double)
            wrong = _wrong_with(metric, "numbers", numbers.flip(0).exp(), numbers.exp())
        else:
            continue
        if wrong:
            yield Problem(f"metrics.{name}", wrong)


def _wrong_with_classes(metric: Metric, num_classes: int) -> str | None:
    read = reader_of(metric)
    if read is probability_of_second and num_classes != 2:
        kind = type(metric).__name__
        multiclass = kind.replace("Binary", "Multiclass", 1)
        return f"{kind} is for two classes, and the data has {num_classes}; name {multiclass}"
    labels = torch.arange(max(NUM_TRIED, 2 * num_classes)) % num_classes
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(len(labels), num_classes, dtype=torch.double, generator=generator)
    return _wrong_with(metric, "the classes' probabilities and labels", *read(logits, labels))


def _wrong_with(metric: Metric, what: str, *answers: Tensor) -> str | None:
    """Why a metric can't be computed from some predictions and targets; None if it can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of so few samples
            metric.set_dtype(torch.double)
            metric.update(*answers)
            value = metric.compute()
    except (Exception, SystemExit) as error:
        return f"can't read {what}: {in_a_line(error)}"
    if isinstance(value, Tensor) and value.numel() == 1:
        return None
    has = f"{value.numel()} values" if isinstance(value, Tensor) else f"a {type(value).__name__}"
    return f"gives {has}, and a metric that is logged is one number"
