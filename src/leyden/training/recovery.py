"""Further attempts of a run that has failed: in smaller micro-batches, or from further back."""

from leyden.planning.batch import halve_micro_batch
from leyden.run.checkpoint_file import read_marker
from leyden.run.checkpoints import LAST, find_intact
from leyden.run.folder import read_frozen
from leyden.run.record import Record


def prepare_attempt(record: Record, status: str) -> str | None:
    """Prepares a further attempt, where the run's config asks for it.

    Args:
        record: Record of the run.
        status: How the attempt before has ended.

    Returns:
        What was changed, or None if there is no further attempt.
    """
    if status == "oom" and halve_micro_batch(record.folder):
        return "memory ran out: it begins again with smaller micro-batches"
    if status == "diverged" and roll_back(record):
        after, until = record.passed_over[-1]
        return f"diverged at step {until}: it goes back to step {after} and skips these steps"
    return None


def roll_back(record: Record) -> bool:
    """Lets a run that diverged resume from its last checkpoint, without the steps that led there.

    Their samples are passed over, as in the training of PaLM (Chowdhery et al. 2022, section 5.1):
    the same samples from the same weights would lead to the same end.

    Args:
        record: Record of a run that diverged; the steps are noted in it.

    Returns:
        Whether its config asks for this, and it has not been done too often.
    """
    trainer = read_frozen(record.folder).trainer
    is_asked = trainer.get("on_nonfinite") == "rollback"
    if not is_asked or len(record.passed_over) >= trainer.max_nonfinite:
        return False
    path, _ = find_intact(record.folder, LAST)
    marker = None if path is None else read_marker(path)
    after = 0 if marker is None else marker.step
    record.passed_over.append([after, (record.steps or 0) + 1])
    record.write()
    return True
