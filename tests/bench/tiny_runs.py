"""32 runs of a tiny network, over processes of their own and over one that does them in turn."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tests.bench.case import Case, Options, Row, Target, alternate
from tests.bench.fresh import answer_of, output_of, seconds_of

MODULE = "tests.bench.references.tiny_runs"
RATES = [1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2]
SEEDS = [0, 1, 2, 3]
EPOCHS = 20
COLD, WARM = 3, 4  # of the reference's runs that are measured; all take equally long


WORDS = [
    *("model.width=32", "optimizer=adam", "scheduler=constant", "trainer.accelerator=cpu"),
    *(f"trainer.max_epochs={EPOCHS}", "trainer.gradient_clip_val=null"),
]


def our_command() -> list[str]:
    return [
        *("-m", "leyden", "train", "-m", "hydra/launcher=stacked", *WORDS),
        f"optimizer.lr={','.join(map(str, RATES))}",
        f"seed={','.join(map(str, SEEDS))}",
    ]


def our_seconds(notes: list[str]) -> float:
    """Wall time of the whole command, with its report; and a note of where it goes."""
    with tempfile.TemporaryDirectory() as temporary:
        start = time.time()
        output = output_of(our_command(), Path(temporary))
        end = time.time()
        folder = Path(temporary) / output.splitlines()[-1]
        jobs = [json.loads(file.read_text()) for file in folder.glob("*/run.json")]
    assert [job["status"] for job in jobs] == ["completed"] * len(RATES) * len(SEEDS)
    first = min(datetime.fromisoformat(job["started"]).timestamp() for job in jobs)
    last = max(datetime.fromisoformat(job["ended"]).timestamp() for job in jobs)
    training = max(job["train_seconds"] for job in jobs)
    notes[:] = [
        f"our {end - start:.1f} s: {(first - start) / (end - start):.0%} before the jobs,"
        f" {(last - first) / (end - start):.0%} in them (the longest trains {training:.1f} s),"
        f" {(end - last) / (end - start):.0%} after them"
    ]
    return end - start


def wish(runs: int) -> dict[str, list[float] | list[int] | int]:
    return {"rates": RATES[2:3], "seeds": list(range(runs)), "epochs": EPOCHS}


def number_of_cold(options: Options) -> int:
    return 1 if options.quick else COLD


def number_of_warm(options: Options) -> int:
    return 2 if options.quick else WARM


def cold_seconds(options: Options) -> float:
    number = number_of_cold(options)
    with tempfile.TemporaryDirectory() as temporary:
        each = [
            seconds_of(["-m", MODULE, json.dumps(wish(1))], Path(temporary)) for _ in range(number)
        ]
    return statistics.fmean(each) * len(RATES) * len(SEEDS)


def warm_seconds(options: Options) -> float:
    """The import and the first run once; the others as long as those measured."""
    number = number_of_warm(options)
    with tempfile.TemporaryDirectory() as temporary:
        start = time.perf_counter()
        answer = answer_of(MODULE, Path(temporary), wish(number))
        whole, (_, *others) = time.perf_counter() - start, answer["seconds"]
    return whole + statistics.fmean(others) * (len(RATES) * len(SEEDS) - number)


def measure(options: Options, reference: Callable[[Options], float], note: str) -> Row:
    notes: list[str] = []
    pairs = alternate(
        lambda: our_seconds(notes),
        lambda: reference(options),
        repetitions=1 if options.quick else 3,
        warms_up=False,
    )
    return Row(pairs, "s", notes=[f"reference: {note}, scaled to 32", *notes])


def measure_cold(options: Options) -> Row:
    note = f"{number_of_cold(options)} processes measured, one after the other"
    return measure(options, cold_seconds, note)


def measure_warm(options: Options) -> Row:
    return measure(options, warm_seconds, f"{number_of_warm(options)} runs in turn measured")


def profile(options: Options) -> str:
    """Of the jobs, half of which are a stack."""
    size = str(len(RATES) * len(SEEDS) // 2)
    with tempfile.TemporaryDirectory() as temporary:
        arguments = ["-m", "tests.bench.stack_profile", size, json.dumps(WORDS)]
        output = output_of(arguments, Path(temporary))
    return output.partition("PROFILE\n")[2]


CASES = (
    Case("runs_cold", measure_cold, Target(1 / 30), profile),
    Case("runs_warm", measure_warm, Target(1 / 8), profile),
)
