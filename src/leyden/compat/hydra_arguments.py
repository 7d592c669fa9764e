"""Hydra's command line on Python 3.14.

Hydra 1.3.8 gives argparse a help that is no text but makes one when it is printed. Python 3.14
looks into the help of each option as it is added (`argparse.ArgumentParser._check_help`) and
refuses it. `tests/compat/test_hydra_arguments.py` tells when Hydra no longer needs this.
"""

import argparse
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hydra._internal.utils import get_args_parser


def hydras_parser() -> ArgumentParser:
    """The parser of Hydra's command line."""
    with unchecked_help():
        return get_args_parser()


@contextmanager
def unchecked_help() -> Iterator[None]:
    """Within it argparse takes any help, as it did before Python 3.14."""
    owner: Any = argparse._ActionsContainer
    check = getattr(owner, "_check_help", None)
    if check is None:
        yield
        return
    owner._check_help = lambda container, action: None
    try:
        yield
    finally:
        owner._check_help = check
