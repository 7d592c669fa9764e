"""Patterns that name parameters: `layer1`, `blocks.*.attention`, `*.bias`."""

from fnmatch import fnmatchcase

from torch import nn


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern names a module or parameter, or a module that holds it.

    Args:
        pattern: A name in which `*` stands for anything, `?` for one character and `[12]` for one
            of these.
        name: Full name, such as `layer1.0.conv1.weight`.
    """
    return fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")


def matching_parameters(net: nn.Module, pattern: str) -> dict[str, nn.Parameter]:
    """The parameters that a pattern names, in their order.

    A tied parameter has several names. Each of them counts; the result has the first.
    """
    first = {id(parameter): name for name, parameter in net.named_parameters()}
    return {
        first[id(parameter)]: parameter
        for name, parameter in net.named_parameters(remove_duplicate=False)
        if matches(pattern, name)
    }
