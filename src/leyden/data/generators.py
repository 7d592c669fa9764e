"""The states of generators of random numbers: the global ones, and those that loaders hold."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
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


def held_states(loaders: list[Any]) -> list[Any]:
    """States of the generators that loaders, their samplers and data sets hold, in order."""
    return [_state(generator) for generator in _held(loaders)]


def restore_held(loaders: list[Any], states: list[Any]) -> None:
    """Sets the generators of loaders that are made as those were of which the states are."""
    for generator, state in zip(_held(loaders), states, strict=True):
        _restore(generator, state)


def _held(loaders: list[Any]) -> Iterator[Generator]:
    """Generators in the attributes of loaders and of their parts, each once."""
    seen: set[int] = set()
    for loader in loaders:
        parts = [loader]
        if isinstance(loader, DataLoader):
            parts += [loader.sampler, loader.batch_sampler, loader.dataset, loader.collate_fn]
            parts.append(getattr(loader.batch_sampler, "sampler", None))
            parts.append(getattr(loader.dataset, "dataset", None))  # of a Subset
        for part in parts:
            for value in getattr(part, "__dict__", {}).values():
                if isinstance(value, Generator) and id(value) not in seen:
                    seen.add(id(value))
                    yield value


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
