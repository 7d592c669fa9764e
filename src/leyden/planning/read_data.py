"""Looks at the data: whether it can be had, and is what it says."""

from collections.abc import Iterator
from typing import Any

import torch
from omegaconf import DictConfig
from pytorch_lightning import LightningDataModule, seed_everything
from pytorch_lightning.utilities.seed import isolate_rng

from leyden.config.module_run import is_module_run
from leyden.config.user_code import in_a_line
from leyden.data import BatchIndices, DataError, DataModule, DataSplits, Spec
from leyden.data.batches import BatchedDataset
from leyden.data.capabilities import spec_of
from leyden.errors import ConfigError, Problem
from leyden.planning.building import build_data
from leyden.planning.tasks import task_class
from leyden.tasks import TASKS


def read_data(cfg: DictConfig, *, fetch: bool) -> tuple[LightningDataModule, Spec | None]:
    """The data and its spec; of a LightningDataModule that says none, only the object.

    Args:
        cfg: Config of the run.
        fetch: The data is fetched where it is not here.

    Raises:
        ConfigError: The data can't be had, or is not what the config says of it.
    """
    data: LightningDataModule | None = None
    try:
        with isolate_rng():  # a data set of the user's may draw: it does so as in the run itself
            seed_everything(cfg.seed, verbose=False)
            data = build_data(cfg)
            if not isinstance(data, DataModule):
                return data, spec_of(data)
            if fetch:
                data.prepare_data()
            _require_parts(data)
            return data, data.spec
    except ConfigError:
        raise
    except DataError as error:
        key = "data" if error.key is None else f"data.{error.key}"
        value = None if error.key is None else getattr(data, error.key, None)
        raise ConfigError([Problem(key, str(error), value and str(value))]) from error
    except (Exception, SystemExit) as error:
        raise ConfigError([Problem("data", f"can't be read: {in_a_line(error)}")]) from error


def _require_parts(data: DataModule) -> None:
    """Raises `ConfigError` where the parts are something else."""
    if data.is_readable and not isinstance(data.splits, DataSplits):
        given = type(data.splits).__name__
        message = (
            f"its `load` gives an object of the class {given}; it must give leyden.data.DataSplits"
        )
        raise ConfigError([Problem("data", message)])


def read_leyden_data(cfg: DictConfig, *, fetch: bool) -> tuple[DataModule, Spec]:
    """The data and its spec, for what needs more of it than a LightningDataModule can say.

    Raises:
        ConfigError: See `read_data`; or the data set is none of Leyden's.
    """
    data, spec = read_data(cfg, fetch=fetch)
    if not isinstance(data, DataModule) or spec is None:
        message = f"{type(data).__name__} is no leyden.data.DataModule, which this needs"
        raise ConfigError([Problem("data", message)])
    return data, spec


def data_problems(cfg: DictConfig, data: LightningDataModule) -> list[Problem]:
    """What is wrong with the parts of a Leyden data set, and with the batches that they give."""
    if not isinstance(data, DataModule):
        return []
    try:
        return list(_problems(cfg, data))
    except (Exception, SystemExit) as error:  # such as a part without a length
        return [Problem("data", f"can't be read: {in_a_line(error)}")]


def _problems(cfg: DictConfig, data: DataModule) -> Iterator[Problem]:
    available = data.train_samples
    if available == 0 and data.spec.task_name == "language_modeling":
        message = "leaves no whole window in the training part; type a smaller one"
        yield Problem("data.context", message, str(data.spec.input_shape[0]))
    elif cfg.data.batch_size > available:
        message = f"is more than the {available:,} training samples; type {available} or less"
        yield Problem("data.batch_size", message, str(cfg.data.batch_size))
    if data.is_readable and available > 0:
        parts = {"training": data.splits.train, "validation": data.splits.val}
        parts["test"] = data.splits.test
        for name, part in parts.items():
            found = list(_part_problems(name, part, data.spec, cfg))
            yield from found
            if found:  # the others are likely to have the same
                return


def _part_problems(
    name: str, part: BatchedDataset, spec: Spec, cfg: DictConfig
) -> Iterator[Problem]:
    """Whether a part has samples, and gives them and their targets as the spec says."""
    if len(part) == 0:
        yield Problem("data", f"its {name} part is empty")
        return
    try:
        inputs, targets = part[BatchIndices(0, torch.arange(min(2, len(part))))]
    except DataError as error:
        yield Problem("data", str(error))
        return
    except (Exception, SystemExit) as error:
        yield Problem("data", f"its {name} part can't give a batch: {in_a_line(error)}")
        return
    task = TASKS[spec.task_name] if is_module_run(cfg) else task_class(cfg, spec)
    has_numbers = spec.task_name == "regression"
    wanted = {
        "samples": (inputs, spec.input_shape, spec.kind != "text"),
        "targets": (targets, task.target_shape(spec), has_numbers),
    }
    for what, (given, shape, is_floating) in wanted.items():
        if what == "targets" and task not in TASKS.values() and isinstance(given, torch.Tensor):
            is_floating = given.is_floating_point()  # a task of the user's says the shape alone
        wrong = _misfit(given, shape, is_floating=is_floating, precision=cfg.trainer.precision)
        if wrong:
            yield Problem("data", f"its {name} part gives {what} {wrong}")


def _misfit(batch: Any, shape: tuple[int, ...], *, is_floating: bool, precision: str) -> str | None:
    """What is wrong with a batch, or None if it is what the network and the loss take."""
    if not isinstance(batch, torch.Tensor):
        return f"of the class {type(batch).__name__}; they must be a torch.Tensor"
    if tuple(batch.shape[1:]) != tuple(shape):
        return f"of shape {tuple(batch.shape[1:])}; its spec says {tuple(shape)}"
    if not is_floating and (batch.is_floating_point() or batch.is_complex()):
        return f"of {batch.dtype}; they must be torch.long"
    too_exact = batch.dtype == torch.float64 and precision != "64-true"
    if is_floating and (not batch.is_floating_point() or too_exact):
        return f"of {batch.dtype}; they must be torch.float32"
    return None
