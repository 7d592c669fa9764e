"""What Optuna 4 keeps private and Leyden needs.

A job reports its validations from a process of its own, so it has to take up a trial by its number;
Optuna's public functions begin trials and end them in one process. `tests/compat/test_optuna.py`
fails when the storage's number of a trial can no longer be had.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial, Trial


def storage_id(trial: "FrozenTrial") -> int:
    """The number of a trial in its storage, by which the storage is asked."""
    return trial._trial_id


def take_up(study: "Study", trial: "FrozenTrial") -> "Trial":
    """A trial that another process has begun."""
    from optuna.trial import Trial

    return Trial(study, trial._trial_id)
