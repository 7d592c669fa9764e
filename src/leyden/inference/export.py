"""A run's model in a folder for other programs, compared with the live model."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from leyden.config.module_run import is_module_run
from leyden.config.references import in_run_folder
from leyden.data import BatchIndices, DataModule, Spec
from leyden.errors import ConfigError, Problem
from leyden.files.json_file import read_json
from leyden.files.temporary import remove_left, temporary_folder
from leyden.inference.load import LoadedRun, calibration_of, load_run
from leyden.interop.deployable import Deployable
from leyden.interop.hf_export import PREFIX, folder_problem
from leyden.interop.model_card import model_card, write_card
from leyden.interop.program_export import (
    TOLERANCE,
    Difference,
    Written,
    differences,
    require_onnx,
    write_onnx,
    write_program,
)
from leyden.interop.quantized_export import quality_of, write_int8
from leyden.interop.weights_export import require_safetensors, write_weights
from leyden.planning.read_data import read_data
from leyden.run.folder import read_frozen
from leyden.run.preparation import NAME as PREPARATION
from leyden.run.preparation import TOKENIZER

FILES = {"onnx": "model.onnx", "torch": "model.pt2", "safetensors": "model.safetensors"}
INT8 = "model.int8.onnx"
MOST_REAL = 64
"""Inputs of the test part that a file is compared on."""

MOST_MEASURED = 2000
"""Inputs of the test part on which the loss of weights of 8 bits is measured."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        file: The model.
        differences: How far it is from the live model.
        note: What could not be compared; empty: nothing.
        quantized: What the file with weights of 8 bits is and loses; None: there is none.
    """

    file: Path
    differences: list[Difference]
    note: str
    quantized: "Quantized | None" = None


@dataclass(frozen=True)
class Quantized:
    """A file with weights of 8 bits, beside the one with 32.

    Attributes:
        bytes: Sizes of the file with 32 bits and of that with 8.
        metrics: Metrics of the test part by name: of the one, of the other; empty: not measured.
    """

    bytes: tuple[int, int]
    metrics: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class RealInputs:
    """Some of the test part, as the deployed model takes and gives it.

    Attributes:
        inputs: Inputs.
        targets: Classes, numbers in their own unit, or tokens.
    """

    inputs: Tensor
    targets: Tensor


def export_model(
    source: Path, which: str, format: str, folder: Path, *, is_quantized: bool = False
) -> Exported:
    """Writes the model, what its inputs need, and a card; the folder is whole or not there.

    Args:
        source: Folder of the run.
        which: Checkpoint: `best` or `last`.
        format: Key of `FILES`.
        folder: New or empty folder.
        is_quantized: Whether a second file has weights of 8 bits; of ONNX.

    Raises:
        ConfigError: The run has no such form, the folder is taken, an extra is missing, or the file
            differs from the live model.
    """
    if format == "onnx":
        require_onnx()
    if format == "safetensors":
        require_safetensors()
    if problem := folder_problem(folder):
        raise ConfigError([problem])
    run = load_run(source, which)
    if is_module_run(read_frozen(source)) or run.spec is None:
        message = "trains a LightningModule of its own; export it as its own code does"
        raise ConfigError([Problem("RUN", message, str(source))])
    calibration = calibration_of(source) if which == "best" else None
    temperature = 1.0 if calibration is None else calibration.temperature
    model = Deployable(run.net, run.spec, run.preparation, temperature=temperature).eval()
    real, note = real_inputs(run, model, MOST_MEASURED if is_quantized else MOST_REAL)
    if calibration is not None and calibration.curves:
        note = "the isotonic calibration is not in the file: its probabilities are the network's"
    remove_left(folder.parent, PREFIX)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(folder.parent, PREFIX) as temporary:
        staged = temporary / folder.name
        staged.mkdir()
        written = _write(model, format, staged / FILES[format])
        some = None if real is None else real.inputs[:MOST_REAL]
        found = [] if written is None else list(differences(model, written, some))
        if far := [one for one in found if not one.value <= TOLERANCE]:
            message = f"the file differs from the live model by {far[0].value:.1e} of its outputs"
            raise ConfigError([Problem("--format", f"{message}: {far[0].inputs}", format)])
        if written is not None and not written.has_free_length and run.spec.kind == "text":
            note = f"it takes exactly {run.spec.input_shape[0]} tokens; --format onnx takes any"
        quantized = _quantized(staged, written, real, run.spec) if is_quantized else None
        _copy_preparation(run, staged)
        checks = [(one.inputs, one.value) for one in found]
        losses = None if quantized is None else quantized.metrics
        card = model_card(model, read_json(source / "run.json"), format, checks, losses)
        write_card(staged, card)
        staged.rename(folder)
    return Exported(folder / FILES[format], found, note, quantized)


def _quantized(
    folder: Path, written: Written | None, real: RealInputs | None, spec: Spec
) -> Quantized:
    """Writes the file with weights of 8 bits, and measures what it loses."""
    assert written is not None
    files = folder / FILES["onnx"], folder / INT8
    small = write_int8(*files)
    both: dict[str, tuple[float, float]] = {}
    if real is not None:
        first, second = (
            quality_of(one.call, real.inputs, real.targets, spec) for one in (written, small)
        )
        both = {name: (value, second[name]) for name, value in first.items()}
    sizes = tuple(file.stat().st_size for file in files)
    return Quantized((sizes[0], sizes[1]), both)


def _write(model: Deployable, format: str, file: Path) -> Written | None:
    if format == "onnx":
        return write_onnx(model, file)
    if format == "torch":
        return write_program(model, file)
    write_weights(model.net, file)
    return None


def real_inputs(run: LoadedRun, model: Deployable, most: int) -> tuple[RealInputs | None, str]:
    """The first inputs of the test part; why there are none."""
    try:
        data, _ = read_data(in_run_folder(read_frozen(run.folder), run.folder), fetch=False)
    except ConfigError:
        return None, "the run's data is gone: compared on random inputs alone"
    if not isinstance(data, DataModule) or not data.is_readable or data.is_synthetic:
        return None, "the run's data is not here: compared on random inputs alone"
    part = data.splits.test
    inputs, targets = part[BatchIndices(0, torch.arange(min(most, len(part))))]
    if model.is_image:
        shape = (-1, 1, 1)
        inputs = 255 * (inputs * model.std.view(shape) + model.mean.view(shape))
    elif model.is_series:
        inputs = inputs * model.std + model.mean
    if model.spec.task_name == "regression":
        targets = targets * model.spec.target_std + model.spec.target_mean
    return RealInputs(inputs, targets), ""


def _copy_preparation(run: LoadedRun, folder: Path) -> None:
    """What inputs need beside the model: how they are prepared, and the tokenizer."""
    source = run.folder / PREPARATION
    if source.is_file():
        content = json.loads(source.read_text(encoding="utf-8"))
        (folder / PREPARATION).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if (run.folder / TOKENIZER).is_dir():
        shutil.copytree(run.folder / TOKENIZER, folder / TOKENIZER)
