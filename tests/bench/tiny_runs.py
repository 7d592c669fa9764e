"""32 runs of a tiny network, over processes of their own and over one that does them in turn."""

import json
import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.case import Case, Options, Row, Target, alternate
from tests.bench.fresh import ROOT, answer_of, output_of, seconds_of

MODULE = "tests.bench.references.tiny_runs"
RATES = [1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2]
SEEDS = [0, 1, 2, 3]
EPOCHS = 20
COLD, WARM = 3, 4  # of the reference's runs that are measured; all take equally long
LAUNCHER = ROOT / "conf" / "hydra" / "launcher" / "stacked.yaml"


def our_seconds(options: Options) -> float:
    """Wall time of the whole command, with its report."""
    axes = [
        f"{key}={','.join(map(str, values))}"
        for key, values in (("optimizer.lr", RATES), ("seed", SEEDS))
    ]
    words = [
        *("train", "-m", "model.width=32", "optimizer=adam", "scheduler=constant", *axes),
        *(f"trainer.max_epochs={EPOCHS}", "trainer.gradient_clip_val=null"),
        *(
            "trainer.accelerator=cpu",
            f"hydra/launcher={'stacked' if LAUNCHER.is_file() else 'local'}",
        ),
    ]
    with tempfile.TemporaryDirectory() as temporary:
        start = time.perf_counter()
        output = output_of(["-m", "leyden", *words], Path(temporary))
        seconds = time.perf_counter() - start
        folder = Path(temporary) / output.splitlines()[-1]
        record = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
        states = [job["state"] for job in record["jobs"]]
        assert states == ["completed"] * len(RATES) * len(SEEDS), states
    return seconds


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


def measure_cold(options: Options) -> Row:
    pairs = alternate(
        lambda: our_seconds(options),
        lambda: cold_seconds(options),
        repetitions=options.repetitions(3),
        warms_up=False,
    )
    note = f"one after the other; {COLD} processes measured, and scaled to 32"
    return Row(pairs, "s", notes=[note])


def measure_warm(options: Options) -> Row:
    pairs = alternate(
        lambda: our_seconds(options),
        lambda: warm_seconds(options),
        repetitions=options.repetitions(3),
        warms_up=False,
    )
    return Row(pairs, "s", notes=[f"{WARM} runs measured, and scaled to 32"])


CASES = (
    Case("runs_cold", measure_cold, Target(1 / 30)),
    Case("runs_warm", measure_warm, Target(1 / 8)),
)
