"""Configs as plain values and as YAML: read and written as OmegaConf does, only faster."""

import os
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import yaml
from omegaconf import DictConfig, OmegaConf

from leyden.compat.omegaconf import get_omega_conf_dumper, get_yaml_loader
from leyden.errors import ConfigError, Problem


def plain(node: DictConfig) -> Any:
    """A config as dicts, lists and values, all resolved."""
    unresolved = OmegaConf.to_container(node)
    if not refers(unresolved):  # to resolve takes three times as long
        return unresolved
    return OmegaConf.to_container(node, resolve=True)


def refers(value: Any) -> bool:
    """Whether something stands in plain values, not resolved, that OmegaConf has to work out."""
    return "${" in repr(value)


def copy_of(cfg: DictConfig) -> DictConfig:
    """A whole config's copy, by a pickle that does not leave this function.

    OmegaConf's own takes three times as long.
    """
    return cast(DictConfig, pickle.loads(pickle.dumps(cfg)))


def has_types(node: Any) -> bool:
    """Whether a config has a part with the types of a dataclass, as those of a ConfigStore."""
    if not OmegaConf.is_config(node):
        return False
    if OmegaConf.get_type(node) not in (dict, list):
        return True
    keys: Any = node.keys() if isinstance(node, DictConfig) else range(len(node))
    return any(
        has_types(node[key])
        for key in keys
        if not OmegaConf.is_interpolation(node, key) and not OmegaConf.is_missing(node, key)
    )


def untyped(cfg: DictConfig) -> DictConfig:
    """A config without the types of dataclasses, once values have been checked by them."""
    return cast(DictConfig, OmegaConf.create(OmegaConf.to_container(cfg, enum_to_str=True)))


def texts_in(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yields each text in a plain config and its path.

    Args:
        node: Plain, nothing resolved.
        path: Path of the node in the config.
    """
    if isinstance(node, dict | list):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            yield from texts_in(value, f"{path}.{key}".lstrip("."))
    elif isinstance(node, str):
        yield path, node


def as_yaml(value: Any) -> str:
    """Plain values as OmegaConf writes them, which would make a config of them first."""
    dumper = get_omega_conf_dumper()
    return yaml.dump(value, Dumper=dumper, allow_unicode=True, sort_keys=False)


def read_yaml(path: Path) -> Any:
    """The plain values of a file; those of an empty one are none at all.

    Raises:
        OSError: It can't be read.
        YAMLError: It is no YAML.
    """
    with path.open(encoding="utf-8") as file:
        return parse_yaml(file)


def parse_yaml(file: IO[Any]) -> Any:
    """The plain values of an open file; see `read_yaml`."""
    found = yaml.load(file, Loader=LOADER)
    return {} if found is None else found


def loader() -> Any:
    """OmegaConf's, with libyaml's parser in the place of PyYAML's own."""
    by_omegaconf: Any = get_yaml_loader()
    if not yaml.__with_libyaml__:
        return by_omegaconf
    from yaml._yaml import CParser

    class Loader(CParser, by_omegaconf):  # type: ignore[misc]
        def __init__(self, stream: Any) -> None:
            CParser.__init__(self, stream)
            yaml.constructor.SafeConstructor.__init__(self)
            yaml.resolver.Resolver.__init__(self)

    return Loader


LOADER = loader()


MOST_BYTES = 1_000_000
MOST_VALUES = 20_000
MOST_DEPTH = 32
NOT_STRUCTURE = re.compile(r"""#.*|"[^"\n]*"|'[^'\n]*'""")
"""Comments and quoted texts, in which brackets mean nothing."""


def require_bounded_size(file: BinaryIO) -> None:
    """Raises `ConfigError` if a YAML file is too large, or would be once it is parsed.

    It is looked through event by event, so that nothing is built of it.

    Args:
        file: File at its beginning, where it is put again.

    Raises:
        YAMLError: It is no YAML.
    """
    try:
        is_large = os.fstat(file.fileno()).st_size > MOST_BYTES
        reason = "has more than 1 MB" if is_large else _excess(file)
    except yaml.YAMLError:
        # A parser's own limit of depth, and its words for it, differ from version to version.
        file.seek(0)
        if not _opens_too_many(file.read().decode("utf-8", "replace")):
            raise
        reason = f"is nested more than {MOST_DEPTH} deep"
    if reason:
        raise ConfigError([Problem("YAML", f"{reason}; no config needs that", str(file.name))])
    file.seek(0)


def _opens_too_many(text: str) -> bool:
    """Whether more brackets are open at some place of a YAML text than `MOST_DEPTH`."""
    depth = 0
    for bracket in re.findall(r"[][{}]", NOT_STRUCTURE.sub("", text)):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        if depth > MOST_DEPTH:
            return True
    return False


def _excess(file: BinaryIO) -> str | None:
    sizes: dict[str | None, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            total += sizes.get(event.anchor, 0)
        elif isinstance(event, yaml.NodeEvent):
            total += 1
            sizes |= {event.anchor: 1} if event.anchor else {}
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, total))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            sizes |= {anchor: total - before + 1} if anchor else {}
        if total > MOST_VALUES:
            return f"holds more than {MOST_VALUES:,} values"
        if len(open_nodes) > MOST_DEPTH:
            return f"is nested more than {MOST_DEPTH} deep"
    return None
