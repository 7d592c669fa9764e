"""The command `leyden tokenize`: it calls the engine, and shows what the engine reports."""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from leyden.cli.console import messages, print_path, say, say_wrapped, text_column, waiting
from leyden.cli.terminal import show_note
from leyden.errors import ConfigError, Problem
from leyden.formatting import format_bytes, format_seconds
from leyden.tokenization.plan import TokenizeSettings
from leyden.tokenization.shards import Manifest, ManifestError
from leyden.tokenization.sources import SourceError, find_sources
from leyden.tokenization.split import SPLITS
from leyden.tokenization.tokenize import (
    Event,
    Joining,
    Learned,
    OutputError,
    Reading,
    Sampling,
    is_begun,
    tokenize,
)
from leyden.tokenization.tokenizer import TokenizerError

FAILED, INTERRUPTED = 1, 75

SECONDS_BETWEEN_LINES = 20
"""Time between two lines of progress, where there is no terminal."""

CONTINUES = "the same command continues with what is missing"


def run_command(options: argparse.Namespace) -> int:
    """Tokenizes the files that the options name.

    Returns:
        The exit status.

    Raises:
        ConfigError: The request is wrong, and nothing was written.
    """
    folder, begin = Path(options.output), time.monotonic()
    settings = TokenizeSettings(
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
        with ProgressDisplay() as display:
            manifest = tokenize(
                settings, sources, folder, workers=options.workers, on_progress=display.show
            )
    except (OutputError, ManifestError) as error:
        raise ConfigError([Problem("--output", str(error), options.output)]) from error
    except TokenizerError as error:
        raise ConfigError([Problem("--tokenizer", str(error), options.tokenizer)]) from error
    except (SourceError, OSError) as error:
        if not is_begun(folder):
            raise ConfigError([Problem("SOURCE", str(error))]) from error
        return say_end("failed", str(error), FAILED)
    except BrokenProcessPool:
        reason = "a process was killed (the system does so when memory runs out); type fewer"
        return say_end("failed", f"{reason} --workers; {CONTINUES}", FAILED)
    except KeyboardInterrupt:
        return say_end("interrupted", CONTINUES, INTERRUPTED)
    show_manifest(manifest, time.monotonic() - begin)
    print_path(options.output)
    return 0


def say_end(what: str, reason: str, status: int) -> int:
    """Prints why the command ended early, and returns the exit status."""
    say_wrapped(messages(), reason, mark=(f"{what}: ", "bold red"))
    return status


def show_manifest(manifest: Manifest, seconds: float) -> None:
    """Prints a line for each part, and the time that it took.

    Args:
        manifest: The manifest of the finished folder.
        seconds: Duration of the command.
    """
    for part in SPLITS:
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


class ProgressDisplay:
    """Shows the events of `tokenize`: a status or a bar on a terminal, lines elsewhere."""

    def __init__(self) -> None:
        self._shown = ExitStack()
        self._update: Callable[[int], None] | None = None

    def __enter__(self) -> "ProgressDisplay":
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.close()

    def show(self, event: Event) -> None:
        """Shows one event; it takes the place of the one before."""
        match event:
            case Sampling():
                self._shown.enter_context(waiting("reading a sample"))
            case Learned(num_tokens, num_bytes, is_sample):
                self._shown.close()
                source = f"a sample of {format_bytes(num_bytes)}" if is_sample else "all"
                show_note(f"{num_tokens:,} tokens, learned from {source} of the training documents")
            case Reading(done, total):
                self._show_reading(done, total)
            case Joining():
                self._shown.close()
                self._shown.enter_context(waiting("joining"))

    def _show_reading(self, done: int, total: int) -> None:
        if self._update is None:
            self._shown.close()
            if done:
                before = f"{format_bytes(done)} of {format_bytes(total)}"
                show_note(f"goes on: {before} were read before")
            self._update = self._shown.enter_context(reading_progress(done, total))
        self._update(done)


@contextmanager
def reading_progress(done: int, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, or a line now and then elsewhere.

    Args:
        done: Bytes that were read before.
        total: Bytes of all sources.

    Yields:
        The function to call with the bytes that have been read so far.
    """
    console = messages()
    if not console.is_terminal:
        yield ProgressLines(done, total).update
        return
    columns = (
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        text_column("left"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("tokenize", total=total, completed=done)
        yield lambda completed: bar.update(task, completed=completed)


class ProgressLines:
    """Progress where there is no terminal.

    Args:
        done: Bytes that were read before.
        total: Bytes of all sources.
    """

    def __init__(self, done: int, total: int) -> None:
        self.done_before = done
        self.total = total
        self.start = self.last_line = time.monotonic()

    def update(self, done: int) -> None:
        """Prints a line, unless the last one is recent."""
        now = time.monotonic()
        if now - self.last_line > SECONDS_BETWEEN_LINES:
            self.last_line = now
            speed = format_bytes(int((done - self.done_before) / (now - self.start)))
            say(messages(), f"read {format_bytes(done)} of {format_bytes(self.total)}, {speed}/s")
