"""What a command line asks for: parsed, composed, validated."""

import gc
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leyden.config.compose import ComposedRequest


def compose_words(
    words: list[str], *, will_run: bool = False, without: Collection[str] = ()
) -> "ComposedRequest":
    """Composes and validates what is asked for; what Hydra alone can see comes before torch does.

    Args:
        words: Overrides and Hydra's flags, as they were typed.
        will_run: The process that the jobs of a sweep are forked from begins to import as well.
        without: See `validate_request`.
    """
    from leyden.cli.console import waiting
    from leyden.config.compose import compose_request
    from leyden.config.request import parse_request

    composed = compose_request(parse_request(words))
    if will_run and composed.sweep is not None and composed.sweep.launcher.get("start") == "warm":
        from leyden.distributed.forkserver import start_forkserver

        start_forkserver()
    with waiting("checking"), uncollected():
        from leyden.api import validate_request

        validate_request(composed, without=without)
    show_notes(composed)
    return composed


def show_notes(composed: "ComposedRequest") -> None:
    """Shows what was changed of the config that was asked for, of all jobs alike."""
    from leyden.cli.terminal import show_note
    from leyden.distributed.torchrun import is_first

    for note in composed.notes:
        if is_first():
            show_note(note)


@contextmanager
def uncollected() -> Iterator[None]:
    """Keeps Python's garbage collector still, for importing torch and Lightning.

    It would search their hundred thousands of objects again and again, in vain: a sixth of the
    time of the import.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
