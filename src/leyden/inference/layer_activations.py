"""What the convolutions of a network give for an image."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from leyden.data.images.preparation import ImagePreparation
from leyden.errors import ConfigError, Problem
from leyden.formatting import format_number
from leyden.inference.attribution_content import pixel_names
from leyden.inference.attributions import require_captum
from leyden.inference.explain import load_explained, pixels_of, prediction_words, read_explained
from leyden.inference.explanation_content import Content, Section, short_label

MOST_LAYERS = 35
"""Layers of a picture, from the first on."""

PER_ROW = 4


def explain_activations(source: Path, which: str, given: Sequence[str]) -> Content:
    """The mean sizes of the activations of each convolution, for each image.

    Args:
        source: Folder of the run.
        which: Checkpoint: `best` or `last`.
        given: Files, folders, patterns.

    Raises:
        ConfigError: The run is not of images, or its network has no convolution.
    """
    require_captum()
    run, _ = load_explained(source, which)
    preparation = run.preparation
    if not isinstance(preparation, ImagePreparation):
        message = "is for images; integrated_gradients is for all"
        raise ConfigError([Problem("--method", message, "activations")])
    layers = convolutions_of(run.net)
    names, inputs, notes = read_explained(run, given)
    assert isinstance(inputs, Tensor)
    maps = activation_maps(run.net, layers, inputs)
    with torch.no_grad():
        outputs = run.net(inputs)
    sections, lines = list[Section](), list[str]()
    columns: dict[str, list[Any]] = {"input": [], "layer": [], "part": [], "activation": []}
    for place, name in enumerate(names):
        own = {layer: found[place] for layer, found in maps.items()}
        target = int(outputs[place].argmax())
        title = f"{name}: {prediction_words(run, target, float(outputs[place, 0]))}"
        picture = _picture(pixels_of(inputs[place], preparation), own)
        sections.append(Section(title, pictures={f"activations of {name}": picture}))
        lines.append(title)
        for layer, values in own.items():
            columns["input"] += [name] * values.numel()
            columns["layer"] += [layer] * values.numel()
            columns["part"] += pixel_names(values)
            columns["activation"] += values.flatten().tolist()
    if len(layers) > MOST_LAYERS:
        listed = ", ".join([*layers][MOST_LAYERS:])
        notes.append(f"without a picture: {listed}; the CSV has them")
    return Content("activations", sections, "activations.csv", columns, lines, notes)


def convolutions_of(net: nn.Module) -> dict[str, nn.Module]:
    """The convolutions of a network by name, in its order.

    Raises:
        ConfigError: It has none.
    """
    found: dict[str, nn.Module] = {
        name: one for name, one in net.named_modules() if isinstance(one, nn.Conv2d)
    }
    if not found:
        message = "needs a network with convolutions; integrated_gradients needs none"
        raise ConfigError([Problem("--method", message, "activations")])
    return found


def activation_maps(
    net: nn.Module, layers: dict[str, nn.Module], inputs: Tensor
) -> dict[str, Tensor]:
    """The mean over the channels of the sizes of what each layer gives (inputs, height, width)."""
    from captum.attr import LayerActivation

    found = {}
    for name, layer in layers.items():
        with torch.no_grad():
            found[name] = LayerActivation(net, layer).attribute(inputs).abs().mean(1)
    return found


def _picture(pixels: Tensor, maps: dict[str, Tensor]) -> Figure:
    """The image, and a small map for each layer."""
    shown = list(maps.items())[:MOST_LAYERS]
    num_rows = -(-(1 + len(shown)) // PER_ROW)
    num_columns = min(PER_ROW, 1 + len(shown))
    figure = Figure(figsize=(1.3 * num_columns, 1.65 * num_rows), layout="constrained")
    panels = figure.subplots(num_rows, num_columns, squeeze=False).flatten()
    for axes in panels:
        axes.set_axis_off()
    image = pixels.cpu().numpy()
    panels[0].imshow(image if image.shape[2] == 3 else image.mean(2), cmap="gray", vmin=0, vmax=1)
    panels[0].set_title("input", fontsize=8)
    for axes, (name, values) in zip(panels[1:], shown, strict=False):
        most = float(values.max()) or 1.0
        axes.imshow(values.cpu().numpy(), cmap="inferno", vmin=0, vmax=most)
        height, width = values.shape
        axes.set_title(
            f"{short_label(name, 18)}\n{height} x {width}, to {format_number(most)}", fontsize=7
        )
    return figure
