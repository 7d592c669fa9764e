"""Our side: command lines of `leyden`, one after the other in a fresh process.

python -m tests.bench.runs '[["train", "trainer.max_steps=10"]]'
"""

import contextlib
import cProfile
import io
import json
import pstats
import sys
import time
from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from operator import call
from pathlib import Path
from typing import Any

from tests.bench.fresh import answer_of, most_bytes, output_of

MOMENTS = "moments.json"
"""Of a run that is watched; here, as its callback imports torch, and the command comes first."""

WATCHED = "+callbacks.moments._target_=tests.bench.moments.Moments"
LINES = 8
NO_CHECKPOINTS = ("callbacks.best=null", "resume.keep=0")


def runs(folder: Path, *commands: tuple[str, ...], **variables: str) -> list[dict[str, Any]]:
    """Records of runs that one fresh process does in turn, and the most memory that it held."""
    answer: list[dict[str, Any]] = answer_of(__spec__.name, folder, commands, **variables)
    return answer


@dataclass(frozen=True)
class Timed:
    """What a run takes.

    Attributes:
        seconds: Of a step.
        start_seconds: Of all but the steps and the large imports.
        most_bytes: That the process has held.
    """

    seconds: float
    start_seconds: float
    most_bytes: int


def timed_steps(
    folder: Path, words: tuple[str, ...], *, few: int, many: int, **variables: str
) -> Timed:
    """Times the steps of `leyden train`, with all that is done between them.

    Args:
        folder: Of the run.
        words: Of the command line.
        few: Steps that warm up.
        many: Steps that are timed.
        variables: Of the environment.
    """
    (run,) = runs(
        folder, ("train", *words, WATCHED, f"trainer.max_steps={few + many}"), **variables
    )
    seconds = (run["moments"][-1] - run["moments"][few - 1]) / many
    return Timed(seconds, run["wall_seconds"] - (few + many) * seconds, run["most_bytes"])


def profile_of(folder: Path, *words: str, steps: int, **variables: str) -> str:
    """The functions in which a run of ours spends its time, after a short one that warms up."""
    commands = [("train", *words, f"trainer.max_steps={number}") for number in (2, steps)]
    request = [json.dumps(commands), "profile"]
    return output_of(["-m", __spec__.name, *request], folder, **variables)


def main(commands: str, purpose: str = "measure") -> None:
    from leyden.cli import main as leyden

    # First, as it sets what torch reads when it is imported; what follows is imports that no run's
    # time is to count.
    with contextlib.redirect_stdout(io.StringIO()):
        leyden(["--version"])
    import_module("leyden.training.execute")
    profile = cProfile.Profile()
    answers: list[dict[str, Any]] = []
    for words in json.loads(commands):
        output = io.StringIO()
        start = time.perf_counter()
        with contextlib.redirect_stdout(output):
            run = profile.runcall if purpose == "profile" and answers else call
            status = run(leyden, words)
        if status:
            raise SystemExit(status)
        folder = Path(output.getvalue().splitlines()[-1])
        answers.append(
            {
                **read_json(folder / "run.json"),
                "moments": read_json(folder / MOMENTS) if WATCHED in words else [],
                "folder": str(folder.absolute()),
                "most_bytes": most_bytes(),
                "wall_seconds": time.perf_counter() - start,
            }
        )
    if purpose == "profile":
        sys.stdout.write(shown(profile))
    else:
        sys.stdout.write(json.dumps(answers) + "\n")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def shown(profile: cProfile.Profile) -> str:
    """Whose code takes the time, and the functions with the most of their own, in percent."""
    stats: Any = pstats.Stats(profile)
    whose, functions = Counter[str](), Counter[str]()
    for (file, line, name), numbers in stats.stats.items():
        whose[owner_of(file, name)] += numbers[2]
        where = name if file == "~" else f"{'/'.join(Path(file).parts[-2:])}:{line} {name}"
        functions[where] += numbers[2]
    return "".join(
        f"  {spent / stats.total_tt:5.1%}  {what}\n"
        for counter in (whose, functions)
        for what, spent in counter.most_common(LINES)
    )


def owner_of(file: str, name: str) -> str:
    """The package, and of ours the part, that a function belongs to."""
    parts = Path(file).parts
    if file == "~":
        return "torch's kernels" if "torch" in name or "Tensor" in name else "Python's own in C"
    if "leyden" in parts:
        return "/".join(parts[parts.index("leyden") :][:2])
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1]
    return "Python's library"


if __name__ == "__main__":
    main(*sys.argv[1:])
