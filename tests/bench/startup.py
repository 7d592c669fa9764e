"""How long a command takes to begin."""

import tempfile
from functools import partial
from pathlib import Path

from tests.bench.case import Case, Options, Row, Target, alternate
from tests.bench.fresh import output_of, seconds_of

NOTHING = "pass"
IMPORTS = "import torch, pytorch_lightning"
HELP = "from leyden.cli import main; main(['--help'])"
AXES = ("model=mlp,cnn", "params=1e4,2e4,3e4,6e4,1e5", "optimizer=sgd,adamw", "seed=range(5)")
PLAN = f"from leyden.cli import main; main({['plan', '-m', *AXES]})"
TO_FIRST_STEP = """
import os, sys
from leyden.cli import main

def stop(optimizer, *arguments):
    sys.stdout.flush()
    os._exit(0)

from leyden.optim import Muon
Muon.step = stop
main(["train"])
"""
PROFILED = """
import cProfile, os, sys
profile, leave = cProfile.Profile(), os._exit

def end(status):
    profile.disable()
    from tests.bench.runs import shown
    sys.stdout.write("PROFILE\\n" + shown(profile))
    sys.stdout.flush()
    leave(status)

os._exit = end
profile.enable()
exec({code!r})
end(0)
"""


def measure(options: Options, *, ours: str, reference: str) -> Row:
    with tempfile.TemporaryDirectory() as temporary:
        pairs = alternate(
            lambda: seconds_of(["-c", ours], Path(temporary)),
            lambda: seconds_of(["-c", reference], Path(temporary)),
            repetitions=options.repetitions(7),
        )
    return Row(pairs, "s", notes=[f"reference: `{reference}`"])


def profile(options: Options, *, code: str) -> str:
    with tempfile.TemporaryDirectory() as temporary:
        output = output_of(["-c", PROFILED.format(code=code)], Path(temporary))
    return output.partition("PROFILE\n")[2]


def case(name: str, ours: str, reference: str, target: Target) -> Case:
    measured = partial(measure, ours=ours, reference=reference)
    return Case(name, measured, target, partial(profile, code=ours))


CASES = (
    case("help", HELP, NOTHING, Target(0.3, of="ours")),
    case("plan_100_jobs", PLAN, IMPORTS, Target(10.0, of="ours")),
    case("first_step", TO_FIRST_STEP, IMPORTS, Target(1.2)),
)
