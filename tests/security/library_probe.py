"""Constructs every part of other libraries that a config may name, and reports what that touches.

Run as a program, in an empty folder: it prints JSON. Writing, networks and processes are refused
while it watches, so that a defect does no harm.
"""

import inspect
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
import torchmetrics

from leyden.config.library_arguments import unsafe_arguments
from leyden.config.library_parts import LIBRARY_MODULES, MODELS
from leyden.config.targets import find_target

TEXTS = (
    *("/etc/passwd", "written.txt", "~/.netrc", "https://127.0.0.1:9/x.pth", "127.0.0.1"),
    *("IMAGENET1K_V1", "alex", "bert-base-uncased", "flores200", "spawn", "legacy"),
    *("canary_bird", "canary_bird.Song", "__import__('canary_bird')", "lambda x: x"),
)
"""Files, addresses, models, modules and code."""

PLAIN: tuple[Any, ...] = (True, 0, 2, 0.5, [1, 2, 3], {"a": 1})

NODE = {"_target_": "torch.nn.Identity"}
NESTED: tuple[Callable[[], Any], ...] = (
    lambda: torch.nn.Linear(2, 2),
    lambda: torchmetrics.MeanMetric(),
    lambda: partial(torch.nn.Identity),
)
"""What nodes within a node make; `NODE` stands for each when the arguments are checked."""

METRIC, LAYER, DATASET = torchmetrics.MeanMetric, torch.nn.Identity, partial(list, range(4))
LIKELY: dict[str, Callable[[], Any]] = {
    "params": lambda: [torch.nn.Parameter(torch.zeros(2, 2))],
    "optimizer": lambda: torch.optim.SGD([torch.nn.Parameter(torch.zeros(2))], momentum=0.9),
    "metric": METRIC,
    "metrics": METRIC,
    "base_metric": METRIC,
    "wrapped_metric": METRIC,
    "task_metrics": lambda: {"a": METRIC()},
    "dataset": DATASET,
    "data_source": DATASET,
    "indices": DATASET,
    "batch": DATASET,
    "sampler": DATASET,
    "weights": DATASET,
    "transforms": lambda: [LAYER()],
    "lambd": LAYER,
    "lr_lambda": lambda: partial(float),
    "task": lambda: "binary",
    "value": lambda: "nearest",
}
"""What the constructors with parameters of these names take."""

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
SUSPICIOUS = (
    *("os.", "socket.", "subprocess.", "urllib.", "http.", "ftplib.", "smtplib.", "poplib."),
    *("imaplib.", "nntplib.", "telnetlib.", "shutil.", "tempfile.", "pickle.", "ctypes.", "mmap."),
    *("sqlite3.", "webbrowser.", "glob.", "pty.", "builtins.input", "code.", "cpython.run"),
)
OWN = tuple(map(os.path.realpath, (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__))))
"""Folders of Python and its packages."""

LIBRARIES = {"torch", "torchvision", "torchmetrics", "numpy", "scipy", "PIL", "lightning_utilities"}
"""Packages that a part may import, and what they are made with."""

touched: list[str] = []
is_watching = False


def watch(event: str, details: tuple[Any, ...]) -> None:
    """Records what a constructor does apart from computing, and refuses it."""
    global is_watching
    if not is_watching:
        return
    is_watching = False  # what is done here is no constructor's
    try:
        is_bad = _is_bad(event, details)
    finally:
        is_watching = True
    if is_bad:
        touched.append(f"{event} {details!r:.200}")
        raise PermissionError(event)


def _is_bad(event: str, details: tuple[Any, ...]) -> bool:
    if event == "open":
        path, _, flags = details
        return bool(flags & WRITES) or not _is_own(path)
    if event in ("os.listdir", "os.scandir"):
        return not _is_own(details[0])
    if event == "compile":
        source = details[0]
        return isinstance(source, str | bytes) and any(text in str(source) for text in TEXTS)
    return event.startswith(SUSPICIOUS)


def _is_own(path: Any) -> bool:
    return isinstance(path, str) and os.path.realpath(path).startswith(OWN)


class Watch:
    """Sees every import, also that of a module which is not there."""

    @staticmethod
    def find_spec(name: str, *_: Any) -> None:
        """Records and refuses a module of a package that no part needs; finds nothing itself."""
        if is_watching and name.partition(".")[0] not in LIBRARIES | sys.stdlib_module_names:
            touched.append(f"import {name}")
            raise PermissionError(name)


def public_names() -> Iterator[str]:
    """Every public name of the modules, whether a config may use it or not."""
    for module in LIBRARY_MODULES:
        found = import_module(module)
        for name in sorted({*vars(found), *getattr(found, "__all__", ())}):
            if not name.startswith("_"):
                yield f"{module}.{name}"


def cases(target: Any, *, is_network: bool) -> Iterator[dict[str, Any]]:
    """Arguments: all hostile, and one hostile among those that are likely to work."""
    parameters = inspect.signature(target).parameters.values()
    names = [
        one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
    ]
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        names += ["pretrained", "weights_backbone", "dist_sync_fn"]
    likely = {
        one.name: LIKELY[one.name]() if one.name in LIKELY else 2
        for one in parameters
        if one.default is one.empty and one.name in names
    }
    yield likely
    if is_network and not inspect.isclass(target):
        return  # it takes weights, and what its class takes
    for value in (*PLAIN, *TEXTS, [TEXTS[0]], {"a": TEXTS[0]}, *(make() for make in NESTED)):
        yield dict.fromkeys(names, value)
    if is_network:
        return
    for name in names:
        for value in (True, 3, TEXTS[6], NESTED[2]()):
            yield {**likely, name: value}


def taken(path: str, target: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that a config may give; those that would fetch weights are null in it."""
    node = {key: _as_written(value) for key, value in arguments.items()}
    problems = [*unsafe_arguments("x", {"_target_": path, **node}, target)]
    refused = {problem.key.split(".")[1] for problem in problems}
    kept = {key: value for key, value in arguments.items() if key not in refused}
    in_signature = inspect.signature(target).parameters.keys()
    kept |= {key: None for key in refused & in_signature if key.startswith("weights")}
    node = {key: _as_written(value) for key, value in kept.items()}
    assert not [*unsafe_arguments("x", {"_target_": path, **node}, target)]
    return kept


def _as_written(value: Any) -> Any:
    """How a value stands in a config: an object is what a node makes."""
    if isinstance(value, dict):
        return {key: _as_written(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_written(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float | str) else NODE


def observed(make: Callable[[], Any]) -> tuple[bool, list[str]]:
    """Whether a call worked, and what it touched."""
    global is_watching
    touched.clear()
    is_watching = True
    try:
        make()
    except Exception:  # most arguments make no sense
        return False, list(touched)
    finally:
        is_watching = False
    return True, list(touched)


def probe(path: str, target: Any) -> dict[str, Any]:
    """Constructs a part with all arguments that are taken: what it touched, how often it worked."""
    seen: set[str] = set()
    all_touched: list[str] = []
    num_made = 0
    for given in cases(target, is_network=path.rpartition(".")[0] in MODELS):
        arguments = taken(path, target, given)
        if repr(arguments) in seen:
            continue
        seen.add(repr(arguments))
        is_made, has_touched = observed(partial(target, **arguments))
        num_made += is_made
        all_touched += has_touched
    return {"tried": len(seen), "made": num_made, "touched": all_touched}


def controls() -> dict[str, list[str]]:
    """What constructors touch that configs may not name, or not so: whether the watch sees it."""
    models, images = import_module("torchvision.models"), import_module("torchmetrics.image")
    makers = {
        "weights": lambda: models.resnet18(weights="DEFAULT"),
        "pretrained": lambda: models.resnet18(pretrained=True),
        "default": lambda: models.segmentation.lraspp_mobilenet_v3_large(),
        "metric": lambda: images.LearnedPerceptualImagePatchSimilarity(),
        "import": lambda: import_module(TEXTS[-4]),
        "code": lambda: eval(TEXTS[-2]),
        "read": lambda: Path(TEXTS[0]).read_text(),
        "write": lambda: Path(TEXTS[1]).write_text(""),
    }
    return {name: observed(maker)[1] for name, maker in makers.items()}


def main() -> None:
    """Probes all names; of the networks that one file makes the first alone, without `--all`."""
    warnings.simplefilter("ignore")
    logging.disable()
    sys.addaudithook(watch)
    sys.meta_path.insert(0, Watch)
    report: dict[str, Any] = {}
    done: dict[Any, str] = {}
    for path in public_names():
        try:
            target = find_target(path)
        except ValueError as error:
            report[path] = {"refused": str(error)}
            continue
        is_builder = path.rpartition(".")[0] in MODELS and not inspect.isclass(target)
        key = target.__module__ if is_builder and "--all" not in sys.argv else target
        if key in done:
            report[path] = {"like": done[key]}
            continue
        done[key] = path
        with torch.device("meta"):  # networks without their numbers
            report[path] = probe(path, target)
    with torch.device("meta"):
        sys.stdout.write(json.dumps({"parts": report, "controls": controls()}))


if __name__ == "__main__":
    main()
