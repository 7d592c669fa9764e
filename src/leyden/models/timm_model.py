"""Classifiers of timm (extra `timm`), with their pretrained weights."""

from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from leyden.errors import CheckpointError, ConfigError, Problem
from leyden.models.pretrained import DEFAULT, Pretrained, head_of
from leyden.models.weights_file import read_weights_file
from leyden.types import PositiveInt


def timm_model(
    *,
    name: str,
    input_shape: tuple[int, ...],
    num_outputs: PositiveInt,
    weights: str | None = None,
) -> nn.Module:
    """A classifier of timm; its parameters have timm's names.

    Args:
        name: As in `timm.list_models()`, such as `vit_tiny_patch16_224` or `resnet50.a1_in1k`; of a
            single network on the Hub `hf-hub:ORGANISATION/NAME` is not taken.
        input_shape: (channels, height, width). timm fits the first convolution to the channels, and
            the positions of a Transformer to the size.
        num_outputs: Classes, or numbers to predict.
        weights: Those that a run begins with: a file (.pth, .safetensors) of this network with any
            number of classes, or `DEFAULT` for those of the name, which are fetched; None: random
            ones.

    Raises:
        ConfigError: timm is not installed, or has no such network.
    """
    timm = _timm()
    if not timm.is_model(name) or ":" in name:
        near = get_close_matches(name, timm.list_models(), n=1)
        hint = f"did you mean `{near[0]}`?" if near else "see timm.list_models()"
        message = f"timm has no such network; {hint}"
        raise ConfigError([Problem("model.name", message, name)])
    options: dict[str, Any] = {"in_chans": input_shape[0]}
    if _has_fixed_size(timm, name):
        options["img_size"] = input_shape[1:]
    make = partial(timm.create_model, name, pretrained=False, **options)
    net: Any = make(num_classes=num_outputs)
    net.pretrained = None
    if weights is not None:
        load = partial(_load, name, weights, options)
        new = head_of(lambda number: make(num_classes=number), num_outputs)
        net.pretrained = Pretrained(load, weights, new, fetches=weights == DEFAULT)
    return net  # type: ignore[no-any-return]


timm_model.kinds = frozenset({"image"})  # type: ignore[attr-defined]


def _timm() -> Any:
    try:
        import timm
    except ModuleNotFoundError:
        message = "needs timm of the extra `timm`: pip install 'leyden[timm]'"
        raise ConfigError([Problem("model", message)]) from None
    return timm


def _has_fixed_size(timm: Any, name: str) -> bool:
    """Whether a network is made for images of one size, and takes that as `img_size`."""
    cfg = timm.get_pretrained_cfg(name, allow_unregistered=True)
    return bool(cfg and cfg.fixed_input_size)


def _load(name: str, weights: str, options: dict[str, Any]) -> dict[str, Tensor]:
    """The weights as timm fits them to the images, with the head that they come with."""
    timm = _timm()
    own: dict[str, Any] = {}
    if weights != DEFAULT:
        content = read_weights_file(Path(weights))  # timm's own reading may run code
        classes = _classes_in(content, timm.get_pretrained_cfg(name).classifier)
        own = {
            "num_classes": classes,
            "pretrained_cfg_overlay": {"state_dict": content, "num_classes": classes},
        }
    try:
        net = timm.create_model(name, pretrained=True, **options, **own)
    except RuntimeError as error:
        reason = _first_words(error)
        message = f"is not of {name}: {reason}; `init_from=FILE strict=false` takes what fits"
        raise CheckpointError(message) from error
    return dict(net.state_dict())


def _classes_in(content: dict[str, Tensor], classifier: str | tuple[str, ...] | None) -> int:
    """Number of classes that a file's head is for; 0: it has none."""
    names = (classifier,) if isinstance(classifier, str) else classifier or ()
    heads = [content[f"{name}.weight"] for name in names if f"{name}.weight" in content]
    return heads[0].shape[0] if heads else 0


def _first_words(error: Exception) -> str:
    """The first line of an error of torch's that is more than a heading."""
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in lines if line and not line.endswith(":")), lines[0])
