"""Short names of what sets jobs apart: `adamw, lr 0.001`."""

from collections import Counter
from collections.abc import Iterable, Mapping

from leyden.printable import printable
from leyden.sweeps.report.jobs import as_number

LONGEST_NUMBER = 7


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """The last part of each key; the whole key where two would be the same."""
    last = {key: key.rpartition(".")[2] for key in keys}
    uses = Counter(last.values())
    return {key: name if uses[name] == 1 else key for key, name in last.items()}


def label(values: Mapping[str, str], names: Mapping[str, str]) -> str:
    """What sets a job apart in a few words.

    Args:
        values: By key, as typed.
        names: Short names of the keys that count, in order.
    """
    words = [setting(key, values[key], name) for key, name in names.items() if key in values]
    return printable(", ".join(words)) or "as declared"


def setting(key: str, value: str, name: str) -> str:
    """A key's value with its name; an option of a group speaks for itself."""
    is_option = "." not in key and as_number(value) is None
    return value if is_option else f"{name} {short_value(value)}"


def short_value(value: str) -> str:
    """A sampled number is cut to four digits; what a person typed stays."""
    number = as_number(value)
    return value if number is None or len(value) <= LONGEST_NUMBER else f"{number:.4g}"
