"""How long until a GPT of at most 0.81 million parameters knows Shakespeare's letters well."""

import tempfile
from pathlib import Path

from tests.bench.case import Case, Options, Row, Skipped, Target, alternate
from tests.bench.fresh import ROOT, answer_of
from tests.bench.runs import profile_of, runs

WANTED = 1.898  # nats a character of the whole validation text: what nanoGPT's recipe reaches
MOST_PARAMETERS = 810_000
CONTEXT = 64
REFERENCE = {
    "width": 128,
    "depth": 4,
    "heads": 4,
    "context": CONTEXT,
    "batch": 12,
    "steps": 2000,
    "evaluates": True,
}
NAME = "gpt_shakespeare_fast"


def missing(options: Options) -> str | None:
    """Why it can't be measured here."""
    if not options.text.is_file():
        return "needs Shakespeare's text: --text FILE (see conf/data/shakespeare.yaml)"
    if not (ROOT / "experiments" / f"{NAME}.yaml").is_file():
        return f"needs experiments/{NAME}.yaml"
    return None


def words_of(options: Options) -> tuple[str, ...]:
    return f"experiment={NAME}", f"data.path={options.text}", "trainer.accelerator=cpu"


def measure(options: Options) -> Row | Skipped:
    reason = missing(options)
    if reason is not None:
        return Skipped(reason)
    losses: dict[str, list[float]] = {"ours": [], "reference": []}
    sizes = set[int]()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)

        def ours() -> float:
            seed = f"seed={len(losses['ours'])}"
            (run,) = runs(folder, ("train", *words_of(options), seed))
            wish = {"folder": run["folder"], "text": str(options.text), "context": CONTEXT}
            answer = answer_of("tests.bench.whole_text", folder, wish)
            losses["ours"].append(answer["loss"])
            sizes.add(run["params"]["total"])
            return float(run["train_seconds"])

        def reference() -> float:
            wish = {**REFERENCE, "text": str(options.text), "seed": len(losses["reference"])}
            answer = answer_of("tests.bench.references.gpt_loop", folder, wish)
            losses["reference"].append(answer["loss"])
            return float(answer["seconds"])

        repetitions = 1 if options.quick else 3
        pairs = alternate(ours, reference, repetitions=repetitions, warms_up=False)
    shown = {side: ", ".join(f"{loss:.4f}" for loss in values) for side, values in losses.items()}
    return Row(
        pairs,
        "s",
        notes=[
            f"whole validation text: ours {shown['ours']} nats, reference {shown['reference']};"
            f" wanted at most {WANTED}",
            f"{max(sizes):,} parameters, at most {MOST_PARAMETERS:,}",
        ],
        is_equal=max(losses["ours"]) <= WANTED and max(sizes) <= MOST_PARAMETERS,
    )


def profile(options: Options) -> str:
    reason = missing(options)
    if reason is not None:
        return reason + "\n"
    with tempfile.TemporaryDirectory() as temporary:
        return profile_of(Path(temporary), *words_of(options), steps=100)


CASES = (Case("gpt_quality", measure, Target(0.2), profile),)
