"""`leyden tokenize`: shards of tokens of text files."""

import argparse

from leyden.cli.parser import Parser, Verbs, add_verb


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `tokenize`."""
    add_verb(
        verbs,
        "tokenize",
        tokenize,
        usage="SOURCE... --output DIR [options]",
        description="Makes shards of tokens for data=tokens data.path=DIR.",
        takes_overrides=True,
        has_help=False,
    )


def tokenize(options: argparse.Namespace) -> int:
    """Makes shards of tokens."""
    from leyden.tokenization.arguments import parse

    parsed = parse(options.overrides)
    if parsed is None:
        return 0
    from leyden.tokenization.command import run_command

    return run_command(parsed)
