"""What a LightningModule of the user's says of inputs that are read as the run's own data was.

Nobody says what its outputs mean, so they have columns as they are: `output`, `output 1`, ..., or
the names that it gives them itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pytorch_lightning import LightningModule
from pytorch_lightning.utilities.model_helpers import is_overridden
from torch import Tensor

from leyden.config.user_code import in_a_line
from leyden.data import Spec
from leyden.errors import ConfigError, Problem
from leyden.files.row_writer import Kind
from leyden.run.calibration import Calibration

MOST_COLUMNS = 1000
PROBES = 3
"""Inputs of the probe: `x, y = batch` and `batch[0]` fail on three, where they would take two for a
pair."""


@dataclass(frozen=True)
class Asking:
    """How a module is asked.

    Attributes:
        method: `predict_step`, or `forward`.
        has_targets: Whether it wants a pair of inputs and targets, as its training step gets.
    """

    method: str
    has_targets: bool

    def __call__(self, module: LightningModule, inputs: Tensor, spec: Spec) -> Any:
        """The answer of the module."""
        batch: Any = (inputs, blank_targets(spec, inputs)) if self.has_targets else inputs
        if self.method == "predict_step":
            return module.predict_step(batch, 0)
        return module(batch)


class ModulePredictor:
    """A LightningModule that is asked for predictions, by its `predict_step` or its `forward`.

    Args:
        module: With the weights of the checkpoint.
        spec: What the inputs are.

    Raises:
        ConfigError: It gives no answer for each input, whichever way it is asked.
    """

    calibration: Calibration | None = None

    def __init__(self, module: LightningModule, spec: Spec) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.module = module.eval().to(self.device)
        self.spec = spec
        self.asking, example = self._found()
        self.kinds = {name: kind_of(values) for name, values in example.items()}

    def __call__(self, inputs: Tensor) -> dict[str, list[object]]:
        """Columns of what is said of each input, in the order of `kinds`."""
        with torch.inference_mode():
            told = self.asking(self.module, inputs.to(self.device), self.spec)
        columns = columns_of_output(told, len(inputs))
        return {name: columns[name] for name in self.kinds}

    def _found(self) -> tuple[Asking, dict[str, list[object]]]:
        """The way of asking that gives an answer for each input, whatever stands beside it."""
        several = probes(self.spec).to(self.device)
        inputs, reasons = several[:PROBES], list[str]()
        elsewhere = several[[3, 0, 4]]  # the first one, in another place among others
        for asking in ways_of(self.module):
            try:
                with torch.inference_mode():
                    told = asking(self.module, inputs, self.spec)
                    other = asking(self.module, elsewhere, self.spec)
                columns = columns_of_output(told, PROBES)
                among_others = columns_of_output(other, PROBES)
                if all(
                    same(values[:1], among_others[name][1:2]) for name, values in columns.items()
                ):
                    return asking, columns
                reasons.append(f"{asking.method}: answers depend on the other inputs of a batch")
            except Exception as error:  # whatever the user's code does with a batch
                reasons.append(f"{asking.method}: {in_a_line(error)}")
        name = type(self.module).__name__
        message = f"{name} gives no answer for each input; {'; '.join(dict.fromkeys(reasons))}"
        raise ConfigError([Problem("RUN", message)])


def ways_of(module: LightningModule) -> Iterator[Asking]:
    """The ways of asking, the module's own first."""
    has_own = is_overridden("predict_step", module)
    for method in ("predict_step", "forward") if has_own else ("forward",):
        yield Asking(method, has_targets=False)
        yield Asking(method, has_targets=True)


def probes(spec: Spec) -> Tensor:
    """Different inputs."""
    generator = torch.Generator().manual_seed(0)
    shape = (PROBES + 2, *spec.input_shape)
    if spec.kind == "text":
        return torch.randint(0, spec.vocab_size, shape, generator=generator)
    return torch.randn(shape, generator=generator)


def blank_targets(spec: Spec, inputs: Tensor) -> Tensor:
    """Targets for a step that unpacks a pair."""
    if spec.task_name == "regression":
        return torch.zeros(len(inputs), spec.num_outputs, device=inputs.device)
    if spec.task_name == "language_modeling":
        return torch.zeros_like(inputs)
    return torch.zeros(len(inputs), dtype=torch.long, device=inputs.device)


def columns_of_output(told: Any, count: int, name: str = "output") -> dict[str, list[object]]:
    """An answer as columns.

    Args:
        told: Tensor, array or list with an entry for each input; or such by name, or several.
        count: Number of inputs.
        name: Name of the columns.

    Raises:
        ValueError: It has another form.
    """
    if isinstance(told, Mapping):
        parts = [columns_of_output(one, count, str(key)) for key, one in told.items()]
        return {key: values for part in parts for key, values in part.items()}
    if isinstance(told, Tensor):
        told = told.detach().cpu().double() if told.is_floating_point() else told.detach().cpu()
        told = told.numpy()
    if isinstance(told, np.ndarray):
        if told.ndim == 0 or len(told) != count:
            raise ValueError(f"{name} has the shape {told.shape} for {count} inputs")
        flat = told.reshape(count, -1)
        if flat.shape[1] > MOST_COLUMNS:
            raise ValueError(f"{name} has {flat.shape[1]:,} numbers for each input")
        if told.ndim == 1 or flat.shape[1] == 1:
            return {name: flat[:, 0].tolist()}
        return {f"{name} {place + 1}": column.tolist() for place, column in enumerate(flat.T)}
    if isinstance(told, list) and len(told) == count and not isinstance(told[0], Tensor):
        return {name: list(told)}
    if isinstance(told, tuple | list) and told:
        parts = [
            columns_of_output(one, count, f"{name} {place + 1}") for place, one in enumerate(told)
        ]
        return {key: values for part in parts for key, values in part.items()}
    raise ValueError(f"{name} is a {type(told).__name__}")


def kind_of(values: list[object]) -> Kind:
    """The type of a column."""
    if all(isinstance(one, bool | int) for one in values):
        return "int64"
    return "float64" if all(isinstance(one, int | float) for one in values) else "string"


def same(one: list[object], other: list[object]) -> bool:
    """Whether two columns say the same but for rounding."""
    if kind_of(one) == "string":
        return one == other
    return bool(np.allclose(one, other, rtol=1e-3, atol=1e-5, equal_nan=True))  # type: ignore[arg-type]
