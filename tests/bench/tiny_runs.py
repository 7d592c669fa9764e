"""32 runs of a tiny network, over processes of their own and over one that does them in turn."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from tests.bench.case import Case, Options, Row, Target, alternate
from tests.bench.fresh import ROOT, answer_of, output_of, seconds_of

MODULE = "tests.bench.references.tiny_runs"
RATES = [1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2]
SEEDS = [0, 1, 2, 3]
EPOCHS = 20
COLD, WARM = 3, 4  # of the reference's runs that are measured; all take equally long
LAUNCHER = ROOT / "conf" / "hydra" / "launcher" / "stacked.yaml"


def our_command() -> list[str]:
    launcher = "stacked" if LAUNCHER.is_file() else "local"
    return [
        *("-m", "leyden", "train", "-m", f"hydra/launcher={launcher}"),
        *("model.width=32", "optimizer=adam", "scheduler=constant"),
        f"optimizer.lr={','.join(map(str, RATES))}",
        f"seed={','.join(map(str, SEEDS))}",
        *(f"trainer.max_epochs={EPOCHS}", "trainer.gradient_clip_val=null"),
        "trainer.accelerator=cpu",
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
        f"our {end - start:.1f} s: {first - start:.0f} s before the jobs, {last - first:.0f} s of"
        f" jobs (of which {training:.1f} s training), {end - last:.0f} s after them"
    ]
    return end - start


def wish(runs: int) -> dict[str, list[float] | list[int] | int]:
    return {"rates": RATES[2:3], "seeds": list(range(runs)), "epochs": EPOCHS}


def cold_seconds(options: Options) -> float:
    number = 1 if options.quick else COLD
    with tempfile.TemporaryDirectory() as temporary:
        each = [
            seconds_of(["-m", MODULE, json.dumps(wish(1))], Path(temporary)) for _ in range(number)
        ]
    return statistics.fmean(each) * len(RATES) * len(SEEDS)


def warm_seconds(options: Options) -> float:
    """The import and the first run once; the others as long as those measured."""
    number = 2 if options.quick else WARM
    with tempfile.TemporaryDirectory() as temporary:
        start = time.perf_counter()
        answer = answer_of(MODULE, Path(temporary), wish(number))
        whole, (_, *others) = time.perf_counter() - start, answer["seconds"]
    return whole + statistics.fmean(others) * (len(RATES) * len(SEEDS) - number)


def measure(options: Options, *, reference: Callable[[Options], float], note: str) -> Row:
    notes: list[str] = []
    pairs = alternate(
        lambda: our_seconds(notes),
        lambda: reference(options),
        repetitions=1 if options.quick else 3,
        warms_up=False,
    )
    return Row(pairs, "s", notes=[f"reference: {note}, scaled to 32", *notes])


measure_cold = partial(
    measure,
    reference=cold_seconds,
    note=f"{COLD} processes measured, one after the other",
)
measure_warm = partial(measure, reference=warm_seconds, note=f"{WARM} runs in turn measured")

CASES = (
    Case("runs_cold", measure_cold, Target(1 / 30)),
    Case("runs_warm", measure_warm, Target(1 / 8)),
)
