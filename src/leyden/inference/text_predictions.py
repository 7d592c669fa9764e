"""What a language model says of texts: how well it foresees each, and what would follow it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from leyden.data import BatchIndices
from leyden.data.text.windows import TokenWindows
from leyden.errors import ConfigError, Problem
from leyden.files.json_file import reason_of
from leyden.files.row_writer import Columns, Kind
from leyden.inference.load import LoadedRun
from leyden.tasks.losses import IGNORED

KINDS: dict[str, Kind] = {
    "file": "string",
    "row": "int64",
    "tokens": "int64",
    "loss": "float64",
    "perplexity": "float64",
    "next": "string",
    "next probability": "float64",
}
BATCH = 8


def text_rows(files: Sequence[Path], run: LoadedRun, *, skip: bool) -> Iterator[Columns]:
    """A row for each file.

    Args:
        files: Texts in UTF-8.
        run: Run of a language model.
        skip: Whether a file that can't be read has a row that says so.

    Raises:
        ConfigError: A file can't be read, and is not skipped.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    run.net.to(device)
    for file in files:
        problem, row = "", dict.fromkeys(KINDS)
        try:
            row |= _row(file.read_bytes().decode("utf-8"), run, device)
        except (OSError, ValueError) as error:
            problem = reason_of(error)
            if isinstance(error, UnicodeDecodeError):
                problem = f"is not in UTF-8: byte {error.start:,}"
            if not skip:
                message = f"{problem}; --on-error skip leaves its row empty"
                raise ConfigError([Problem("INPUT", message, str(file))]) from error
        row |= {"file": str(file), "row": 1}
        yield {name: [value] for name, value in row.items()} | (
            {"problem": [problem]} if skip else {}
        )


@torch.inference_mode()
def _row(text: str, run: LoadedRun, device: torch.device) -> dict[str, object]:
    """What is said of a text: the mean loss in nats a token, as `leyden eval --on` has it."""
    assert run.vocabulary is not None
    assert run.spec is not None
    tokens, context = run.vocabulary.encode(text), run.spec.input_shape[0]
    if len(tokens) < 2:
        raise ValueError(f"has {len(tokens)} tokens; the second is the first that is foreseen")
    part, sums, count = TokenWindows(tokens, context=context, is_whole=True), 0.0, 0
    for first in range(0, len(part), BATCH):
        places = torch.arange(first, min(first + BATCH, len(part)))
        inputs, targets = part[BatchIndices(0, places)]
        logits: Tensor = run.net(inputs.to(device)).double()
        own = targets.to(device).flatten()
        sums += float(F.cross_entropy(logits.flatten(0, 1), own, reduction="sum"))
        count += int((own != IGNORED).sum())
    loss = sums / count
    shares = run.net(tokens[None, -context:].to(device))[0, -1].double().softmax(-1)
    shares = shares[: len(run.vocabulary)]
    best = int(shares.argmax())
    return {
        "tokens": len(tokens),
        "loss": loss,
        "perplexity": float(torch.tensor(loss).exp()),
        "next": run.vocabulary.decode(torch.tensor([best])),
        "next probability": float(shares[best]),
    }
