"""The command `leyden tokenize`."""

import argparse
import time
from collections import Counter
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from leyden.cli.console import messages, print_path, say_wrapped
from leyden.cli.terminal import format_seconds, show_note
from leyden.errors import ConfigError, Problem
from leyden.tokenization.chunk import WORK
from leyden.tokenization.plan import Settings
from leyden.tokenization.shards import Manifest, ManifestError
from leyden.tokenization.sources import SourceError, find_sources
from leyden.tokenization.split import PARTS
from leyden.tokenization.tokenize import OutputError, tokenize
from leyden.tokenization.tokenizer import TokenizerError

FAILED, INTERRUPTED = 1, 75


def run_command(options: argparse.Namespace) -> int:
    """Tokenizes, and gives the exit status.

    Raises:
        ConfigError: The request is wrong, and nothing was written.
    """
    folder, begin = Path(options.output), time.monotonic()
    settings = Settings(
        tokenizer=options.tokenizer,
        vocab_size=options.vocab_size,
        text_key=options.text_key,
        val_share=options.val_share,
        test_share=options.test_share,
        shard_tokens=options.shard_tokens,
        encoding=options.encoding,
    )
    left_out = Counter[str]()
    try:
        sources = find_sources(
            options.sources,
            options.text_key,
            leave_out=folder,
            encoding=options.encoding,
            left_out=left_out,
        )
        if left_out:
            reasons = (f"{count:,} ({why})" for why, count in left_out.items())
            show_note(f"files left out: {', '.join(reasons)}")
        manifest = tokenize(settings, sources, folder, workers=options.workers)
    except (OutputError, ManifestError) as error:
        raise ConfigError([Problem("--output", str(error), options.output)]) from error
    except TokenizerError as error:
        raise ConfigError([Problem("--tokenizer", str(error), options.tokenizer)]) from error
    except (SourceError, OSError) as error:
        if not (folder / WORK).is_dir():
            raise ConfigError([Problem("SOURCE", str(error))]) from error
        return say_end("failed", str(error), FAILED)
    except BrokenProcessPool:
        reason = "a process was killed (the system does so when memory runs out); type fewer"
        return say_end("failed", f"{reason} --workers; {GOES_ON}", FAILED)
    except KeyboardInterrupt:
        return say_end("interrupted", GOES_ON, INTERRUPTED)
    show_manifest(manifest, time.monotonic() - begin)
    print_path(options.output)
    return 0


GOES_ON = "the same command goes on with what is missing"


def say_end(what: str, reason: str, status: int) -> int:
    """One line, and the exit status."""
    say_wrapped(messages(), reason, mark=(f"{what}: ", "bold red"))
    return status


def show_manifest(manifest: Manifest, seconds: float) -> None:
    """A line a part, and how long it took."""
    for part in PARTS:
        tokens, documents, num_bytes = (
            manifest.total(part, what) for what in ("tokens", "documents", "bytes")
        )
        ratio = num_bytes / max(1, tokens)
        show_note(
            f"{part:<6}{tokens:,} tokens, {ratio:.2f} bytes each, in {len(manifest.shards[part]):,}"
            f" shards; documents: {documents:,}"
        )
        if tokens == 0:
            hint = f"type a larger --{part}-share" if part != "train" else "there is too little"
            show_note(f"      an empty part can't be used by data=tokens; {hint}")
    show_note(
        f"{manifest.vocab_size:,} different tokens, kept as {manifest.dtype};"
        f" {format_seconds(seconds)}"
    )
