"""A run's model in a folder for other programs, compared with the live model."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from leyden.config.module_run import is_module_run
from leyden.config.references import in_run_folder
from leyden.data import BatchIndices, DataModule
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
from leyden.interop.weights_export import require_safetensors, write_weights
from leyden.planning.read_data import read_data
from leyden.run.folder import read_frozen
from leyden.run.preparation import NAME as PREPARATION
from leyden.run.preparation import TOKENIZER

FILES = {"onnx": "model.onnx", "torch": "model.pt2", "safetensors": "model.safetensors"}
MOST_REAL = 64
"""Inputs of the test part that a file is compared on."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        file: The model.
        differences: How far it is from the live model.
        note: What could not be compared; empty: nothing.
    """

    file: Path
    differences: list[Difference]
    note: str


def export_model(source: Path, which: str, format: str, folder: Path) -> Exported:
    """Writes the model, what its inputs need, and a card; the folder is whole or not there.

    Args:
        source: Folder of the run.
        which: Checkpoint: `best` or `last`.
        format: Key of `FILES`.
        folder: New or empty folder.

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
    real, note = real_inputs(run, model)
    if calibration is not None and calibration.curves:
        note = "the isotonic calibration is not in the file: its probabilities are the network's"
    remove_left(folder.parent, PREFIX)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(folder.parent, PREFIX) as temporary:
        staged = temporary / folder.name
        staged.mkdir()
        written = _write(model, format, staged / FILES[format])
        found = [] if written is None else list(differences(model, written, real))
        if far := [one for one in found if not one.value <= TOLERANCE]:
            message = f"the file differs from the live model by {far[0].value:.1e} of its outputs"
            raise ConfigError([Problem("--format", f"{message}: {far[0].inputs}", format)])
        if written is not None and not written.has_free_length and run.spec.kind == "text":
            note = f"it takes exactly {run.spec.input_shape[0]} tokens; --format onnx takes any"
        _copy_preparation(run, staged)
        checks = [(one.inputs, one.value) for one in found]
        write_card(staged, model_card(model, read_json(source / "run.json"), format, checks))
        staged.rename(folder)
    return Exported(folder / FILES[format], found, note)


def _write(model: Deployable, format: str, file: Path) -> Written | None:
    if format == "onnx":
        return write_onnx(model, file)
    if format == "torch":
        return write_program(model, file)
    write_weights(model.net, file)
    return None


def real_inputs(run: LoadedRun, model: Deployable) -> tuple[Tensor | None, str]:
    """Some inputs of the test part, as the deployed model takes them; why there are none."""
    try:
        data, _ = read_data(in_run_folder(read_frozen(run.folder), run.folder), fetch=False)
    except ConfigError:
        return None, "the run's data is gone: compared on random inputs alone"
    if not isinstance(data, DataModule) or not data.is_readable or data.is_synthetic:
        return None, "the run's data is not here: compared on random inputs alone"
    part = data.splits.test
    inputs, _ = part[BatchIndices(0, torch.arange(min(MOST_REAL, len(part))))]
    if model.is_image:
        shape = (-1, 1, 1)
        inputs = 255 * (inputs * model.std.view(shape) + model.mean.view(shape))
    elif model.is_series:
        inputs = inputs * model.std + model.mean
    return inputs, ""


def _copy_preparation(run: LoadedRun, folder: Path) -> None:
    """What inputs need beside the model: how they are prepared, and the tokenizer."""
    source = run.folder / PREPARATION
    if source.is_file():
        content = json.loads(source.read_text(encoding="utf-8"))
        (folder / PREPARATION).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if (run.folder / TOKENIZER).is_dir():
        shutil.copytree(run.folder / TOKENIZER, folder / TOKENIZER)
