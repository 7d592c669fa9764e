"""The YAML file of a part: its target, and each parameter with its default, its type and its text.

It is written from the class or function alone, so that nothing has to be typed twice.
"""

import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Self, get_type_hints

import yaml

from leyden.compat.omegaconf import get_omega_conf_dumper
from leyden.config.docstrings import argument_texts, summary_of
from leyden.config.location import CONF
from leyden.config.nodes import WRAPPER, check_node, keys_of
from leyden.config.plain import refers
from leyden.config.signature import Parameter, parameters_of
from leyden.config.targets import find_target, is_function
from leyden.config.type_text import type_text
from leyden.errors import ConfigError, Problem, suggestion

GROUP_OF = (
    ("task", "leyden.tasks.Task"),
    ("callbacks", "pytorch_lightning.Callback"),
    ("logger", "pytorch_lightning.loggers.Logger"),
    ("metrics", "torchmetrics.Metric"),
    ("data", "pytorch_lightning.LightningDataModule"),
    ("optimizer", "torch.optim.Optimizer"),
    ("scheduler", "torch.optim.lr_scheduler.LRScheduler"),
    ("model", "torch.nn.Module"),
    ("data", "torch.utils.data.Dataset"),
    ("data", "torch.utils.data.DataLoader"),
)
"""The group of a class that is derived of another; the first that fits."""

OF_LATER_CALLS = ("optimizer", "scheduler")
"""Groups whose targets are called once there is a network: with `_partial_`."""

OF_NAMES = {"callbacks": "default", "logger": "tensorboard"}
"""Groups of parts by name, and the option that a new one is added to."""

MOST_CHARACTERS = 100
DEFAULT = re.compile(r"\s*\(default: .*\)\.?$|\s*Default: \S+$")
SENTENCE = re.compile(r"(?<=\.)\s+(?=[A-Z`])")


@dataclass(frozen=True)
class PartFile:
    """The file of a part.

    Attributes:
        group: Group that it is an option of.
        name: Name of the option.
        text: Content of the file.
        required: Keys that have to be given.
    """

    group: str
    name: str
    text: str
    required: tuple[str, ...]

    def require_free(self, conf: Path, *, extends_catalogue: bool) -> None:
        """Raises `ConfigError` unless the group is one, and the name is not taken.

        Args:
            conf: Folder of the project's configs.
            extends_catalogue: Whether they come after the catalogue, whose options hide theirs.
        """
        groups = {path.name for path in (*CONF.iterdir(), *conf.iterdir()) if path.is_dir()}
        option = f"{self.group}/{self.name}.yaml"
        if self.group.partition("/")[0] not in groups:
            hint = f"there is no such group; {suggestion(self.group, groups)}"
            raise ConfigError([Problem("--group", hint, self.group)])
        if (conf / option).exists():
            hint = f"{conf.name}/{option} is there; type another --name, or remove the file"
            raise ConfigError([Problem("--name", hint, self.name)])
        if extends_catalogue and (CONF / option).exists():
            hint = f"Leyden has {self.group}={self.name} itself; type another --name"
            raise ConfigError([Problem("--name", hint, self.name)])


@dataclass(frozen=True)
class Line:
    """A key with its comment.

    Attributes:
        yaml: Key and value.
        comment: What is said of it.
    """

    yaml: str
    comment: str


def part_file(path: str, *, group: str | None = None, name: str | None = None) -> PartFile:
    """What the file of a part is to hold.

    Args:
        path: Dotted path of its class or function.
        group: Group; None: that of the class.
        name: Name of the option; None: that of the class.

    Raises:
        ConfigError: Configs may not name it, or its group is not known.
    """
    try:
        target = find_target(path)
    except ValueError as error:
        raise ConfigError([Problem("--conf", str(error), path)]) from error
    group = group or _group_of(target, path)
    name = name or _option_name(path.rpartition(".")[2])
    lines, required = _lines(path, target, group)
    head = [f"# {line}" for line in _wrapped(summary_of(target), 0)]
    text = "\n".join([*head, *_shown(lines)])
    if group in OF_NAMES:
        defaults = f"defaults:\n  - {OF_NAMES[group]}\n  - _self_\n"
        text = f"{defaults}\n{name}:\n{textwrap.indent(text, '  ')}"
        required = [f"{name}.{key}" for key in required]
    return PartFile(group, name, f"{text}\n", tuple(f"{group}.{key}" for key in required))


def _lines(path: str, target: Any, group: str) -> tuple[list[Line], list[str]]:
    """The lines of a file, and the keys among them that have to be given."""
    keys, passed = keys_of(path, group)
    own = parameters_of(target)
    texts = {**argument_texts(find_target(WRAPPER)), **argument_texts(target)}
    shown = {key: one for key, one in keys.items() if key not in passed and _is_said(key, own)}
    plain = {key: _plain(one.default) for key, one in shown.items() if _has_plain(one)}
    refused = _refused(path, plain, group)
    lines = [Line(f"_target_: {path}", "")]
    if group in OF_LATER_CALLS:
        lines.append(Line("_partial_: true", "called once there is a network"))
    required = []
    for key, one in shown.items():
        comment = _comment(one, texts.get(key, ""))
        if one.required:
            lines += _required(key, one.hint, comment)
            required.append(key)
        elif key in plain and key not in refused:
            lines.append(Line(f"{key}: {_flow(plain[key])}", comment))
        else:
            default = _flow(plain[key]) if key in plain else _default_text(one.default)
            left_out = f"left out: {refused.get(key, 'no plain value')}. {comment}"
            lines.append(Line(f"# {key}: {default}", left_out))
    if passed:
        lines.append(Line(f"# passed by Leyden: {', '.join(sorted(passed))}", ""))
    return lines, required


def _is_said(key: str, own: dict[str, Parameter]) -> bool:
    """Whether a key is the target's own, or one by which its samples become batches."""
    return key in own or key in ("batch_size", "eval_batch_size", "num_workers")


def _required(key: str, hint: Any, comment: str) -> list[Line]:
    """The lines of a key that has no default."""
    said = type_text(hint)
    if "by `_target_`" not in said or " or " in said:
        return [Line(f"{key}: ???", comment)]
    partial = [Line("  _partial_: true", "")] if "_partial_" in said else []
    return [Line(f"{key}:", comment), Line("  _target_: ???", ""), *partial]


def _refused(path: str, values: dict[str, Any], group: str) -> dict[str, str]:
    """Defaults that a config may not hold, and why.

    Raises:
        ConfigError: The target does not belong into the group.
    """
    found: dict[str, str] = {}
    for problem in check_node(group, {"_target_": path, **values}, group):
        place, _, key = problem.key.partition(f"{group}.")
        key = key.partition(".")[0].partition("[")[0]
        if place or key in ("", "_target_"):
            raise ConfigError([Problem("--conf", problem.message, path)])
        found[key] = problem.message
    return found


def _group_of(target: Any, path: str) -> str:
    made = _made_by(target) if is_function(target) else target
    for group, base in GROUP_OF:
        module, _, name = base.rpartition(".")
        if inspect.isclass(made) and issubclass(made, getattr(import_module(module), name)):
            if group == "metrics":
                hint = "is a metric, which needs no file: type `metrics.NAME._target_=...`"
                raise ConfigError([Problem("--conf", hint, path)])
            return group
    hint = "does not say of which group it is; type --group model, data, callbacks, ..."
    raise ConfigError([Problem("--conf", hint, path)])


def _made_by(function: Any) -> Any:
    """The class that a function says to return; None where it says nothing."""
    try:
        made = get_type_hints(function).get("return")
    except Exception:  # to resolve a hint is to run the text that someone wrote there
        return None
    return function.__self__ if inspect.ismethod(function) and made in (None, Self) else made


def _option_name(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return words.lower()


def _comment(parameter: Parameter, text: str) -> str:
    said = type_text(parameter.hint)
    text = DEFAULT.sub("", text)
    if len(text) > MOST_CHARACTERS:
        text = SENTENCE.split(text, maxsplit=1)[0]
    text = text.rstrip(" .")
    return f"{text} ({said})" if said and text else said or text


def _has_plain(parameter: Parameter) -> bool:
    return not parameter.required and _is_plain(parameter.default)


def _is_plain(value: Any) -> bool:
    """Whether a YAML file can hold a value; texts that Hydra would read otherwise are none."""
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(type(key) is str for key in value) and all(map(_is_plain, value.values()))
    if type(value) is str:
        return not refers(value) and value != "???"
    return value is None or type(value) in (bool, int, float)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return (
        {key: _plain(inner) for key, inner in value.items()} if isinstance(value, dict) else value
    )


def _flow(value: Any) -> str:
    """A plain value in one line of YAML."""
    dumper = get_omega_conf_dumper()
    text = yaml.dump([value], Dumper=dumper, default_flow_style=True, width=10**6, sort_keys=False)
    return text.strip()[1:-1]


def _default_text(value: Any) -> str:
    name = getattr(value, "__qualname__", None)
    text = f"{value.__module__}.{name}" if name else repr(value)
    return textwrap.shorten(" ".join(text.split()), 60, placeholder="...")


def _shown(lines: list[Line]) -> Iterator[str]:
    """The lines of a file, each with its comment beside it, or above it where it is long."""
    for line in lines:
        beside = f"{line.yaml}  # {line.comment}"
        if not line.comment:
            yield line.yaml
        elif len(beside) <= MOST_CHARACTERS and not line.yaml.startswith("#"):
            yield beside
        else:
            yield from (f"# {text}" for text in _wrapped(line.comment, 2))
            yield line.yaml


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(text, MOST_CHARACTERS - 2 - indent)
