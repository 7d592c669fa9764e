"""Processes that tokenize chunks, each one at a time."""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from leyden.tokenization.chunk import ChunkWriter

SECONDS_BETWEEN_LOOKS = 0.2


def write_chunks(
    folder: Path, chunks: Sequence[int], *, workers: int, on_progress: Callable[[int], None]
) -> None:
    """Writes chunks in any order.

    Args:
        folder: Folder of the result; plan and tokenizer are there.
        chunks: Numbers of the chunks.
        workers: Number of processes; for one, or for one chunk, this process works alone.
        on_progress: Function that is called with the length that was read since its last call.

    Raises:
        SourceError: Something is no document; what was finished stays.
        BrokenProcessPool: A process was killed.
    """
    workers = min(workers, len(chunks))
    if workers <= 1:
        writer = ChunkWriter(folder)
        for chunk in chunks:
            writer.write(chunk, on_progress)
        return
    context = get_context("spawn")  # a fork would copy the threads of `tokenizers` by half
    read: Synchronized[int] = context.Value("q", 0)
    before = set(active_children())
    pool = ProcessPoolExecutor(workers, context, _begin, (folder, read))
    try:
        _wait([pool.submit(_write, chunk) for chunk in chunks], read, on_progress)
    except BaseException:
        for process in set(active_children()) - before:
            process.kill()  # what it was writing is not in its place yet
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _wait(
    futures: list[Future[None]], read: "Synchronized[int]", on_progress: Callable[[int], None]
) -> None:
    running, told = set(futures), 0
    while running:
        done, running = wait(running, SECONDS_BETWEEN_LOOKS, FIRST_EXCEPTION)
        now = read.value
        on_progress(now - told)
        told = now
        for future in done:
            future.result()


# State of a worker process: a pool passes arguments to its initializer alone.
_writer: ChunkWriter
_read: "Synchronized[int]"


def _begin(folder: Path, read: "Synchronized[int]") -> None:
    """In a new process: it has one thread, ends with its parent and leaves Ctrl-C to it."""
    global _writer, _read
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _writer, _read = ChunkWriter(folder), read


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _write(chunk: int) -> None:
    _writer.write(chunk, _count)


def _count(length: int) -> None:
    with _read.get_lock():
        _read.value += length
