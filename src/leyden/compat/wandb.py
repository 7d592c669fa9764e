"""The file in which wandb keeps a run on this machine, until `wandb sync` sends it.

wandb has no reader of it in Python, and nothing that takes steps out of it. It is a log of LevelDB
(blocks of 32 KiB, a record in one part or several) behind a header of 7 bytes; each record is a
message of `wandb.proto`.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

HEADER = b":W&B\xe1\xbe\x00"
BLOCK = 32768
PART = struct.Struct("<IHB")
"""What stands before a part: its checksum, length and place in the record."""

WHOLE, FIRST, MIDDLE, LAST = 1, 2, 3, 4
STEP = "trainer/global_step"
"""Name under which Lightning's logger gives wandb the step."""


def read_records(content: bytes) -> Iterator[bytes]:
    """The records of a file, up to the first that is cut or damaged.

    Args:
        content: All bytes of the file.
    """
    at, record = len(HEADER), b""
    if not content.startswith(HEADER):
        return
    while at + PART.size <= len(content):
        left = BLOCK - at % BLOCK
        if left < PART.size:
            at += left
            continue
        checksum, length, place = PART.unpack_from(content, at)
        body = content[at + PART.size : at + PART.size + length]
        if len(body) < length or _checksum(body, place) != checksum:
            return
        at += PART.size + length
        record = body if place in (WHOLE, FIRST) else record + body
        if place in (WHOLE, LAST):
            yield record


def file_of(records: Iterable[bytes]) -> bytes:
    """A file with these records."""
    content = bytearray(HEADER)
    for record in records:
        is_first = True
        while is_first or record:
            left = BLOCK - len(content) % BLOCK
            if left < PART.size:
                content += bytes(left)
                left = BLOCK
            body, record = record[: left - PART.size], record[left - PART.size :]
            places = (FIRST, WHOLE) if is_first else (MIDDLE, LAST)
            place = places[0] if record else places[1]
            content += PART.pack(_checksum(body, place), len(body), place) + body
            is_first = False
    return bytes(content)


def _checksum(body: bytes, place: int) -> int:
    return zlib.crc32(body, zlib.crc32(bytes([place])))


def step_of(record: bytes) -> int | None:
    """The step, counted from 0, whose values a record holds; None for other records."""
    message = parsed(record)
    items = [*message.history.item, *message.summary.update]
    for item in items:
        if STEP in (item.key, *item.nested_key):
            return int(float(item.value_json))
    return None


def names_of(record: bytes) -> set[str]:
    """Names of the values of a step that a record holds."""
    return {name for item in parsed(record).history.item for name in (item.key, *item.nested_key)}


def parsed(record: bytes) -> Any:
    """A record as wandb's message."""
    from wandb.proto import wandb_internal_pb2

    message: Any = vars(wandb_internal_pb2)["Record"]()
    message.ParseFromString(record)
    return message
