"""The most memory that a run holds at a time, over the plain loop on the same model and data."""

import tempfile
from pathlib import Path

from tests.bench.case import Case, Options, Pairs, Row, Target, alternate
from tests.bench.fresh import answer_of, output_of
from tests.bench.gpt_speed import WORDS as GPT_WORDS
from tests.bench.gpt_speed import reference_answer, write_text
from tests.bench.images import write_random_images
from tests.bench.runs import runs
from tests.bench.step_time import words_of

MEGABYTE = 10**6
STEPS = 20
GPT_STEPS = 3
WIDTHS = [1024, 1024]
IMPORTS = {
    "ours": "import leyden.distributed.preload, tensorboard",
    "reference": "import torch, torchvision",
}


def least_bytes(folder: Path, imports: str) -> float:
    """What a process holds that has only imported."""
    code = f"{imports}; from tests.bench.fresh import most_bytes; print(most_bytes())"
    return float(output_of(["-c", code], folder).splitlines()[-1])


def row(pairs: Pairs, folder: Path) -> Row:
    ours, reference = (least_bytes(folder, code) / MEGABYTE for code in IMPORTS.values())
    less = [pairs.ours[0] - ours, pairs.reference[0] - reference]
    note = (
        f"less the imports ({ours:,.0f} and {reference:,.0f} MB): {less[0]:,.0f} and {less[1]:,.0f}"
        f" MB, ratio {less[0] / less[1]:.2f}"
    )
    return Row(pairs, "MB", notes=[note])


def measure_mlp(options: Options) -> Row:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_random_images(folder)

        def ours() -> float:
            words = ("train", *words_of(WIDTHS, clip=None), f"trainer.max_steps={STEPS}")
            (run,) = runs(folder, words, LEYDEN_DATA=temporary)
            return float(run["most_bytes"]) / MEGABYTE

        def reference() -> float:
            wish = {"root": temporary, "widths": WIDTHS, "steps": STEPS}
            answer = answer_of("tests.bench.references.plain_loop", folder, wish)
            return float(answer["most_bytes"]) / MEGABYTE

        repetitions = options.repetitions(3)
        return row(alternate(ours, reference, repetitions=repetitions, warms_up=False), folder)


def measure_gpt(options: Options) -> Row:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        words = ("train", *GPT_WORDS, f"data.path={write_text(folder)}")

        def ours() -> float:
            (run,) = runs(folder, (*words, f"trainer.max_steps={GPT_STEPS}"))
            return float(run["most_bytes"]) / MEGABYTE

        def reference() -> float:
            return reference_answer(folder, steps=GPT_STEPS)["most_bytes"] / MEGABYTE

        repetitions = options.repetitions(3)
        return row(alternate(ours, reference, repetitions=repetitions, warms_up=False), folder)


CASES = (
    Case("mlp_memory", measure_mlp, Target(1.1)),
    Case("gpt_memory", measure_gpt, Target(1.1)),
)
