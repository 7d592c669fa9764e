"""What must hold between keys. Each rule is a pure function of the config."""

from collections.abc import Callable, Iterator, Set
from functools import wraps
from pathlib import Path
from typing import Any, get_args

from omegaconf import DictConfig, OmegaConf

from leyden.config.hints import misfit
from leyden.config.location import CONF
from leyden.config.module_run import has_leyden_data, is_module_run
from leyden.config.signature import parameters_of
from leyden.config.targets import find_target
from leyden.config.test_part import selects_by_validation
from leyden.data.spec import TASK_OF_KIND, DataKind, TaskName
from leyden.errors import Problem
from leyden.planning.batch import batch_split_of
from leyden.planning.budget import budget_of, budget_problems
from leyden.planning.hardware import (
    accelerator_is_here,
    averaged_weights_are_whole,
    batch_norm_is_synchronised_on_gpus,
    compiler_is_here,
    means_have_the_bits,
    optimizer_takes_split_parameters,
    precision_fits,
    strategy_fits_devices,
)
from leyden.planning.initial_weights import weights_are_there
from leyden.planning.packages import packages_of_loggers
from leyden.planning.privacy import privacy_problems
from leyden.planning.run_folder import name_is_a_folder_name, run_dir_is_free
from leyden.planning.tasks import task_problems
from leyden.planning.trainer_keys import lightning_takes_its_keys
from leyden.tasks import TASKS

Rule = Callable[[DictConfig], Iterator[Problem]]


def of_networks(rule: Rule) -> Rule:
    """Lets a rule pass over runs whose model is a LightningModule: it has a step of its own."""

    @wraps(rule)
    def checked(cfg: DictConfig) -> Iterator[Problem]:
        if not is_module_run(cfg):
            yield from rule(cfg)

    return checked


def of_leyden_data(rule: Rule) -> Rule:
    """Lets a rule pass over data sets that are none of Leyden's."""

    @wraps(rule)
    def checked(cfg: DictConfig) -> Iterator[Problem]:
        if has_leyden_data(cfg):
            yield from rule(cfg)

    return checked


@of_networks
@of_leyden_data
def model_reads_data(cfg: DictConfig) -> Iterator[Problem]:
    """The model takes the data's kind."""
    model, data = find_target(cfg.model._target_), find_target(cfg.data._target_)
    kinds = getattr(model, "kinds", {data.kind})
    known = set(get_args(DataKind))
    if not isinstance(kinds, Set) or not kinds <= known:
        message = (
            f"{model.__name__}.kinds is {kinds!r}; it must be a set of {', '.join(sorted(known))}"
        )
        yield Problem("model", message)
    elif data.kind == "text" and "text" in kinds and _text_task(data) not in _text_tasks(model):
        models = [name for name, cls in _catalogue("model") if _text_task(data) in _text_tasks(cls)]
        of_text = [(name, cls) for name, cls in _catalogue("data") if _kind(cls) == "text"]
        sets = [name for name, cls in of_text if _text_task(cls) in _text_tasks(model)]
        yield Problem(
            "model",
            f"{model.__name__} is for {' or '.join(sorted(_text_tasks(model)))} of text, but the"
            f" data is for {_text_task(data)}; type {_either('model', models)},"
            f" or {_either('data', sets)}",
        )
    elif data.kind not in kinds:
        models = [name for name, cls in _catalogue("model") if data.kind in cls.kinds]
        if data.kind == "text":
            models = [
                name for name, cls in _catalogue("model") if _text_task(data) in _text_tasks(cls)
            ]
        sets = [name for name, cls in _catalogue("data") if _kind(cls) in kinds]
        yield Problem(
            "model",
            f"{model.__name__} reads {' or '.join(sorted(kinds))}, but the data is {data.kind};"
            f" type {_either('model', models)}, or {_either('data', sets)}",
        )


def _kind(data: Any) -> str | None:
    """What the samples of a data set are; None of one that takes another's."""
    return getattr(data, "kind", None)


def _text_task(data: Any) -> TaskName:
    """The task of a data set of text."""
    return getattr(data, "task", None) or TASK_OF_KIND["text"]


def _text_tasks(model: Any) -> Set[str]:
    """What a model does with text; one that does not say it may do all, if it reads text."""
    is_of_text = "text" in getattr(model, "kinds", {"text"})
    tasks: Set[str] = getattr(model, "text_tasks", frozenset(get_args(TaskName)))
    return tasks if is_of_text else frozenset()


def _catalogue(group: str) -> list[tuple[str, Any]]:
    files = sorted((CONF / group).glob("*.yaml"))
    return [(file.stem, find_target(OmegaConf.load(file)._target_)) for file in files]


def _either(group: str, options: list[str]) -> str:
    return " or ".join(f"`{group}={option}`" for option in options)


@of_networks
def size_can_be_solved(cfg: DictConfig) -> Iterator[Problem]:
    """`params` is reached by the model's `width`."""
    if cfg.params is None:
        return
    model = find_target(cfg.model._target_)
    width = parameters_of(model).get("width")
    if width is None:
        message = f"is reached by `model.width`, which {model.__name__} does not take; leave it out"
        yield Problem("params", message, f"{cfg.params:g}")
    elif all(misfit(2**power, width.hint) for power in range(18)):
        message = f"is reached by `model.width`, which {misfit(1, width.hint)} in {model.__name__}"
        yield Problem("params", message, f"{cfg.params:g}")


@of_leyden_data
def data_has_a_task(cfg: DictConfig) -> Iterator[Problem]:
    """The data says its kind, and no other task than there is."""
    data = find_target(cfg.data._target_)
    known = {"kind": get_args(DataKind), "task": (None, *TASKS)}
    for name, words in known.items():
        value = getattr(data, name, None)
        if value not in words:
            listed = ", ".join(map(str, words))
            message = f"{data.__name__}.{name} is {value!r}; it must be one of {listed}"
            yield Problem("data", message)


@of_networks
@of_leyden_data
def task_fits(cfg: DictConfig) -> Iterator[Problem]:
    """What is asked of the task has a meaning there."""
    data = find_target(cfg.data._target_)
    name = getattr(data, "task", None) or TASK_OF_KIND.get(data.kind) or cfg.data.get("task")
    of_tables: list[TaskName] = ["classification", "regression"]  # only their rows tell
    names = [name] if name else of_tables
    yield from task_problems(cfg, names, data.kind)


@of_networks
@of_leyden_data
def stream_is_carried(cfg: DictConfig) -> Iterator[Problem]:
    """A stream is read by a network with a state, one batch a step."""
    if not cfg.data.get("stream"):
        return
    if not hasattr(find_target(cfg.model._target_), "forward_with_state"):
        message = "is for networks that carry a state; type `model=rnn`, or `data.stream=false`"
        yield Problem("data.stream", message, "true")
    elif batch_split_of(cfg).accumulate != 1:
        message = "goes on from batch to batch; type `trainer.accumulate_grad_batches=1`"
        yield Problem("data.stream", message, "true")


@of_networks
@of_leyden_data
def documents_can_be_masked(cfg: DictConfig) -> Iterator[Problem]:
    """Documents are hidden from each other only in models that know where they begin."""
    if cfg.data.get("mask_documents") and "separator" not in parameters_of(
        find_target(cfg.model._target_)
    ):
        message = "is for models with attention; type `model=gpt`, or `data.mask_documents=false`"
        yield Problem("data.mask_documents", message, "true")


@of_leyden_data
def data_is_there(cfg: DictConfig) -> Iterator[Problem]:
    """The user's file or folder exists."""
    path = cfg.data.get("path")
    if path is None:
        return
    if not Path(path).expanduser().exists():
        yield Problem("data.path", "is neither a file nor a folder", path)


@of_leyden_data
def batch_divides(cfg: DictConfig) -> Iterator[Problem]:
    """The samples of a step can be dealt out evenly."""
    key = "batch_size" if cfg.data.get("batch_tokens") is None else "batch_tokens"
    try:
        batch_split_of(cfg)
    except ValueError as error:
        yield Problem(f"data.{key}", str(error), str(cfg.data[key]))


@of_networks
@of_leyden_data
def batch_norm_has_a_batch(cfg: DictConfig) -> Iterator[Problem]:
    """Statistics over a batch need more than one sample."""
    if cfg.model.get("norm") == "batch" and batch_split_of(cfg).micro_batch < 2:
        message = "leaves batch norm one sample at a time; type 2 or more, or another `model.norm`"
        yield Problem("data.batch_size", message, str(cfg.data.batch_size))


def run_has_a_length(cfg: DictConfig) -> Iterator[Problem]:
    """Epochs, steps or tokens say when to stop."""
    trainer = cfg.trainer
    is_open = trainer.max_epochs is None and trainer.max_steps is None
    if is_open and trainer.max_tokens is None and not budget_of(cfg):
        message = "give one of trainer.max_epochs, trainer.max_steps, trainer.max_tokens, budget"
        yield Problem("trainer.max_epochs", message, "null")
    data = find_target(cfg.data._target_)
    is_read_on = _kind(data) == "text" and _text_task(data) == "language_modeling"
    if trainer.max_tokens is not None and not is_read_on:
        what = "classes of texts" if _kind(data) == "text" else "not text"
        message = f"counts tokens, but the data is {what}; type `trainer.max_steps`"
        yield Problem("trainer.max_tokens", message, str(trainer.max_tokens))


def data_is_read_by_leyden(cfg: DictConfig) -> Iterator[Problem]:
    """Keys of the trainer that only Leyden's data sets can follow."""
    if has_leyden_data(cfg):
        return
    name = str(cfg.data._target_).rpartition(".")[2]
    for key in ("overfit_samples", "allow_synthetic", "micro_batch"):
        value = cfg.trainer[key]
        if value:
            message = f"is for Leyden's data sets; {name} makes its batches by itself"
            yield Problem(f"trainer.{key}", message, str(value).lower())


@of_networks
def warmup_is_said_once(cfg: DictConfig) -> Iterator[Problem]:
    """Warm-up in steps or as a share of the run, not both."""
    scheduler = cfg.scheduler
    if scheduler.get("warmup_steps") is not None and scheduler.get("warmup_fraction") is not None:
        message = "excludes scheduler.warmup_fraction; set one of them to null"
        yield Problem("scheduler.warmup_steps", message, str(scheduler.warmup_steps))


@of_networks
def nesterov_has_momentum(cfg: DictConfig) -> Iterator[Problem]:
    """Nesterov's look ahead follows the momentum."""
    optimizer = cfg.optimizer
    if optimizer.get("nesterov") and optimizer.get("momentum") == 0:
        message = "needs momentum; type `optimizer.momentum=0.9`"
        yield Problem("optimizer.nesterov", message, "true")


RULES: dict[Rule, frozenset[str]] = {
    privacy_problems: frozenset(
        {"privacy", "model", "data", "task", "optimizer", "trainer", "compile", "freeze"}
    ),
    selects_by_validation: frozenset({"monitor"}),
    data_has_a_task: frozenset({"data"}),
    data_is_there: frozenset({"data"}),
    size_can_be_solved: frozenset({"params", "model"}),
    model_reads_data: frozenset({"model", "data"}),
    task_fits: frozenset({"task", "metrics", "monitor", "data"}),
    strategy_fits_devices: frozenset({"trainer"}),
    lightning_takes_its_keys: frozenset({"trainer"}),
    batch_divides: frozenset({"data", "trainer"}),
    documents_can_be_masked: frozenset({"data", "model"}),
    stream_is_carried: frozenset({"data", "model", "trainer"}),
    batch_norm_has_a_batch: frozenset({"model", "data", "trainer"}),
    accelerator_is_here: frozenset({"trainer"}),
    precision_fits: frozenset({"trainer", "model"}),
    compiler_is_here: frozenset({"compile", "trainer"}),
    batch_norm_is_synchronised_on_gpus: frozenset({"trainer"}),
    averaged_weights_are_whole: frozenset({"callbacks", "trainer"}),
    of_networks(optimizer_takes_split_parameters): frozenset({"optimizer", "trainer"}),
    of_networks(means_have_the_bits): frozenset({"optimizer", "callbacks", "trainer"}),
    run_has_a_length: frozenset({"trainer", "data", "budget"}),
    budget_problems: frozenset({"budget", "scheduler"}),
    data_is_read_by_leyden: frozenset({"trainer", "data"}),
    warmup_is_said_once: frozenset({"scheduler"}),
    nesterov_has_momentum: frozenset({"optimizer"}),
    name_is_a_folder_name: frozenset({"name"}),
    weights_are_there: frozenset({"init_from"}),
    run_dir_is_free: frozenset({"run_dir"}),
    packages_of_loggers: frozenset({"logger"}),
}
"""Each rule with the sections of the config that it reads. It is skipped if one of them already has
a problem."""
