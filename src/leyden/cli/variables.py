"""Environment variables of Leyden: one that is misspelt would have no effect in silence."""

import os
from difflib import get_close_matches

from leyden.errors import ConfigError, Problem

KNOWN = ("LEYDEN_DATA", "LEYDEN_ENV", "LEYDEN_FAULT", "LEYDEN_PACKAGES", "LEYDEN_STORAGE")

ALIKE = 0.85
"""Variables of other programs may begin like ours (`difflib.SequenceMatcher.ratio`)."""


def reject_misspelt_variables() -> None:
    """Raises `ConfigError` for variables whose names are nearly those of Leyden's."""
    problems = []
    for name in sorted(os.environ.keys() - set(KNOWN)):
        near = get_close_matches(name.upper(), KNOWN, n=1, cutoff=ALIKE)
        if near and name.upper().startswith("LEYDEN"):
            message = f"no such variable; did you mean `{near[0]}`?"
            problems.append(Problem(name, message, os.environ[name], "environment"))
    if problems:
        raise ConfigError(problems)
