"""The scaling of a recipe in words and numbers."""

from collections.abc import Iterator
from math import isfinite

from leyden.formatting import format_number, format_percent
from leyden.sweeps.scaling.fit import LEAST_EXPONENT, MOST_EXPONENT, Law
from leyden.sweeps.scaling.study import Scaling, SpeedUp, Study

Row = tuple[str, str]
"""A heading, which may be empty, and what is said."""

LEAST_SHOWN = 1e-6
"""What is less is shown as 0: the logs of the factors are fitted, which never get there."""


def comparison_lines(found: Study) -> Iterator[str]:
    """The recipes beside each other, as far as their laws allow it."""
    yield from map(_speed_up_words, found.speed_ups)
    if weak := found.not_compared:
        if len(weak) == len(found.recipes):
            yield "the recipes are not compared: none of their laws holds"
        else:
            yield f"not compared with the others, as their laws do not hold: {'; '.join(weak)}"


def _speed_up_words(up: SpeedUp) -> str:
    """How much more one recipe needs than another."""
    amount = "data" if up.term == "D" else "parameters"
    low, high = up.interval
    if not isfinite(up.factor):
        return f"{up.worse} never has the loss of {up.better}, by the floor of its law"
    return (
        f"{up.worse} needs {up.factor:.3g} times the {amount} ({low:.3g} to {high:.3g}) for the"
        f" loss of {up.better}"
    )


def scaling_rows(one: Scaling, unit: str, *, budget: float | None) -> Iterator[Row]:
    """What there is to say of a recipe, each with its heading.

    Args:
        one: Scaling of the recipe.
        unit: What D counts.
        budget: FLOPs that were asked about.
    """
    yield ("losses", _ranges(one, unit))
    if one.law is None:
        yield ("law", f"none: {one.why}")
    else:
        yield from _law_lines(one, one.law)
    for low in one.optima:
        at = [f"{format_number(low.amount)} {unit}"] if low.amount else []
        at += [f"{format_number(low.params)} parameters"] if low.params else []
        edge = "" if low.is_inside else "; outside of the points"
        text = f"{format_number(low.flops)}: {format_number(low.loss)} at {', '.join(at)}"
        yield ("FLOPs", f"{text} ({low.count} points{edge})")
    names = {"params": "N", "amount": "D"}
    for name, law in one.growth.items():
        yield ("optimum", f"{names[name]} = {law.factor:.3g} C^{law.exponent:.3f}")
    if budget is not None:
        yield from _budget_lines(one, unit, budget)


def _ranges(one: Scaling, unit: str) -> str:
    words = [f"{len(one.points)}"]
    for values, what in ((one.points.params, "parameters"), (one.points.amount, unit)):
        if values is not None:
            low, high = format_number(values.min()), format_number(values.max())
            words.append(f"{low} {what}" if low == high else f"{low} to {high} {what}")
    return ", ".join(words)


def _law_lines(one: Scaling, law: Law) -> Iterator[Row]:
    ends = (LEAST_EXPONENT, MOST_EXPONENT)
    if stuck := [one for one in law.exponents if min(abs(one / end - 1) for end in ends) < 1e-3]:
        reason = f"none is told: an exponent ended at {stuck[0]:g}, a bound of its search"
        yield ("law", reason)
        yield ("residuals", _residuals(one, law))
        yield ("verdict", f"do not extrapolate: {'; '.join(one.weaknesses)}")
        return
    terms = [
        f"{format_number(factor)} {term}^-{exponent:.3g}"
        for term, factor, exponent in zip(law.terms, law.factors, law.exponents, strict=True)
    ]
    yield ("law", f"L = {' + '.join([_shown(law.floor), *terms])}")
    for name, value in law.values.items():
        ends = one.intervals[name]
        low, high = map(_shown, ends)
        yield ("", f"{name:<6} {_shown(value):>8}   {low} to {high} (95 %)")
    yield ("residuals", _residuals(one, law))
    held = one.held_out
    if held is None:
        yield ("held out", "nothing: without the largest size there is no law")
    else:
        low, high = (format_number(end) for end in held.interval)
        text = (
            f"{held.term} = {format_number(held.largest)}: {format_number(held.predicted)}"
            f" predicted ({low} to {high}), {format_number(held.measured)} measured,"
            f" error {100 * held.error:+.2f} %"
        )
        yield ("held out", text)
    if one.weaknesses:
        yield ("verdict", f"do not extrapolate: {'; '.join(one.weaknesses)}")
    else:
        yield ("verdict", "the law holds as far as these points show")


def _residuals(one: Scaling, law: Law) -> str:
    lack = "" if one.lack is None else f"; lack of fit beside the repeats: p = {one.lack:.2g}"
    return f"{format_percent(law.deviation)} of the loss{lack}"


def _budget_lines(one: Scaling, unit: str, budget: float) -> Iterator[Row]:
    best = one.allocation
    if best is None:
        reason = "the law is too weak" if one.weaknesses else "it takes a law of both N and D"
        yield ("budget", f"{format_number(budget)} FLOPs: not told, {reason}")
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
    yield ("budget", text)
    for values, wanted, what in (
        (one.points.params, best.params, "parameters"),
        (one.points.amount, best.amount, unit),
    ):
        if values is not None and wanted > values.max():
            most = format_number(values.max())
            times = wanted / values.max()
            yield ("", f"that is {times:.2g} times the most {what} that were measured, {most}")


def _shown(value: float) -> str:
    return format_number(value if value > LEAST_SHOWN else 0)
