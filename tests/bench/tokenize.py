"""What `leyden tokenize` costs: speed, and the memory of all its processes together.

    python -m tests.bench.tokenize [MEGABYTES] [TOKENIZER] [text|jsonl|parquet]

Reads one file of synthetic text of that size; by default 1000 MB, bytes, text. The memory is the
most that was held at a time, looked at again and again; what processes share counts for each.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

MEGABYTE = 10**6
SECONDS_BETWEEN_LOOKS = 0.1


def main(megabytes: str = "1000", tokenizer: str = "byte", form: str = "text") -> None:
    with tempfile.TemporaryDirectory() as root:
        source = Path(root) / f"source.{form}"
        write_source(source, int(megabytes) * MEGABYTE, form)
        options = ["--tokenizer", tokenizer, "--output", f"{root}/shards"]
        begin = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "leyden", "tokenize", source, *options])
        most = 0
        while process.poll() is None:
            most = max(most, sum(map(resident_bytes, family(process.pid))))
            time.sleep(SECONDS_BETWEEN_LOOKS)
        seconds = time.perf_counter() - begin
        size = source.stat().st_size / MEGABYTE
    assert process.returncode == 0
    line = f"{size:,.0f} MB of {form}, {tokenizer}: {seconds:.1f} s, {size / seconds:.1f} MB/s"
    sys.stdout.write(f"{line}, at most {most / MEGABYTE:,.0f} MB of memory\n")


def write_source(path: Path, size: int, form: str) -> None:
    """Words by Zipf's law in documents of many lengths."""
    draw = random.Random(0)
    words = ["".join(draw.choices("etaoinshrdlu", k=draw.randint(2, 9))) for _ in range(20_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]

    def documents() -> Iterator[str]:
        written = 0
        while written < size:
            text = " ".join(draw.choices(words, weights, k=draw.randint(20, 2000)))
            written += len(text)
            yield text

    if form == "parquet":
        from pyarrow import parquet, schema, string, table

        with parquet.ParquetWriter(path, schema([("text", string())])) as file:
            file.write_table(table({"text": list(documents())}))
        return
    with path.open("w", encoding="utf-8") as file:
        for text in documents():
            file.write(json.dumps({"text": text}) + "\n" if form == "jsonl" else text + "\n\n")


def family(process: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield process
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from family(int(child))


def resident_bytes(process: int) -> int:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGESIZE")


if __name__ == "__main__":
    main(*sys.argv[1:])
