"""The layers of a network from its inputs to its outputs, for learning rates by layer."""

from collections.abc import Iterator

from torch import nn


def layers_of(net: nn.Module) -> list[list[str]]:
    """Names of the parameters of each layer, from the inputs to the outputs.

    A layer is a member of an `nn.Sequential` or an `nn.ModuleList`, at whatever depth: a block of a
    Transformer or a ResNet. What stands before, between or after them is a layer together, such as
    the embeddings, or the last norm and the head. The order is that in which a network defines its
    parts, which is that of the computation in all usual networks.

    Args:
        net: Any network; of tied parameters the first name counts.
    """
    layers: list[list[str]] = []
    is_open = False
    known = dict(net.named_parameters())
    for names, is_block in _parts(net, ""):
        own = [name for name in names if name in known]
        if not own:
            continue
        if is_block or not is_open:
            layers.append([])
        layers[-1] += own
        is_open = not is_block
    return layers


def _parts(module: nn.Module, prefix: str) -> Iterator[tuple[list[str], bool]]:
    """Names of the parameters of each part, and whether it is a layer of its own."""
    own = [prefix + name for name, _ in module.named_parameters(recurse=False)]
    yield own, False
    for name, child in module.named_children():
        inner = f"{prefix}{name}."
        if _is_list(module) and not _holds_lists_alone(child):
            yield _names(child, inner), True
        elif _holds_list(child):
            yield from _parts(child, inner)
        else:
            yield _names(child, inner), False


def _names(module: nn.Module, prefix: str) -> list[str]:
    return [prefix + name for name, _ in module.named_parameters()]


def _is_list(module: nn.Module) -> bool:
    """Whether its members follow each other: a list, or exactly a Sequential.

    Classes that are derived from Sequential are blocks, such as a convolution with its norm.
    """
    return isinstance(module, nn.ModuleList) or type(module) is nn.Sequential


def _holds_list(module: nn.Module) -> bool:
    """Whether there is a list of several parts with parameters in it, at whatever depth."""
    return any(
        _is_list(one) and sum(any(True for _ in part.parameters()) for part in one.children()) > 1
        for one in module.modules()
    )


def _holds_lists_alone(member: nn.Module) -> bool:
    """Whether a member of a list is a list of blocks itself, as the stages of some networks are."""
    return _is_list(member) and any(len(list(one.children())) > 0 for one in member.children())
