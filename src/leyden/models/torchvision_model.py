"""Classifiers of torchvision, with their pretrained weights."""

import re
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from leyden.errors import ConfigError, Problem, suggestion
from leyden.models.pretrained import DEFAULT, Pretrained, head_of
from leyden.models.weights_file import read_weights_file
from leyden.types import PositiveInt

FORMER_DENSENET = re.compile(r"(denselayer\d+)\.(norm|conv)\.(\d)\.")
"""Names in the files of torchvision's densenets, which are of an earlier version."""

OPTIONS: dict[str, dict[str, Any]] = {
    "googlenet": {"aux_logits": False, "init_weights": True},
    "inception_v3": {"aux_logits": False, "init_weights": True},
}
"""Further heads of these are for their first training alone; and their weights are drawn."""
AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")


def torchvision_model(
    *,
    name: str,
    input_shape: tuple[int, ...],
    num_outputs: PositiveInt,
    weights: str | None = None,
) -> nn.Module:
    """A classifier of torchvision; its parameters have torchvision's names.

    Args:
        name: As in `torchvision.models.list_models()`, such as `resnet18` or `vit_b_16`.
        input_shape: (channels, height, width). The networks read three channels; a single one is
            given to all of them.
        num_outputs: Classes, or numbers to predict.
        weights: Those that a run begins with: a file (.pth, .safetensors) of this network with any
            number of classes, or `DEFAULT` for the best that torchvision has, which are fetched;
            None: random ones.

    Raises:
        ConfigError: There is no such network, or it does not read such images.
    """
    from torchvision import models

    names = models.list_models(module=models)
    if name not in names:
        message = f"torchvision has no such classifier; {suggestion(name, names)}"
        raise ConfigError([Problem("model.name", message, name)])
    options = dict(OPTIONS.get(name, {}))
    if name.startswith("vit_"):
        options["image_size"] = _square(name, input_shape)
    make = partial(models.get_model, name, weights=None, **options)
    net: Any = make(num_classes=num_outputs)
    net.pretrained = None
    if weights is not None:
        load = partial(_fetched, name) if weights == DEFAULT else partial(_read, Path(weights))
        if name.startswith("vit_"):
            load = partial(_with_positions, load, options["image_size"], net.patch_size)
        new = head_of(lambda number: make(num_classes=number), num_outputs)
        net.pretrained = Pretrained(load, weights, new, fetches=weights == DEFAULT)
    require_three_channels(net, input_shape)
    return net  # type: ignore[no-any-return]


torchvision_model.kinds = frozenset({"image"})  # type: ignore[attr-defined]


def require_three_channels(net: nn.Module, input_shape: tuple[int, ...]) -> None:
    """Lets a network of colour images read images of one channel, too.

    Raises:
        ConfigError: The images have another number of channels.
    """
    channels = input_shape[0]
    if channels == 1:
        net.register_forward_pre_hook(_give_to_all_channels)
    elif channels != 3:
        message = f"reads images of 1 or 3 channels; these have {channels}"
        raise ConfigError([Problem("model.name", message)])


def _give_to_all_channels(net: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    (images,) = inputs
    return (images.expand(-1, 3, -1, -1),)


def _square(name: str, input_shape: tuple[int, ...]) -> int:
    """Side of the images, which a Transformer has to know."""
    _, height, width = input_shape
    if height != width:
        message = f"reads square images; these have {height} x {width} pixels"
        raise ConfigError([Problem("model.name", message, name)])
    return height


def _fetched(name: str) -> dict[str, Tensor]:
    from torchvision import models

    with redirect_stdout(StringIO()):  # torch tells of a download on standard output
        fetched = models.get_model(name, weights=DEFAULT)
    return _without_auxiliary(fetched.state_dict())


def _read(path: Path) -> dict[str, Tensor]:
    named = {
        FORMER_DENSENET.sub(r"\1.\2\3.", name): tensor
        for name, tensor in read_weights_file(path).items()
    }
    return _without_auxiliary(named)


def _without_auxiliary(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: one for name, one in weights.items() if not name.startswith(AUXILIARY)}


def _with_positions(load: Any, image_size: int, patch_size: int) -> dict[str, Tensor]:
    """The weights of a Transformer with its positions interpolated to another size of images."""
    from torchvision.models.vision_transformer import interpolate_embeddings

    return dict(interpolate_embeddings(image_size, patch_size, load()))
