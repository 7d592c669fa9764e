"""The verbs that read a run's model: generate and export. They have options of their own."""

import argparse
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from leyden.errors import ConfigError, Problem

FORMATS = ("hf",)
CHECKPOINTS = ("best", "last")


def generate_verb(arguments: list[str]) -> int:
    """Continues texts."""
    options = parse(generate_parser(), arguments)
    if options is None:
        return 0
    from leyden.inference.generate import show_generated

    try:
        show_generated(options)
    except BrokenPipeError:  # who reads, such as `head`, has enough; nothing is left to be flushed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def export_verb(arguments: list[str]) -> int:
    """Writes a run's model in the form of another program."""
    options = parse(export_parser(), arguments)
    if options is None:
        return 0
    from leyden.cli.console import print_path
    from leyden.cli.terminal import show_note, shown_path
    from leyden.inference.load import read_trained
    from leyden.interop.export import export_hf

    folder = Path(options.output)
    export_hf(read_trained(Path(options.source), options.ckpt), folder)
    if not (folder / "tokenizer.json").is_file():
        show_note(f"note: {NO_TOKENIZER}")
    print_path(shown_path(folder))
    return 0


NO_TOKENIZER = (
    "the run's characters or bytes are no tokenizer of Hugging Face's: the folder has none, its"
    " vocabulary.json says which token each is; `data.tokenizer=bpe` gives one"
)


class Parser(argparse.ArgumentParser):
    """Says what is wrong as all verbs do, instead of leaving the program."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError([Problem(self.prog, f"{message}; see {self.prog} --help")])


def generate_parser() -> Parser:
    """Of `leyden generate`."""
    parser = Parser(
        prog="leyden generate",
        usage="leyden generate RUN|hf:PATH_OR_NAME --prompt TEXT [options] [ckpt=best|last]",
        description="Continues texts by a run's model, or by a GPT-2 of Hugging Face's.",
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument("source", metavar="RUN", help="a run's folder, or hf:PATH_OR_NAME")
    parser.add_argument("ckpt", nargs="?", default="ckpt=best", help="a run's: best or last")
    add = parser.add_argument
    add("--prompt", action="append", required=True, metavar="TEXT", help="may be given repeatedly")
    add("--max-new-tokens", type=whole(1), default=200, metavar="N", help="default: 200")
    add("--temperature", type=real(0), default=0.8, help="default: 0.8; 0: the likeliest token")
    add("--top-k", type=whole(1), metavar="K", help="draw from the K likeliest tokens only")
    add("--top-p", type=real(0, 1), metavar="P", help="from the likeliest of a share P together")
    add("--seed", type=whole(0), default=0, help="of the draws; default: 0")
    add("--stream", action="store_true", help="print the text as it comes")
    add("--no-cache", action="store_true", help="compute all anew for each token")
    add("--json", action="store_true", help="for other programs")
    return parser


def export_parser() -> Parser:
    """Of `leyden export`."""
    parser = Parser(
        prog="leyden export",
        usage="leyden export RUN --format hf --output DIR [ckpt=best|last]",
        description="Writes a run's model for other programs; hf: for `transformers`, a GPT.",
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument("source", metavar="RUN", help="a run's folder")
    parser.add_argument("ckpt", nargs="?", default="ckpt=best", help="best or last")
    parser.add_argument("--format", choices=FORMATS, required=True, help=", ".join(FORMATS))
    parser.add_argument("--output", required=True, metavar="DIR", help="a new or empty folder")
    return parser


def parse(parser: Parser, arguments: list[str]) -> argparse.Namespace | None:
    """Reads a command line; `ckpt` becomes the checkpoint's name. None: help was asked for.

    Raises:
        ConfigError: It is not of the parser's form.
    """
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(parser.format_help())
        return None
    options = parser.parse_intermixed_args(arguments)
    key, _, options.ckpt = options.ckpt.partition("=")
    if key != "ckpt" or options.ckpt not in CHECKPOINTS:
        parser.error(f"`{key}={options.ckpt}` must be ckpt=best or ckpt=last")
    return options


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
