"""Models as files that run without Leyden: ONNX, and programs of `torch.export`."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim

from leyden.errors import ConfigError, Problem
from leyden.interop.deployable import Deployable, random_inputs

TOLERANCE = 1e-4
"""Largest difference from the live model, relative to the largest output."""

OPSET = 20


@dataclass(frozen=True)
class Written:
    """A model in a file.

    Attributes:
        call: Asks it.
        has_free_length: Whether it takes texts of other lengths than the context.
    """

    call: Callable[[Tensor], Tensor]
    has_free_length: bool = True


@dataclass(frozen=True)
class Difference:
    """How far a file is from the live model.

    Attributes:
        inputs: What both were asked, in words.
        value: Largest difference, relative to the largest output.
    """

    inputs: str
    value: float


def require_onnx() -> None:
    """Raises `ConfigError` where a package of the extra `export` is missing."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ModuleNotFoundError as error:
        message = f"needs {error.name} of the extra `export`: pip install 'leyden[export]'"
        raise ConfigError([Problem("--format", message, "onnx")]) from error


def write_onnx(model: Deployable, file: Path) -> Written:
    """Writes a model that takes any number of inputs, and of tokens."""
    is_text = model.spec.kind == "text"
    with quiet():
        if is_text and has_recurrent_layers(model):
            # The newer exporter unrolls recurrent layers: time would be frozen.
            axes = {0: "batch", 1: "time"}
            torch.onnx.export(
                model,
                (random_inputs(model, 2),),
                file,
                dynamo=False,
                input_names=["inputs"],
                output_names=["outputs"],
                dynamic_axes={"inputs": axes, "outputs": axes},
            )
        else:
            torch.onnx.export(
                program_of(model),
                f=file,
                dynamo=True,
                external_data=False,
                opset_version=OPSET,
                input_names=["inputs"],
                output_names=["outputs"],
                verbose=False,
            )
    return onnx_session(file)


def onnx_session(file: Path) -> Written:
    """A file in ONNX Runtime."""
    from onnxruntime import InferenceSession

    session = InferenceSession(file, providers=["CPUExecutionProvider"])
    return Written(
        lambda inputs: torch.from_numpy(session.run(None, {"inputs": inputs.numpy()})[0])
    )


def write_program(model: Deployable, file: Path) -> Written:
    """Writes a program of `torch.export`; of recurrent layers the time is frozen in it."""
    with quiet():
        torch.export.save(program_of(model), file)
        loaded: Any = torch.export.load(file).module()
    return Written(loaded, has_free_length=not has_recurrent_layers(model))


def has_recurrent_layers(model: nn.Module) -> bool:
    """Whether some layers read their input step by step."""
    return any(isinstance(layer, nn.RNNBase) for layer in model.modules())


def program_of(model: Deployable) -> torch.export.ExportedProgram:
    """The model as a graph whose batch is free, and of text the time up to the context.

    Raises:
        ConfigError: The network can't be told as a graph.
    """
    spec, free = model.spec, {0: Dim("batch")}
    length = None
    if spec.kind == "text" and spec.input_shape[0] > 3 and not has_recurrent_layers(model):
        free[1] = Dim("time", min=2, max=spec.input_shape[0])
        length = spec.input_shape[0] - 1
    try:
        return torch.export.export(
            model, (random_inputs(model, 3, length=length),), dynamic_shapes=(free,)
        )
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        message = f"can't be exported: {type(error).__name__}: {reason}"
        raise ConfigError([Problem("RUN", message)]) from error


def differences(model: Deployable, written: Written, real: Tensor | None) -> Iterator[Difference]:
    """How far a file is from the live model, on inputs of several sizes.

    Args:
        model: The live model.
        written: The file.
        real: Inputs of the run's own data; None: they are gone.
    """
    for count in (1, 2, 17):
        yield _difference(model, written, random_inputs(model, count), f"{count} random")
    if model.spec.kind == "text" and written.has_free_length:
        for length in {2, model.spec.input_shape[0] // 2} - {0, 1}:
            given = random_inputs(model, 2, length=length)
            yield _difference(model, written, given, f"2 random of {length} tokens")
    if real is not None:
        yield _difference(model, written, real, f"{len(real)} of the test part")


def _difference(model: Deployable, written: Written, inputs: Tensor, words: str) -> Difference:
    try:
        with torch.inference_mode():
            live, filed = model(inputs).double(), written.call(inputs).double()
    except Exception as error:  # a size that the file does not take
        reason = str(error).strip().partition("\n")[0]
        message = f"the file does not take {words}: {reason}"
        raise ConfigError([Problem("--format", message)]) from error
    largest = float(live.abs().max()) or 1.0
    return Difference(words, float((live - filed).abs().max()) / largest)


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps the exporters' remarks from the terminal."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
