"""Tokens a second of a GPT of 6 layers, 384 wide, over nanoGPT's loop."""

import tempfile
from pathlib import Path

import torch

from tests.bench.case import Case, Options, Row, Target, alternate
from tests.bench.fresh import answer_of
from tests.bench.runs import profile_of, timed_steps

CONTEXT, BATCH = 256, 4
NEVER = 1_000_000
FEW, MANY = 2, 16
WORDS = (
    *("model=gpt", "model.width=384", "model.depth=6", "model.head_dim=64"),
    *("data=text", "data.tokenizer=character", f"data.context={CONTEXT}"),
    *(f"data.batch_size={BATCH}", "optimizer=adamw", "trainer.accelerator=cpu"),
    *("trainer.check_val_every_n_epoch=null", f"trainer.val_check_interval={NEVER}"),
    *("trainer.limit_val_batches=1", "trainer.limit_test_batches=1", "callbacks.samples=null"),
)
SETTINGS = {
    "fp32": (),
    "compile": ("compile=true",),
    "bf16-mixed": ("trainer.precision=bf16-mixed",),
    "bf16-true": ("trainer.precision=bf16-true",),
    "bf16-mixed, compile": ("trainer.precision=bf16-mixed", "compile=true"),
    "bf16-true, compile": ("trainer.precision=bf16-true", "compile=true"),
}


def settings() -> dict[str, tuple[str, ...]]:
    """Those that can pay: a CPU without bf16 computes it many times slower than fp32."""
    can = torch.cpu.get_capabilities()
    has_bf16 = can.get("amx_bf16", False) or can.get("avx512_bf16", False)
    return {name: words for name, words in SETTINGS.items() if has_bf16 or "bf16" not in name}


def write_text(folder: Path) -> Path:
    """A text of 65 different characters, as Shakespeare's; what it says takes no time."""
    path = folder / "text.txt"
    alphabet = "".join(map(chr, range(48, 112))) + "\n"
    path.write_text(alphabet * 4000, encoding="utf-8")
    return path


def steps_of(options: Options) -> int:
    return MANY // 4 if options.quick else MANY


def tokens_per_second(folder: Path, setting: tuple[str, ...], *, steps: int) -> float:
    words = (*WORDS, f"data.path={write_text(folder)}", *setting)
    return BATCH * CONTEXT / timed_steps(folder, words, few=FEW, many=steps).seconds


def reference_answer(folder: Path, *, steps: int) -> dict[str, float]:
    wish = {"width": 384, "depth": 6, "heads": 6, "context": CONTEXT, "batch": BATCH}
    wish |= {
        "text": str(write_text(folder)),
        "steps": steps,
        "warm_up": FEW,
        "evaluates": False,
    }
    answer: dict[str, float] = answer_of("tests.bench.references.gpt_loop", folder, wish)
    return answer


def compare(folder: Path, setting: tuple[str, ...], options: Options) -> Row:
    steps, alone = steps_of(options), list[float]()

    def reference() -> float:
        answer = reference_answer(folder, steps=steps)
        alone.append(answer["arithmetic"])
        return answer["tokens_per_second"]

    pairs = alternate(
        lambda: tokens_per_second(folder, setting, steps=steps),
        reference,
        repetitions=options.repetitions(5),
        warms_up=False,
    )
    share = min(alone) / (BATCH * CONTEXT) * max(pairs.ours)
    return Row(pairs, "tok/s", arithmetic=None if setting else min(1.0, share))


def measure_eager(options: Options) -> Row:
    with tempfile.TemporaryDirectory() as temporary:
        return compare(Path(temporary), SETTINGS["fp32"], options)


def measure_best(options: Options) -> Row:
    with tempfile.TemporaryDirectory() as temporary:
        folder, tried = Path(temporary), dict[str, float]()
        for name, setting in settings().items():
            tried[name] = tokens_per_second(folder, setting, steps=steps_of(options))
        best = max(tried, key=lambda name: tried[name])
        row = compare(folder, SETTINGS[best], options)
    listed = ", ".join(f"{name} {speed:,.0f}" for name, speed in tried.items())
    row.notes.extend([f"best here: {best}", f"tokens a second, once each: {listed}"])
    return row


def profile(options: Options) -> str:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        return profile_of(folder, *WORDS, f"data.path={write_text(folder)}", steps=MANY)


CASES = (
    Case("gpt_eager", measure_eager, Target(1.05, "at least"), profile),
    Case("gpt_best", measure_best, Target(2.2, "at least"), profile),
)
