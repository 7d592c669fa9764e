"""What a step of a LightningModule of the user's takes, over stock Lightning's."""

import tempfile
from functools import partial
from pathlib import Path

from tests.bench.case import Case, Options, Row, Target, alternate
from tests.bench.fresh import ROOT, answer_of
from tests.bench.runs import profile_of, timed_steps

WIDTHS = {"guest_step": [1024, 1024], "small_guest_step": [64]}
STEPS = {"guest_step": 200, "small_guest_step": 1_000}
GUEST = "tests.bench.references.guest"


def words_of(name: str) -> tuple[str, ...]:
    """A run with all defaults; both sides validate at their end alone, which no step counts."""
    return (
        *("--config-dir", str(ROOT / "tests" / "bench" / "conf"), "model=guest", "data=guest"),
        *("trainer.accelerator=cpu", f"model.widths={WIDTHS[name]}"),
        "trainer.check_val_every_n_epoch=1000000",
    )


def measure(options: Options, *, name: str) -> Row:
    steps = STEPS[name] // (4 if options.quick else 1)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        few = steps // 10

        def ours() -> float:
            return 1e3 * timed_steps(root, words_of(name), few=few, many=steps).seconds

        def reference() -> float:
            wish = {"widths": WIDTHS[name], "few": few, "many": steps}
            return 1e3 * float(answer_of(GUEST, root, wish)["seconds"])

        # Each side warms up in its own process.
        pairs = alternate(ours, reference, repetitions=options.repetitions(5), warms_up=False)
    return Row(pairs, "ms")


def profile(options: Options, *, name: str) -> str:
    with tempfile.TemporaryDirectory() as temporary:
        return profile_of(Path(temporary), *words_of(name), steps=STEPS[name] // 4)


CASES = tuple(
    Case(name, partial(measure, name=name), Target(1.05), partial(profile, name=name))
    for name in WIDTHS
)
