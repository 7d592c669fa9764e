"""The states of generators of random numbers: the global ones, and those that loaders hold.

Beside generators, loaders hold counters, such as the epoch by which a sampler seeds itself.
"""

import random
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import torch
from pytorch_lightning import LightningDataModule, LightningModule, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader


def generator_states() -> dict[str, Any]:
    """Of Python, NumPy, torch and each GPU; tensors and plain types, which load without pickle.

    Hundreds of numbers are tensors: a list of them takes longer to write than a small network.
    """
    version, words, gauss = random.getstate()
    numpy = np.random.get_state(legacy=False)
    key = torch.from_numpy(numpy["state"]["key"].astype(np.int64))
    return {
        "python": [version, torch.tensor(words), gauss],
        "numpy": {**numpy, "state": {**numpy["state"], "key": key}},
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_generators(states: dict[str, Any]) -> None:
    """Sets all generators to what `generator_states` gave, or gave as lists in earlier versions."""
    version, words, gauss = states["python"]
    random.setstate((version, tuple(torch.as_tensor(words).tolist()), gauss))
    numpy = states["numpy"]
    key = torch.as_tensor(numpy["state"]["key"]).numpy().astype(np.uint32)
    np.random.set_state({**numpy, "state": {**numpy["state"], "key": key}})
    torch.set_rng_state(states["torch"])
    if states["cuda"]:
        torch.cuda.set_rng_state_all(states["cuda"])


Generator = torch.Generator | np.random.Generator | np.random.RandomState | random.Random

MOST_ITEMS = 64
"""Lists and mappings of more are samples, not parts."""

DEPTH = 6
"""Levels of attributes that are looked into: a loader, its sampler, data set, transforms, ..."""

CLOSED = (
    *(Tensor, np.ndarray, str, bytes, type, ModuleType, FunctionType),
    *(LightningModule, LightningDataModule, Trainer),
)
"""What holds no part of a loader."""


def held_states(loaders: list[Any]) -> dict[str, Any]:
    """States of the generators that loaders and their parts hold, and their counters, in order."""
    parts = list(parts_of(loaders))
    return {
        "generators": [_state(part) for part in parts if isinstance(part, Generator)],
        "counters": [_counters(part) for part in parts if not isinstance(part, Generator)],
    }


def restore_held(loaders: list[Any], states: dict[str, Any]) -> None:
    """Restores what `held_states` said, in loaders that are made as those were."""
    parts = list(parts_of(loaders))
    generators = [part for part in parts if isinstance(part, Generator)]
    for generator, state in zip(generators, states["generators"], strict=True):
        _restore(generator, state)
    others = [part for part in parts if not isinstance(part, Generator)]
    for part, counters in zip(others, states["counters"], strict=True):
        for name, value in counters.items():
            if vars(part).get(name) != value:
                setattr(part, name, value)


def parts_of(value: Any, depth: int = DEPTH, seen: set[int] | None = None) -> Iterator[Any]:
    """Objects that loaders are made of, each once: data sets, samplers, transforms, generators.

    Args:
        value: A loader, or several.
        depth: Levels of attributes that are looked into.
        seen: Identities of the objects that were given already.
    """
    seen = set() if seen is None else seen
    if isinstance(value, CLOSED) or id(value) in seen or depth < 0:
        return
    if isinstance(value, list | tuple | dict):
        if len(value) <= MOST_ITEMS:
            for inner in value.values() if isinstance(value, dict) else value:
                yield from parts_of(inner, depth, seen)
        return
    if isinstance(value, Generator):
        seen.add(id(value))
        yield value
    elif hasattr(value, "__dict__"):
        seen.add(id(value))
        yield value
        for inner in list(vars(value).values()):
            yield from parts_of(inner, depth - 1, seen)


def _counters(part: Any) -> dict[str, Any]:
    """Whole numbers and flags in the attributes of a part of a loader that is not torch's own."""
    if isinstance(part, DataLoader | nn.Module):  # the one forbids to set them
        return {}
    return {
        name: value
        for name, value in vars(part).items()
        if isinstance(value, bool | int) and not name.startswith("__")
    }


def _state(generator: Generator) -> Any:
    """As tensors and plain types, which load without pickle."""
    if isinstance(generator, torch.Generator):
        return generator.get_state()
    if isinstance(generator, random.Random):
        version, words, gauss = generator.getstate()
        return [version, torch.tensor(words), gauss]
    if isinstance(generator, np.random.RandomState):
        return _plain(generator.get_state(legacy=False))
    return _plain(generator.bit_generator.state)


def _restore(generator: Generator, state: Any) -> None:
    if isinstance(generator, torch.Generator):
        generator.set_state(state)
    elif isinstance(generator, random.Random):
        version, words, gauss = state
        generator.setstate((version, tuple(words.tolist()), gauss))
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(_arrays(state))
    else:
        generator.bit_generator.state = _arrays(state)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "numbers": value.tolist()}
    return value


def _arrays(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"dtype", "numbers"}:
        return np.array(value["numbers"], dtype=value["dtype"])
    if isinstance(value, dict):
        return {key: _arrays(inner) for key, inner in value.items()}
    return value
