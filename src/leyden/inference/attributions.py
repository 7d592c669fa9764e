"""Which parts of an input a prediction rests on, by the methods of Captum."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn

from leyden.data import Spec
from leyden.errors import ConfigError, Problem

Method = Literal["integrated_gradients", "occlusion", "gradcam"]
METHODS: tuple[Method, ...] = ("integrated_gradients", "occlusion", "gradcam")
Net = TypeVar("Net", bound=nn.Module)
STEPS = 128
"""Steps of the integral of the gradients; its completeness error says whether they suffice."""

EMBEDDINGS = ("token_embedding", "embedding")
"""Names of the layer that reads tokens, in the networks of text."""


def require_captum() -> None:
    """Raises `ConfigError` where the extra `explain` is missing."""
    try:
        import captum  # noqa: F401
    except ModuleNotFoundError as error:
        message = "needs captum of the extra `explain`: pip install 'leyden[explain]'"
        raise ConfigError([Problem("leyden explain", message)]) from error


@dataclass(frozen=True)
class Attribution:
    """What each part of some inputs adds to what is explained.

    Attributes:
        values: Attributions in the shape of the inputs; of text (inputs, time).
        targets: Class whose logit is explained, of each input; 0 of numbers.
        outputs: Explained output of each input.
        base: The same output of the baseline.
        errors: Completeness error of each input: how far the sum of its attributions is from output
            less base, relative to the larger of the two; None of methods without completeness.
    """

    values: Tensor
    targets: Tensor
    outputs: Tensor
    base: Tensor
    errors: Tensor | None


class Explained(nn.Module):
    """A network as what is explained: logits of classes, of text those of the next token, numbers.

    Args:
        net: Network of the run.
        spec: What inputs and outputs are.
    """

    def __init__(self, net: nn.Module, spec: Spec) -> None:
        super().__init__()
        self.net = net
        self.spec = spec

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.net(inputs)
        if self.spec.task_name == "language_modeling":
            return outputs[:, -1]
        if self.spec.task_name == "regression":
            return (outputs * self.spec.target_std + self.spec.target_mean)[:, :1]
        return outputs


def attribute(
    model: Explained,
    inputs: Tensor,
    baseline: Tensor,
    method: Method,
    targets: Tensor | None = None,
) -> Attribution:
    """The attributions of inputs.

    Args:
        model: What is explained.
        inputs: Inputs as the network takes them.
        baseline: One input that says nothing, such as a black image; of text it is not used: the
            embedding of nothing, 0, is.
        method: `integrated_gradients` (Sundararajan et al. 2017), `occlusion` (Zeiler and Fergus
            2014), or `gradcam` (Selvaraju et al. 2017), of the last convolution.
        targets: Class of each input whose logit is explained; None: the likeliest.

    Raises:
        ConfigError: The network has no layer that the method needs.
    """
    with torch.no_grad():
        told = model(inputs)
    targets = told.argmax(-1) if targets is None else targets
    outputs = told.gather(1, targets[:, None])[:, 0]
    with torch.backends.cudnn.flags(enabled=False):  # its recurrent layers have no such gradients
        if method == "integrated_gradients":
            values, base = _integrated_gradients(model, inputs, baseline, targets)
        else:
            base = _base(model, inputs, baseline, targets)
            values = _METHODS[method](model, inputs, baseline, targets)
    values, errors = values.detach(), None
    if method == "integrated_gradients":
        total, difference = values.flatten(1).sum(1), outputs - base
        size = torch.maximum(total.abs(), difference.abs()).clamp_min(1e-12)
        errors = (total - difference).abs() / size
    return Attribution(values, targets, outputs, base, errors)


def _base(model: Explained, inputs: Tensor, baseline: Tensor, targets: Tensor) -> Tensor:
    with torch.no_grad():
        told: Tensor = model(baseline.expand_as(inputs)).gather(1, targets[:, None])[:, 0]
    return told


def _integrated_gradients(
    model: Explained, inputs: Tensor, baseline: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor]:
    from captum.attr import IntegratedGradients

    if model.spec.kind != "text":
        found = IntegratedGradients(model).attribute(
            inputs, baselines=baseline.expand_as(inputs), target=targets, n_steps=STEPS
        )
        return found, _base(model, inputs, baseline, targets)
    layer = embedding_of(model.net)
    with torch.no_grad():
        embedded = layer(inputs)

    nothing = torch.zeros_like(embedded[:1])
    rows, bases = [], []
    for place in range(len(inputs)):
        one, target = embedded[place : place + 1], targets[place : place + 1]
        # All rows of a call have the tokens of one text: only their embeddings differ.
        inputs_of_one = inputs[place : place + 1]

        def of_one(values: Tensor, tokens: Tensor = inputs_of_one) -> Tensor:
            handle = layer.register_forward_hook(lambda *_: values)
            try:
                told: Tensor = model(tokens.expand(len(values), -1))
            finally:
                handle.remove()
            return told

        found = IntegratedGradients(of_one).attribute(
            one, baselines=nothing, target=target, n_steps=STEPS, internal_batch_size=STEPS
        )
        rows.append(found.sum(-1))
        with torch.no_grad():
            bases.append(of_one(nothing).gather(1, target[:, None])[:, 0])
    return torch.cat(rows), torch.cat(bases)


def _occlusion(model: Explained, inputs: Tensor, baseline: Tensor, targets: Tensor) -> Tensor:
    from captum.attr import Occlusion

    spec = model.spec
    if spec.kind == "text":
        raise ConfigError([Problem("--method", "is not for text; integrated_gradients is")])
    window: tuple[int, ...] = (1,) * (inputs.ndim - 1)
    if spec.kind == "image":
        side = max(1, min(inputs.shape[2:]) // 8)
        window = (inputs.shape[1], side, side)
    told: Tensor = Occlusion(model).attribute(
        inputs,
        sliding_window_shapes=window,
        baselines=baseline.expand_as(inputs),
        target=targets,
    )
    return told


def _gradcam(model: Explained, inputs: Tensor, baseline: Tensor, targets: Tensor) -> Tensor:
    from captum.attr import LayerAttribution, LayerGradCam

    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    if not layers:
        message = "needs a network with convolutions; integrated_gradients needs none"
        raise ConfigError([Problem("--method", message, "gradcam")])
    found = LayerGradCam(model, layers[-1]).attribute(
        inputs, target=targets, relu_attributions=True
    )
    told: Tensor = LayerAttribution.interpolate(found, inputs.shape[2:], "bilinear")
    return told.expand_as(inputs) / inputs.shape[1]


_METHODS: dict[str, Callable[[Explained, Tensor, Tensor, Tensor], Tensor]] = {
    "occlusion": _occlusion,
    "gradcam": _gradcam,
}


def embedding_of(net: nn.Module) -> nn.Module:
    """The layer that reads tokens.

    Raises:
        ConfigError: There is none.
    """
    for name in EMBEDDINGS:
        layer = getattr(net, name, None)
        if isinstance(layer, nn.Embedding):
            return layer
    raise ConfigError([Problem("RUN", "has no embedding of tokens")])


def similarity_to_random(
    model: Explained, inputs: Tensor, baseline: Tensor, found: Attribution, method: Method
) -> float:
    """Rank correlation of the attributions' sizes with those of the network with random weights.

    Near 1 the attribution does not depend on what was learned (Adebayo et al. 2018, arXiv
    1810.03292). The weights of each layer change their places, the same in every call.
    """
    random = attribute(with_random_weights(model), inputs, baseline, method, found.targets)
    return rank_correlation(found.values, random.values)


def with_random_weights(model: Net) -> Net:
    """A copy whose weights have changed their places within each layer, the same in every call."""
    from copy import deepcopy

    other = deepcopy(model)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in other.parameters():
            order = torch.randperm(parameter.numel(), generator=generator)
            parameter.copy_(parameter.flatten()[order.to(parameter.device)].view_as(parameter))
    return other


def rank_correlation(found: Tensor, random: Tensor) -> float:
    """Mean over the inputs of Spearman's correlation of sizes; NaN where all are equal."""
    from scipy.stats import spearmanr

    pairs = []
    for both in zip(found.flatten(1), random.flatten(1), strict=True):
        one, another = (values.abs().cpu() for values in both)
        differs = (one > 0) | (another > 0)  # parts that equal the baseline are 0 in both
        if int(differs.sum()) > 2:
            pairs.append((one[differs].numpy(), another[differs].numpy()))
    values = [
        float(spearmanr(*pair).statistic)
        for pair in pairs
        if all(one.min() < one.max() for one in pair)
    ]
    return sum(values) / len(values) if values else float("nan")
