"""Looks at the data: whether it can be had, and is what it says."""

from collections.abc import Iterator

import torch
from omegaconf import DictConfig

from leyden.config.problem import ConfigError, Problem
from leyden.data import DataModule, Spec, Unreadable
from leyden.data.loader import Draw
from leyden.tasks import task_of


def read_spec(data: DataModule, *, fetch: bool) -> Spec:
    """The data's spec; the data is fetched for it where it is not here.

    Raises:
        ConfigError: The data can't be had, or is not what the config says of it.
    """
    try:
        if fetch:
            data.prepare_data()
        return data.spec
    except Unreadable as error:
        key = "data" if error.key is None else f"data.{error.key}"
        value = None if error.key is None else getattr(data, error.key, None)
        raise ConfigError([Problem(key, str(error), value and str(value))]) from error
    except Exception as error:
        raise ConfigError([Problem("data", f"can't be read: {in_a_line(error)}")]) from error


def data_problems(cfg: DictConfig, data: DataModule) -> Iterator[Problem]:
    """What is wrong with the parts, and with the batches that they give."""
    available = data.train_samples
    if available == 0 and data.spec.kind == "text":
        message = "leaves no whole window in the training part; type a smaller one"
        yield Problem("data.context", message, str(data.spec.input_shape[0]))
    elif cfg.data.batch_size > available:
        message = f"is more than the {available:,} training samples; type {available} or less"
        yield Problem("data.batch_size", message, str(cfg.data.batch_size))
    if data.is_readable and available > 0:
        yield from _empty_parts(data)
        yield from _unlike_batch(data)


def _empty_parts(data: DataModule) -> Iterator[Problem]:
    for name, part in (("validation", data.parts.val), ("test", data.parts.test)):
        if len(part) == 0:
            yield Problem("data", f"its {name} part is empty")


def _unlike_batch(data: DataModule) -> Iterator[Problem]:
    """Samples and targets have the shapes that the spec says."""
    try:
        inputs, targets = data.parts.train[Draw(0, torch.arange(2))]
    except Unreadable as error:
        yield Problem("data", str(error))
        return
    except Exception as error:
        yield Problem("data", f"its training part can't give a batch: {in_a_line(error)}")
        return
    spec = data.spec
    shapes = {
        "samples": (tuple(inputs.shape[1:]), spec.input_shape),
        "targets": (tuple(targets.shape[1:]), task_of(spec).target_shape(spec)),
    }
    for what, (given, wanted) in shapes.items():
        if given != wanted:
            yield Problem("data", f"gives {what} of shape {given}; its spec says {wanted}")


def in_a_line(error: Exception) -> str:
    """An error's kind and first line."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]
