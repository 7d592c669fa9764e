"""What a step of a perceptron takes, over a loop written by hand."""

import tempfile
from functools import partial
from pathlib import Path

from tests.bench.case import Case, Options, Row, Target, alternate
from tests.bench.fresh import answer_of
from tests.bench.images import write_random_images
from tests.bench.runs import profile_of, timed_steps

WIDTHS = {"mlp_step": [1024, 1024], "small_mlp_step": [64]}
STEPS = {"mlp_step": 300, "small_mlp_step": 4_000}
NEVER = 1_000_000


def words_of(widths: list[int], *, clip: float | None) -> tuple[str, ...]:
    """A run with all defaults but what the plain loop does otherwise.

    It validates at its end only, which a step's time does not count: the plain loop never does.
    """
    return (
        *("data=fashion_mnist", f"model.width={widths[0]}", f"model.depth={len(widths)}"),
        *("optimizer=adam", "scheduler=constant", "trainer.accelerator=cpu"),
        f"trainer.gradient_clip_val={'null' if clip is None else clip}",
        f"trainer.check_val_every_n_epoch={NEVER}",
    )


def measure(options: Options, *, name: str, clip: float | None) -> Row:
    widths, steps = WIDTHS[name], STEPS[name] // (4 if options.quick else 1)
    words, alone = words_of(widths, clip=clip), list[float]()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        write_random_images(root)

        def ours() -> float:
            few = steps // 10
            timed = timed_steps(root, words, few=few, many=steps, LEYDEN_DATA=temporary)
            return 1e3 * timed.seconds

        def reference() -> float:
            wish = {"root": temporary, "widths": widths, "steps": steps, "clip": clip}
            answer = answer_of("tests.bench.references.plain_loop", root, wish)
            alone.append(1e3 * answer["arithmetic"])
            return 1e3 * float(answer["seconds"])

        # Each side warms up in its own process.
        pairs = alternate(ours, reference, repetitions=options.repetitions(5), warms_up=False)
    return Row(pairs, "ms", arithmetic=min(1.0, min(alone) / min(pairs.ours)))


def profile(options: Options, *, name: str) -> str:
    words = words_of(WIDTHS[name], clip=None)
    with tempfile.TemporaryDirectory() as temporary:
        write_random_images(Path(temporary))
        steps = STEPS[name] // 4
        return profile_of(Path(temporary), *words, steps=steps, LEYDEN_DATA=temporary)


def case(name: str, target: float) -> Case:
    measured = partial(measure, name=name, clip=None)
    return Case(name, measured, Target(target), partial(profile, name=name))


CASES = (
    case("mlp_step", 1.03),
    case("small_mlp_step", 1.05),
    Case("clipped_step", partial(measure, name="small_mlp_step", clip=1.0), None),
)
