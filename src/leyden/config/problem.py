"""What is wrong with a request, said so that it can be mended."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: a line for the user.

    Attributes:
        key: Full path of the config key, or the words of the command line.
        message: What is wrong and what to type instead.
        value: As it was given; None where the key has none.
        origin: Where it was set.
    """

    key: str
    message: str
    value: str | None = None
    origin: str | None = None

    def __str__(self) -> str:
        setting = self.key if self.value is None else f"{self.key}={self.value}"
        where = f" ({self.origin})" if self.origin else ""
        return f"{setting}{where}: {self.message}"

    def of_job(self, overrides: Iterable[str]) -> "Problem":
        """The problem with the job of a sweep that has it."""
        return replace(self, message=f"{self.message} [in the job {' '.join(overrides)}]")


class ConfigError(Exception):
    """The request is wrong. Nothing was started and nothing written.

    Attributes:
        problems: All that was found.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, self.problems)))


def suggestion(wrong: str, known: Iterable[str], *, prefix: str = "") -> str:
    """The nearest of the known words, or all of them where none is near."""
    known = sorted(known)
    near = get_close_matches(wrong, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{prefix}{near[0]}`?"
    return "there is: " + ", ".join(known) if known else "there is none"
