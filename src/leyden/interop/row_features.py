"""How a row of a table becomes the inputs of an exported model, in words for its card."""

import json
from collections.abc import Iterator

from leyden.data.tables.encoders import (
    CategoryEncoder,
    Encoder,
    NumberEncoder,
    Scaling,
    TimeEncoder,
)
from leyden.data.tables.preparation import TablePreparation
from leyden.formatting import printable

PLACES = {
    "hour": ("the hour with its minutes and seconds as a fraction", "24"),
    "day_of_week": ("the day of the week, Monday is 0", "7"),
    "day_of_year": ("the day of the year, 1 January is 1", "365.25"),
}
"""What the cycles of dates count, and their lengths."""


def row_section(preparation: TablePreparation) -> Iterator[str]:
    """Lines of Markdown: the inputs in their order, each with what is computed of a row."""
    yield from ("## From a row to the inputs", "")
    yield (
        "The inputs stand in this order, counted from 0. Means and deviations are those of the"
        " training rows."
    )
    yield from ("", "| inputs | column | what to compute |", "|---|---|---|")
    first = 0
    for encoder in preparation.encoders:
        count, words = described(encoder)
        last = first + count - 1
        places = str(first) if count == 1 else f"{first} to {last}"
        yield f"| {places} | {_quoted(encoder.name)} | {words} |"
        first += count
    yield ""


def described(encoder: Encoder) -> tuple[int, str]:
    """Number of inputs that a column becomes, and how."""
    if isinstance(encoder, CategoryEncoder):
        return len(encoder.known), _categories(encoder)
    if isinstance(encoder, NumberEncoder):
        unit = f" without its unit {_quoted(encoder.unit)}" if encoder.unit else ""
        words, circles = [_scaled(f"the number{unit}", encoder.scaling)], []
    else:
        what = "the seconds since 1970-01-01 00:00" if encoder.circles else "the time in seconds"
        form = f" ({printable(encoder.form)}{_century(encoder)})" if encoder.form else ""
        words = [_scaled(f"{what}{form}", encoder.scaling)]
        circles = [PLACES[name] for name in encoder.circles]
    words += [f"sine, then cosine of 2 pi times {place} / {length}" for place, length in circles]
    if circles:
        words[-1] += "; all sines and cosines are 0 where it is missing"
    if encoder.scaling.has_indicator:
        words.append("1 where it is missing, otherwise 0")
    count = 1 + 2 * len(circles) + encoder.scaling.has_indicator
    return count, ". Then ".join(words)


def _scaled(what: str, scaling: Scaling) -> str:
    missing = (
        "it must not be missing"
        if scaling.filling is None
        else f"where it is missing, take {scaling.filling!r}"
    )
    return f"({what} - {scaling.mean!r}) / {scaling.std!r}; {missing}"


def _categories(encoder: CategoryEncoder) -> str:
    values = [_quoted(value) if value else "a missing cell" for value in encoder.known]
    alike = " Numbers of one value are one, such as 5 and 5.0." if encoder.are_numbers else ""
    alike += " Capitals do not matter." if encoder.ignores_case else ""
    listed = ", ".join(values)
    return f"1 in the place of its value, otherwise 0; the values in their order: {listed}.{alike}"


def _quoted(text: str) -> str:
    return json.dumps(printable(text), ensure_ascii=False).replace("|", "\\|")


def _century(encoder: TimeEncoder) -> str:
    first = encoder.first_year
    return "" if first is None else f"; years of two digits are from {first} to {first + 99}"
