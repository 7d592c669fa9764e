"""The loss on a whole text, in the same way for both sides.

python -m tests.bench.whole_text '{"folder": ..., "text": ..., "context": 64}'
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

VALIDATION_SHARE = 0.1  # the end of the text
WINDOWS = 256  # at a time


def characters(path: Path) -> tuple[Tensor, int]:
    """A text as numbers of its characters, and how many different ones there are."""
    text = path.read_text(encoding="utf-8")
    alphabet = sorted(set(text))
    numbers = {character: number for number, character in enumerate(alphabet)}
    return torch.tensor([numbers[character] for character in text]), len(alphabet)


@torch.no_grad()
def whole_loss(net: nn.Module, tokens: Tensor, *, context: int) -> float:
    """Mean loss, in nats, of every token but the first, in windows that follow each other."""
    net.eval()
    inputs, targets = tokens[:-1], tokens[1:]
    even = len(inputs) // context * context
    total = 0.0
    windows = [
        *zip(
            inputs[:even].view(-1, context).split(WINDOWS),
            targets[:even].view(-1, context).split(WINDOWS),
            strict=True,
        )
    ]
    if even < len(inputs):
        windows.append((inputs[even:][None], targets[even:][None]))
    for x, y in windows:
        total += F.cross_entropy(net(x).flatten(0, 1), y.flatten(), reduction="sum").item()
    return total / len(inputs)


def main(request: str) -> None:
    from leyden.inference.load import load_run

    wish = json.loads(request)
    trained = load_run(Path(wish["folder"]))
    assert trained.vocabulary is not None
    text = Path(wish["text"]).read_text(encoding="utf-8")
    tokens = trained.vocabulary.encode(text[int((1 - VALIDATION_SHARE) * len(text)) :])
    loss = whole_loss(trained.net, tokens, context=wish["context"])
    sys.stdout.write(json.dumps({"loss": loss, "tokens": len(tokens)}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
