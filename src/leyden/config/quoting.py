"""Texts that Hydra's grammar can't read as they are typed, and how they are typed in quotes."""

import re
import shlex
from collections.abc import Iterable

from hydra.core.override_parser.types import Quote, QuotedString

NOT_LEXED = re.compile(r"""[^A-Za-z0-9_ \t/\-\\+.$%*@?|:,()\[\]{}'"]""")
"""What a value without quotes can't hold (Hydra's `OverrideLexer.g4`, the mode of values)."""
NOT_IN_KEY = re.compile(r"[^A-Za-z0-9_.$@/:+~-]")
INTERPOLATION = re.compile(r"(\\*)(\$\{)")
ELEMENT = re.compile(r"""\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^,]*?)\s*(?:,|$)""", re.DOTALL)


def quoted(text: str) -> str:
    """A text in the quotes of Hydra's grammar, so that it is read as it stands.

    OmegaConf takes `${` for an interpolation in quotes too, unless a backslash stands before it.
    """
    plain = INTERPOLATION.sub(lambda found: f"{found[1] * 2}\\{found[2]}", text)
    return QuotedString(plain, Quote.double).with_quotes()


def typed_form(key: str, text: str) -> str:
    """What is typed at a shell so that a key has this text and no other value."""
    return shlex.quote(f"{key}={quoted(text)}")


def typed_list_form(key: str, value: str) -> str:
    """What is typed at a shell so that a key has a list of texts.

    Args:
        key: Key of the config.
        value: Value as it was typed: one text, or several in brackets.
    """
    inner = value[1:-1] if value.startswith("[") and value.endswith("]") else quoted(value)
    elements = [one for one in ELEMENT.findall(inner) if one]
    texts = [one if one[0] in "\"'" else quoted(one) for one in elements]
    return shlex.quote(f"{key}=[{','.join(texts)}]")


def is_surely_text(key: str, value: str) -> bool:
    """Whether a value that the grammar can't read has no other meaning that was missed.

    A comma separates the values of a sweep; brackets, braces and quotes at the beginning are those
    of a list, a mapping or a text; `${` begins an interpolation, and `name(` calls a function.
    """
    if NOT_IN_KEY.search(key) or key.startswith("~") or not value or value[0] in " =[{\"'":
        return False
    return "," not in value and "${" not in value and not re.match(r"\w+\(", value)


def why_not_read(key: str, value: str) -> str | None:
    """The character by which a key or a value can't be read; None: it is not a single one."""
    if found := NOT_IN_KEY.search(key):
        return f"the key has a `{found[0]}`, as no key of a config has"
    found = NOT_LEXED.search(value)
    if found is None or "," not in value:
        return None
    several = shlex.quote(f"{key}={','.join(quoted(one.strip()) for one in value.split(','))}")
    return (
        f"a value with `{found[0]}` and a comma needs quotes: {typed_form(key, value)} is one text,"
        f" {several} several"
    )


def with_text_form(key: str, message: str, overrides: Iterable[str]) -> str:
    """A message that a value must be a text, or texts, with what to type.

    Args:
        key: Key that has the value.
        message: Message of `misfit`.
        overrides: Overrides as they were typed.
    """
    is_list, is_text = "list of texts" in message, "must be a text" in message
    if not is_list and not is_text:
        return message
    for override in reversed(list(overrides)):  # the last one counts
        typed, equals, value = override.partition("=")
        if equals and typed == key:
            is_list = is_list or value.startswith("[")
            form = typed_list_form(key, value) if is_list else typed_form(key, value)
            return f"{message}; type {form}"
    return message
