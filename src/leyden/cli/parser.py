"""The parser of the command line; each verb adds its own parser in a file of its own."""

import argparse
import re
from collections.abc import Callable
from itertools import pairwise
from typing import NoReturn

from leyden.errors import ConfigError, Problem

Verbs = argparse._SubParsersAction  # what `add_subparsers` gives has no public name
Run = Callable[[argparse.Namespace], int]
"""Carries out a parsed command line and returns the exit status."""

CHECKPOINTS = ("best", "last")


class ParserExit(Exception):
    """Help was asked for and is printed.

    Attributes:
        status: Exit status.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Parser(argparse.ArgumentParser):
    """Raises `ConfigError` for a wrong command line, instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError([Problem(self.prog, f"{message}; see {self.prog} --help")])

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise ParserExit(status)


def add_verb(
    verbs: "Verbs[Parser]",
    name: str,
    run: Run,
    *,
    usage: str,
    description: str,
    takes_overrides: bool = False,
    has_help: bool = True,
) -> Parser:
    """Adds a verb.

    Args:
        verbs: Verbs of the command line.
        name: Name of the verb.
        run: Carries out the verb.
        usage: What follows the verb.
        description: What the verb does.
        takes_overrides: Whether words that the parser does not know are left to the verb, as
            `options.overrides`.
        has_help: Whether `-h` shows the usage; otherwise the verb answers it.
    """
    prog = f"leyden {name}"
    parser: Parser = verbs.add_parser(
        name,
        prog=prog,
        usage=f"{prog} {usage}",
        description=description,
        add_help=has_help,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run, parser=parser, takes_overrides=takes_overrides)
    return parser


def parse(parser: Parser, arguments: list[str]) -> argparse.Namespace:
    """Reads a command line.

    Raises:
        ConfigError: A word that the verb does not take.
        ParserExit: Help was asked for.
    """
    for before, word in pairwise(arguments):
        if not word and not before.startswith("-"):
            message = f"has an empty word after `{before}`; is a variable of the shell not set?"
            raise ConfigError([Problem(f"leyden {arguments[0]}", message)])
    options, rest = parser.parse_known_args(arguments)
    if rest and not options.takes_overrides:
        options.parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.overrides = rest
    return options


def add_json(parser: Parser) -> None:
    """Adds the flag `--json`."""
    parser.add_argument("--json", action="store_true", help="for other programs")


def checkpoint_of(options: argparse.Namespace) -> str:
    """Which checkpoint `ckpt=...` names; the best one where nothing is said.

    Raises:
        ConfigError: Another word was typed.
    """
    which = "best"
    for word in options.overrides:
        key, _, which = word.partition("=")
        if key != "ckpt" or which not in CHECKPOINTS:
            options.parser.error(f"`{word}` must be ckpt=best or ckpt=last")
    return which


def whole(least: int) -> Callable[[str], int]:
    """Reads a whole number of at most 18 digits."""

    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
        return int(text)

    return read


def real(least: float, most: float | None = None) -> Callable[[str], float]:
    """Reads a number."""
    bounds = f"from {least:g} on" if most is None else f"from {least:g} to {most:g}"

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not least <= number <= (float("inf") if most is None else most):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {bounds}")
        return number

    return read
