"""`leyden tokenize`: shards of tokens of text files."""

import argparse
import os
from collections.abc import Callable

from leyden.cli.parser import Parser, Verbs, add_verb


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `tokenize`."""
    parser = add_verb(
        verbs,
        "tokenize",
        tokenize,
        usage="SOURCE... --output DIR [options]",
        description="Makes shards of tokens for data=tokens data.path=DIR. Broken off, the same"
        " command continues.",
    )

    def add(name: str, *, help: str, **options: object) -> None:
        parser.add_argument(name, help=help, **options)  # type: ignore[arg-type]

    add(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="file or folder: text (a document a file), .jsonl (a document a line), .parquet (a"
        " document a row)",
    )
    add("--output", required=True, metavar="DIR", help="folder for the shards")
    add(
        "--tokenizer",
        default="byte",
        metavar="NAME",
        help="byte, character, bpe (learned from a sample), gpt2, or a saved tokenizer's path;"
        " default: %(default)s",
    )
    add(
        "--vocab-size",
        type=whole_number(257),
        default=32768,
        metavar="N",
        help="tokens of bpe; default: %(default)s",
    )
    add(
        "--text-key",
        default="text",
        metavar="KEY",
        help="what the text stands under in .jsonl and .parquet; default: %(default)s",
    )
    add(
        "--encoding",
        metavar="NAME",
        help="of text, such as cp1252; default: UTF-8, or what a byte-order mark says",
    )
    for part in ("val", "test"):
        add(
            f"--{part}-share",
            type=share,
            default=0.005,
            metavar="X",
            help="share of the documents; default: %(default)s",
        )
    add(
        "--shard-tokens",
        type=whole_number(1),
        default=10**8,
        metavar="N",
        help="tokens of a shard, about; default: 1e8",
    )
    add(
        "--workers",
        type=whole_number(1),
        default=num_cores(),
        metavar="N",
        help="processes; default: one a core",
    )


def tokenize(options: argparse.Namespace) -> int:
    """Makes shards of tokens."""
    if options.val_share + options.test_share >= 1:
        options.parser.error("--val-share and --test-share leave nothing to train on")
    from leyden.cli.tokenize_display import run_command

    return run_command(options)


def num_cores() -> int:
    """That this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def whole_number(least: int) -> Callable[[str], int]:
    """Reads 100000000 and 1e8 alike."""

    def read(text: str) -> int:
        number = float(text)
        if number != number // 1 or number < least:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} on, not {text}")
        return int(number)

    read.__name__ = "number"
    return read


def share(text: str) -> float:
    """Reads what is more than 0 and less than 1."""
    number = float(text)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"must be between 0 and 1, not {text}")
    return number
