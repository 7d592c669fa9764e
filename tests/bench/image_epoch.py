"""An epoch over images of 28x28 pixels, over the script that everybody writes."""

import statistics
import tempfile
from itertools import count
from pathlib import Path

from tests.bench.case import Case, Options, Row, Skipped, Target, alternate
from tests.bench.fresh import ROOT, answer_of
from tests.bench.images import HOW_TO_GET, NUM_TRAIN, NUM_VAL, real_images, unpack_debian
from tests.bench.runs import WATCHED, profile_of, runs

BATCH, EPOCHS = 128, 5
STEPS = (NUM_TRAIN - NUM_VAL) // BATCH
MOST_WORSE = 0.005  # of the accuracy
WORDS = (
    *("--config-dir", str(ROOT / "tests" / "bench" / "conf"), "model=dense", "data=fashion_mnist"),
    *("optimizer=adam", "scheduler=constant", "trainer.gradient_clip_val=null"),
    *("trainer.accelerator=cpu", "callbacks.best=null"),
)


def measure(options: Options) -> Row | Skipped:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        images = real_images() or (folder if unpack_debian(folder) else None)
        if images is None:
            return Skipped(HOW_TO_GET)
        return measure_on(images.absolute(), folder, options)


def measure_on(images: Path, folder: Path, options: Options) -> Row:
    epochs = 2 if options.quick else EPOCHS
    ours_learned, theirs_learned = list[float](), list[float]()
    our_seeds, their_seeds = count(), count()

    def reference(workers: int, epochs: int = epochs) -> float:
        wish = {"root": str(images), "epochs": epochs, "workers": workers}
        seed = next(their_seeds)
        answer = answer_of("tests.bench.references.image_script", folder, {**wish, "seed": seed})
        theirs_learned.append(answer["accuracy"])
        return float(answer["steps_per_second"])

    def ours() -> float:
        words = ("train", *WORDS, WATCHED, f"seed={next(our_seeds)}")
        (run,) = runs(folder, (*words, f"trainer.max_epochs={epochs}"), LEYDEN_DATA=str(images))
        ours_learned.append(run["metrics"]["test/acc"])
        # The first epoch warms up; each of the others has a validation before it.
        seconds = run["moments"][-1] - run["moments"][STEPS - 1]
        return STEPS * (epochs - 1) / float(seconds)

    tried = (0,) if options.quick else (0, 2)
    speeds = {workers: reference(workers, epochs=2) for workers in tried}
    workers = max(speeds, key=lambda number: speeds[number])
    theirs_learned.clear()
    pairs = alternate(
        ours, lambda: reference(workers), repetitions=options.repetitions(3), warms_up=False
    )
    accuracies = statistics.fmean(ours_learned), statistics.fmean(theirs_learned)
    shown = ", ".join(f"{speed:.0f}" for speed in speeds.values())
    learned = f"test accuracy {accuracies[0]:.2%} and {accuracies[1]:.2%}"
    return Row(
        pairs,
        "steps/s",
        notes=[
            f"{learned} after {epochs} epochs, means of {len(ours_learned)} seeds;"
            f" the reference's DataLoader has {workers} workers, of {shown} steps/s the faster"
        ],
        is_equal=accuracies[0] >= accuracies[1] - MOST_WORSE,
    )


def profile(options: Options) -> str:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        images = real_images() or (folder if unpack_debian(folder) else None)
        if images is None:
            return HOW_TO_GET + "\n"
        return profile_of(folder, *WORDS, steps=STEPS * 2, LEYDEN_DATA=str(images.absolute()))


CASES = (Case("image_epoch", measure, Target(15, "at least"), profile),)
