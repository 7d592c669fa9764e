"""What a command line asks for: composed, checked, and told what was changed of it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leyden.config.job import Plan


def plan_of(arguments: list[str], *, will_run: bool = False) -> "Plan":
    """Composes and checks what is asked for; what Hydra alone can see comes before torch does.

    Args:
        arguments: After the verb.
        will_run: The process that a sweep's jobs are forked from begins to import as well.
    """
    from leyden.cli.console import waiting
    from leyden.config.compose import compose_plan
    from leyden.config.request import parse_request

    request = parse_request(arguments)
    plan = compose_plan(request)
    if will_run and plan.sweep is not None and plan.sweep.launcher.get("start") == "warm":
        from leyden.distributed.forkserver import warm_up

        warm_up()
    with waiting("checking"), uncollected():
        from leyden.config.validate import check_plan

        check_plan(plan)
    show_notes(plan)
    return plan


def show_notes(plan: "Plan") -> None:
    """What was changed of the config that was asked for, of all jobs alike."""
    from leyden.cli.terminal import show_note
    from leyden.distributed.torchrun import is_first

    for note in dict.fromkeys(note for job in plan.jobs for note in job.notes):
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
