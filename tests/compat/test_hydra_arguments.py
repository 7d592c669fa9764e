import argparse
import sys

import pytest
from hydra._internal.utils import get_args_parser

from leyden.compat.hydra import hydras_parser, unchecked_help


def test_hydras_arguments_are_parsed_on_every_python():
    parsed = hydras_parser().parse_args(["-m", "model=mlp", "--config-dir", "mine"])
    assert (parsed.multirun, parsed.overrides, parsed.config_dir) == (True, ["model=mlp"], "mine")


@pytest.mark.skipif(sys.version_info < (3, 14), reason="argparse looks at no help before 3.14")
def test_hydra_still_needs_it():
    with pytest.raises((TypeError, ValueError)):
        get_args_parser()


def test_argparse_is_left_as_it_was():
    before = vars(argparse._ActionsContainer).get("_check_help")
    with unchecked_help():
        pass
    assert vars(argparse._ActionsContainer).get("_check_help") is before
