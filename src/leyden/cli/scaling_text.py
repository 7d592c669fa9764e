"""The scaling of recipes in words and numbers."""

from collections.abc import Iterator
from math import isfinite

from leyden.analysis.scaling.fit import Law
from leyden.analysis.scaling.study import Scaling, Study
from leyden.cli.console import results, say
from leyden.formatting import format_number

HEAD = 11
"""Width of the first column."""

LEAST_SHOWN = 1e-6
"""What is less is shown as 0: the logs of the factors are fitted, which never get there."""

FACTORS = {"N": "A", "D": "B"}
EXPONENTS = {"N": "alpha", "D": "beta"}


def show_study(found: Study, *, budget: float | None) -> None:
    """Each recipe by itself, then beside each other."""
    console = results()
    for name, one in found.recipes.items():
        if name:
            say(console, name, style="bold")
        for line in scaling_lines(one, found.measured.units[name], budget=budget):
            say(console, line)
    for up in found.speed_ups:
        amount = "data" if up.term == "D" else "parameters"
        low, high = up.interval
        if not isfinite(up.factor):
            say(console, f"{up.worse} never has the loss of {up.better}, by the floor of its law")
            continue
        text = (
            f"{up.worse} needs {up.factor:.3g} times the {amount} ({low:.3g} to {high:.3g}) for the"
            f" loss of {up.better}"
        )
        say(console, text)
    for reason, count in found.measured.left_out.items():
        say(console, f"{count} left out: {reason}")


def scaling_lines(one: Scaling, unit: str, *, budget: float | None) -> Iterator[str]:
    """The lines of a recipe.

    Args:
        one: Scaling of the recipe.
        unit: What D counts.
        budget: FLOPs that were asked about.
    """
    yield _line("losses", _ranges(one, unit))
    if one.law is None:
        yield _line("law", f"none: {one.why}")
    else:
        yield from _law_lines(one, one.law)
    for low in one.optima:
        at = [f"{format_number(low.amount)} {unit}"] if low.amount else []
        at += [f"{format_number(low.params)} parameters"] if low.params else []
        edge = "" if low.is_inside else "; outside of the points"
        text = f"{format_number(low.flops)}: {format_number(low.loss)} at {', '.join(at)}"
        yield _line("FLOPs", f"{text} ({low.count} points{edge})")
    names = {"params": "N", "amount": "D"}
    for name, law in one.growth.items():
        yield _line("optimum", f"{names[name]} = {law.factor:.3g} C^{law.exponent:.3f}")
    if budget is not None:
        yield from _budget_lines(one, unit, budget)


def _ranges(one: Scaling, unit: str) -> str:
    words = [f"{len(one.points)}"]
    for values, what in ((one.points.params, "parameters"), (one.points.amount, unit)):
        if values is not None:
            low, high = format_number(values.min()), format_number(values.max())
            words.append(f"{low} {what}" if low == high else f"{low} to {high} {what}")
    return ", ".join(words)


def _law_lines(one: Scaling, law: Law) -> Iterator[str]:
    terms = [
        f"{format_number(factor)} {term}^-{exponent:.3g}"
        for term, factor, exponent in zip(law.terms, law.factors, law.exponents, strict=True)
    ]
    yield _line("law", f"L = {' + '.join([format_number(law.floor), *terms])}")
    for name, value in law.values.items():
        ends = one.intervals[name]
        low, high = (format_number(end if end > LEAST_SHOWN else 0) for end in ends)
        yield _line("", f"{name:<6} {format_number(value):>8}   {low} to {high} (95 %)")
    lack = "" if one.lack is None else f"; lack of fit beside the repeats: p = {one.lack:.2g}"
    yield _line("residuals", f"{100 * law.deviation:.2g} % of the loss{lack}")
    held = one.held_out
    if held is None:
        yield _line("held out", "nothing: without the largest size there is no law")
    else:
        low, high = (format_number(end) for end in held.interval)
        text = (
            f"{held.term} = {format_number(held.largest)}: {format_number(held.predicted)}"
            f" predicted ({low} to {high}), {format_number(held.measured)} measured,"
            f" error {100 * held.error:+.2f} %"
        )
        yield _line("held out", text)
    if one.weaknesses:
        yield _line("verdict", f"do not extrapolate: {'; '.join(one.weaknesses)}")
    else:
        yield _line("verdict", "the law holds as far as these points show")


def _budget_lines(one: Scaling, unit: str, budget: float) -> Iterator[str]:
    best = one.allocation
    if best is None:
        reason = "the law is too weak" if one.weaknesses else "it takes a law of both N and D"
        yield _line("budget", f"{format_number(budget)} FLOPs: not told, {reason}")
        return
    around = {
        name: f"({format_number(low)} to {format_number(high)})"
        for name, (low, high) in one.allocation_intervals.items()
    }
    text = (
        f"{format_number(budget)} FLOPs: {format_number(best.params)} parameters"
        f" {around['params']}, {format_number(best.amount)} {unit} {around['amount']}, loss"
        f" {format_number(best.loss)} {around['loss']}"
    )
    yield _line("budget", text)


def _line(head: str, text: str) -> str:
    return f"{head:<{HEAD}}{text}"
