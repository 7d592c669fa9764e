"""The errors that Leyden raises, and the problems of a request, each with what to type instead."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches


class LeydenError(Exception):
    """Base of all errors that Leyden raises."""


class RunFailed(LeydenError):
    """A run has failed; the record in its folder says why."""


LIKE = 0.6
"""Words that are so much alike may have been meant (`difflib.SequenceMatcher.ratio`)."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: a line for the user.

    Attributes:
        key: Full path of the config key, or the words of the command line.
        message: What is wrong and what to type instead.
        value: Value as it was given; None where the key has none.
        origin: Place where it was set.
        job: Job of a sweep that has it; None: all of them.
    """

    key: str
    message: str
    value: str | None = None
    origin: str | None = None
    job: str | None = None

    def __str__(self) -> str:
        setting = self.key if self.value is None else f"{self.key}={self.value}"
        where = f" ({self.origin})" if self.origin else ""
        return f"{setting}{where}: {self.message}" + (f" [{self.job}]" if self.job else "")

    def of_job(self, job: str) -> "Problem":
        """The problem with the job of a sweep that has it."""
        return replace(self, job=job)


class ConfigError(LeydenError):
    """The request is wrong. Nothing was started and nothing written.

    Attributes:
        problems: All that was found.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, self.problems)))


def gathered(problems: Iterable[Problem], num_jobs: int) -> list[Problem]:
    """Each problem once, with the jobs of a sweep that have it."""
    jobs: dict[Problem, list[str]] = {}
    for problem in problems:
        jobs.setdefault(replace(problem, job=None), []).extend(filter(None, [problem.job]))
    return [problem.of_job(_in_jobs(names, num_jobs)) for problem, names in jobs.items()]


def _in_jobs(names: list[str], num_jobs: int) -> str:
    if not names or len(names) == num_jobs:
        return ""
    rest = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"in the job {names[0]}{rest}"


def suggestion(wrong: str, known: Iterable[str], *, prefix: str = "") -> str:
    """The nearest of the known words, or all of them where none is near."""
    known = sorted(known)
    near = get_close_matches(wrong, known, n=3, cutoff=LIKE)
    if near:
        # `val/accuracy` is as near to `val/auroc` as to `val/acc`, of which it is the long form.
        long_forms = [word for word in near if wrong.startswith(word)]
        return f"did you mean `{prefix}{[*long_forms, *near][0]}`?"
    return "there is: " + ", ".join(known) if known else "there is none"


class Diverged(LeydenError):
    """A loss, gradient, weight or metric became NaN or infinite."""


class Interrupted(LeydenError):
    """A signal asked the run to stop; it stopped after a whole step."""


class Pruned(LeydenError):
    """A search ended the run, which did worse than others."""


class CheckpointError(LeydenError):
    """A run has checkpoints, but none of them is intact."""
