"""Whether a run that has ended can go on otherwise: in smaller parts, or from further back."""

from leyden.config.batch import halve_micro_batch
from leyden.runs.record import Record
from leyden.runs.rollback import roll_back


def prepare_second_try(record: Record, status: str) -> str | None:
    """Prepares it, where the run's config asks for it.

    Args:
        record: The run's.
        status: How it has ended.

    Returns:
        What was done, or None if there is nothing to do.
    """
    if status == "oom" and halve_micro_batch(record.folder):
        return "memory ran out: it begins again with smaller micro-batches"
    if status == "diverged" and roll_back(record):
        after, until = record.passed_over[-1]
        return f"diverged at step {until}: it goes back to step {after} and leaves these out"
    return None
