"""What `leyden compare` says."""

from typing import TYPE_CHECKING

from leyden.cli.console import results, say, say_wrapped
from leyden.cli.layout import Column
from leyden.cli.terminal import show_table
from leyden.formatting import format_number

if TYPE_CHECKING:
    from leyden.analysis.comparison.run import Comparison

COSTS = {"params": "parameters", "flops": "FLOPs in steps", "seconds": "fit seconds"}


def show_comparison(found: "Comparison") -> None:
    """The verdict in words, the pairs, and the cost."""
    say_wrapped(results(), verdict_words(found), style="bold")
    say_wrapped(results(), reason_words(found))
    seeds = _seeds(found)
    rows = [
        [seed, format_number(base), format_number(variant), format_number(variant - base)]
        for seed, base, variant in zip(seeds, found.base, found.variant, strict=True)
    ]
    if rows:
        names = ("base", "variant", "difference")
        show_table([Column("seed"), *(Column(name, is_number=True) for name in names)], rows)
    costs = [f"{words} {_ratio(found, key)}" for key, words in COSTS.items() if _ratio(found, key)]
    if costs:
        say_wrapped(results(), f"variant over base: {', '.join(costs)}")
    taken = f"; {found.num_reused} jobs were taken from earlier runs" if found.num_reused else ""
    say(results(), f"cost {format_number(found.seconds)} s of jobs{taken}")


def verdict_words(found: "Comparison") -> str:
    """One sentence: better, worse, no difference larger than so much, or not decided."""
    verdict, metric = found.verdict, found.metric
    if verdict.effect is None:
        return f"{found.change}: not decided"
    if verdict.interval is None:
        return f"{found.change}: not decided; {metric} changed by {format_number(verdict.effect)}"
    low, high = map(format_number, verdict.interval)
    change = f"{metric} changes by {format_number(verdict.effect)} (95 %: {low} to {high})"
    if verdict.word == "no difference":
        word = f"no difference larger than {format_number(verdict.bound)}"
        return f"{found.change}: {word}; {change}"
    return f"{found.change}: {verdict.word}; {change}"


def reason_words(found: "Comparison") -> str:
    """Why it ended there."""
    verdict = found.verdict
    bound = "" if verdict.bound is None else format_number(verdict.bound)
    pairs = f"{verdict.pairs} pairs"
    return {
        "separable": f"The {pairs} are separated: more than noise.",
        "within delta": f"After {pairs} the interval lies within --delta.",
        "equal": f"All of {pairs} are equal.",
        "futile": f"Ended after {pairs}: more would hardly decide. A difference larger than {bound}"
        " is excluded; --pairs or --delta asks for more.",
        "pairs": f"All of {pairs} are run. A difference larger than {bound} is excluded; --pairs"
        " asks for more.",
        "budget": f"The budget is spent after {pairs}."
        + (f" A difference larger than {bound} is excluded." if bound else ""),
        "failures": "A job failed: what it would have reached is not known. See the table of"
        f" `leyden runs {found.record.folder}`.",
    }[verdict.reason]


def _seeds(found: "Comparison") -> list[str]:
    """Seeds of the complete pairs, in order."""
    done = [
        {word.partition("=")[0]: word.partition("=")[2] for word in entry.overrides}["seed"]
        for entry in found.record.jobs
        if entry.state in ("completed", "pruned")
    ]
    both = [seed for seed in dict.fromkeys(done) if done.count(seed) > 1]
    return sorted(both, key=int)


def _ratio(found: "Comparison", key: str) -> str:
    base, variant = found.cost["base"][key], found.cost["variant"][key]
    return f"{variant / base:.3g}" if base and variant else ""
