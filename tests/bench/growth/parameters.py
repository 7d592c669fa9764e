"""Time of a step and memory over the size of a perceptron."""

import tempfile
from pathlib import Path

from tests.bench.growth.curve import Curve
from tests.bench.images import write_random_images
from tests.bench.runs import NO_CHECKPOINTS, timed_steps
from tests.bench.step_time import words_of

SIZES = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
MOST_STEPS, FEWEST_STEPS = 300, 3
PARAMETERS_A_RUN = 100_000_000
"""Times steps: that many are enough to be timed."""


def curves(*, quick: bool) -> list[Curve]:
    sizes = SIZES[:-1] if quick else SIZES
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_random_images(folder)
        measured = []
        for size in sizes:
            words = words_of([1, 1], clip=None)  # two layers, whose width follows from the size
            words = tuple(word for word in words if not word.startswith("model.width"))
            many = max(FEWEST_STEPS, min(MOST_STEPS, PARAMETERS_A_RUN // size))
            measured.append(
                timed_steps(
                    folder,
                    (*words, *NO_CHECKPOINTS, f"params={size}"),
                    few=max(2, many // 10),
                    many=many,
                    LEYDEN_DATA=temporary,
                )
            )
    over = "parameters of an MLP"
    return [
        Curve("a step", over, "s", sizes, [one.seconds for one in measured]),
        Curve("memory with imports", over, "MB", sizes, [one.most_bytes / 1e6 for one in measured]),
    ]
