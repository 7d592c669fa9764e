"""A network with what stands before and after it, as other programs call it."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from leyden.data import Spec
from leyden.data.images.preparation import ImagePreparation, normalised
from leyden.data.preparation import Preparation
from leyden.data.series.preparation import SeriesPreparation


class Deployable(nn.Module):
    """Takes inputs in their own units and gives probabilities, numbers in their unit, or logits.

    - Images: pixels from 0 to 255 (batch, channels, height, width); they are normalised inside.
    - Series: values in their own units (batch, lags, columns); they are scaled inside.
    - Tables: the scaled features (batch, features), which the encoders of the run's preparation
      make of a row.
    - Text: tokens (batch, time); the logits (batch, time, vocabulary) come out.

    Args:
        net: Network of the run.
        spec: What inputs and outputs are.
        preparation: How inputs were made in training; None: they are taken as they are.
        temperature: What the logits of classes are divided by, see `Calibration`.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        net: nn.Module,
        spec: Spec,
        preparation: Preparation | None,
        *,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        self.temperature = temperature
        self.net = net
        self.spec = spec
        self.preparation = preparation
        self.is_image = isinstance(preparation, ImagePreparation)
        self.is_series = isinstance(preparation, SeriesPreparation)
        mean: tuple[float, ...] = (0.0,)
        std: tuple[float, ...] = (1.0,)
        if isinstance(preparation, ImagePreparation | SeriesPreparation):
            mean, std = preparation.mean, preparation.std
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32))

    def forward(self, inputs: Tensor) -> Tensor:
        if self.is_image:
            inputs = normalised(inputs, self.mean, self.std)
        elif self.is_series:
            inputs = (inputs - self.mean) / self.std
        outputs: Tensor = self.net(inputs)
        if self.spec.task_name == "classification":
            return (outputs / self.temperature).softmax(-1)
        if self.spec.task_name == "regression":
            return outputs * self.spec.target_std + self.spec.target_mean
        return outputs


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives, in words.

    Attributes:
        inputs: Shape and meaning of the inputs.
        outputs: Shape and meaning of the outputs.
    """

    inputs: str
    outputs: str


def signature_of(model: Deployable) -> Signature:
    """The signature of a model."""
    spec = model.spec
    shape = ", ".join(["batch", *map(str, spec.input_shape)])
    inputs = {
        "image": f"float32 ({shape}): pixels from 0 to 255",
        "series": f"float32 ({shape}): the last values, in their own units, the oldest first",
        "table": f"float32 ({shape}): features of a row, see below",
        "text": "int64 (batch, time): tokens",
    }[spec.kind]
    outputs = {
        "classification": f"float32 (batch, {spec.num_outputs}): probabilities of the classes",
        "regression": f"float32 (batch, {spec.num_outputs}): {spec.target_name}, in its own unit",
        "language_modeling": "float32 (batch, time, vocabulary): logits of the next token",
    }[spec.task_name]
    return Signature(inputs, outputs)


def random_inputs(model: Deployable, count: int, *, length: int | None = None) -> Tensor:
    """Inputs of the right shape, the same in every call.

    Args:
        model: Model that takes them.
        count: Number of inputs.
        length: Tokens of each text; None: as many as the model was trained on.
    """
    spec, generator = model.spec, torch.Generator().manual_seed(count)
    if spec.kind == "text":
        size = (count, length or spec.input_shape[0])
        return torch.randint(0, spec.vocab_size, size, generator=generator)
    if spec.kind == "image":
        return 255 * torch.rand(count, *spec.input_shape, generator=generator)
    return model.mean.cpu() + model.std.cpu() * torch.randn(
        count, *spec.input_shape, generator=generator
    )
