"""Finds secrets in configs: what is written into a config is written into records."""

import re
from collections.abc import Iterator
from typing import Any

from leyden.config.plain import texts_in
from leyden.config.request import without_password
from leyden.errors import Problem

WORDS = {"token", "password", "passwd", "secret", "credential", "credentials", "apikey"}
PAIRS = ("api_key", "access_key", "private_key")
OF_TEXTS = {"bos", "cls", "end", "eos", "mask", "pad", "sep", "special", "start", "stop", "unk"}
"""With these a `token` is one of a text."""


def typed_secrets(node: Any, path: str = "") -> Iterator[Problem]:
    """Yields a problem for each value that looks like a secret; the value is not said again.

    Args:
        node: Plain, nothing resolved.
        path: Path of the node in the config.
    """
    for place, text in texts_in(node, path):
        if text and "${" not in text and _is_secret(place, text):
            message = "would be written into the run's records; put it into a variable of the"
            yield Problem(place, f"{message} environment and type `{place}='${{oc.env:NAME}}'`")


def _is_secret(path: str, value: str) -> bool:
    key = path.rpartition(".")[2].lower()
    words = set(re.split(r"[\W_]+", key))
    is_named_so = bool(WORDS & words) or any(pair in key for pair in PAIRS)
    is_of_text = "token" in words and bool(OF_TEXTS & words)
    return (is_named_so and not is_of_text) or without_password(value) != value
