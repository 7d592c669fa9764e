"""How much faster a GPT writes with its keys and values kept than computing all anew.

GPT of 6 layers, 384 wide, 256 tokens after a prompt of one; both sides in turn, in one process; the
ratio of the medians counts.
"""

import statistics
import sys
import time

import torch

from leyden.models import GPT
from leyden.models.generation import Sampling, collected, generate

REPETITIONS = 5
CONTEXT, NUM_TOKENS = 257, 256


def seconds_of(net: GPT, *, cached: bool) -> tuple[float, list[int]]:
    """Time of a text, and the text."""
    start = time.perf_counter()
    steps = generate(
        net,
        [torch.tensor([1])],
        num_tokens=NUM_TOKENS,
        context=CONTEXT,
        sampling=Sampling(temperature=0.0),
        cached=cached,
    )
    (tokens,) = collected(steps, 1)
    return time.perf_counter() - start, tokens


def shown(seconds: list[float]) -> str:
    """Median and range."""
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def main() -> None:
    """Prints both sides and their ratio."""
    torch.manual_seed(0)
    net = GPT(vocab_size=256, context=CONTEXT, width=384, depth=6)
    cached, anew = [], []
    for _ in range(REPETITIONS):
        seconds, text = seconds_of(net, cached=True)
        cached.append(seconds)
        seconds, same = seconds_of(net, cached=False)
        anew.append(seconds)
        if text != same:
            raise RuntimeError("the two sides wrote different texts")
    ratio = statistics.median(anew) / statistics.median(cached)
    sys.stdout.write(f"all anew for each token   {shown(anew)}\n")
    sys.stdout.write(f"keys and values kept      {shown(cached)}\n")
    sys.stdout.write(f"times as fast             {ratio:.1f}\n")


if __name__ == "__main__":
    main()
