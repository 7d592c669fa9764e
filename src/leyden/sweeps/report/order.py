"""The natural order of an axis' levels: numbers by value, sizes by parameters, names as given."""

from collections.abc import Iterable
from statistics import fmean

from leyden.sweeps.report.jobs import JobResult, as_number
from leyden.sweeps.report.results import Results


def is_numeric(texts: Iterable[str]) -> bool:
    """Whether all values are numbers, so that a line through them means something."""
    found = list(texts)
    return bool(found) and all(as_number(text) is not None for text in found)


def ordered_levels(results: Results, axis: str) -> list[str]:
    """The different values of an axis, as typed, in their natural order.

    Numbers stand in the order of their values. Sizes of a model, such as `gpt/small`, stand in the
    order of their parameters; of models, all others as they were given.

    Args:
        results: Results of the sweep.
        axis: Key of the axis.
    """
    jobs = [job for job in results.jobs if axis in job.values]
    given = _as_given(results, axis, list(dict.fromkeys(job.values[axis] for job in jobs)))
    if is_numeric(given):
        return sorted(given, key=float)
    places = {text: place for place, text in enumerate(given)}
    families: dict[str, int] = {}
    for text in given:
        families.setdefault(text.partition("/")[0], places[text])

    def key(text: str) -> tuple[float, float, int]:
        family, slash, _ = text.partition("/")
        size = _parameters(jobs, axis, text) if slash else 0.0
        return families[family], size, places[text]

    return sorted(given, key=key)


def _as_given(results: Results, axis: str, met: list[str]) -> list[str]:
    """Values in the order in which they were typed; a search meets them in any order."""
    for override in results.record.overrides:
        name, _, typed = override.partition("=")
        if name.lstrip("+") == axis:
            words = typed.strip().removeprefix("choice(").removesuffix(")").split(",")
            places = {word.strip(): place for place, word in enumerate(words)}
            return sorted(met, key=lambda text: places.get(text, len(places)))
    return met


def _parameters(jobs: list[JobResult], axis: str, text: str) -> float:
    """Mean number of parameters of the jobs of a level; those of unknown size come last."""
    known = [job.cost("params") for job in jobs if job.values[axis] == text]
    sizes = [size for size in known if size is not None]
    return fmean(sizes) if sizes else float("inf")
