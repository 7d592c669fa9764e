"""Importance of a search's axes by fANOVA, which needs no grid."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from leyden.sweeps.report.effects import Effect
from leyden.sweeps.report.jobs import Level, levels
from leyden.sweeps.report.results import Results

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FEWEST = 4
LOGARITHMIC_FROM = 100
"""Ratio of the largest to the smallest value from which an axis counts as logarithmic."""

METHOD = (
    "Importance by fANOVA: a random forest is fitted to the {jobs}, and its variance divided among "
    "the axes; what is left of 1 are interactions. It describes the region that the search "
    "visited, and of few jobs only roughly."
)
COMPLETED = "completed jobs"
WITH_PRUNED = (
    "{completed} completed jobs, with their final value, and the {pruned} pruned ones, with the "
    "value that they had when they were pruned"
)


def importances(results: Results) -> tuple[list[Effect], str]:
    """Importance of each axis that every completed or pruned job has.

    Returns:
        The shares, the greatest first; and how they were found, or why there are none.
    """
    jobs = results.valued
    axes = results.common_axes(jobs)
    if len(jobs) < FEWEST or not axes:
        return [], (
            f"Importance needs {FEWEST} completed or pruned jobs that differ in an axis that they "
            "all have."
        )
    if len({job.reached for job in jobs}) == 1:
        return [], "All jobs reached the same value."
    import optuna

    values = {axis: levels(jobs, axis) for axis in axes}
    distributions = {axis: _distribution(values[axis]) for axis in axes}
    with _quiet():
        study = optuna.create_study()
    for place, job in enumerate(jobs):
        chosen = {axis: values[axis][place] for axis in axes}
        trial = optuna.trial.create_trial(
            params=chosen, distributions=distributions, value=job.reached
        )
        study.add_trial(trial)
    found = optuna.importance.FanovaImportanceEvaluator(seed=0).evaluate(study)
    effects = [Effect(results.names[axis], float(share)) for axis, share in found.items()]
    pruned = sum(job.is_pruned for job in jobs)
    words = WITH_PRUNED.format(completed=len(jobs) - pruned, pruned=pruned)
    note = METHOD.format(jobs=words if pruned else COMPLETED)
    return sorted(effects, key=lambda effect: -effect.share), note


def _distribution(values: list[Level]) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    numbers = [value for value in values if isinstance(value, float)]
    if len(numbers) < len(values):
        return CategoricalDistribution(sorted({str(value) for value in values}))
    low, high = min(numbers), max(numbers)
    return FloatDistribution(low, high, log=low > 0 and high / low > LOGARITHMIC_FROM)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Optuna's line on standard error that it made a study."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
