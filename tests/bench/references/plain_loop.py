"""A training loop as one writes it by hand: tensors in memory, a permutation for each epoch.

python -m tests.bench.references.plain_loop '{"root": ..., "widths": [64], ...}'
"""

import json
import sys
import time
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.bench.fresh import most_bytes

BATCH, NUM_VAL = 128, 5_000
LEARNING_RATE = 1e-3


def perceptron(widths: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise([784, *widths]):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], 10))


def load(root: Path) -> tuple[Tensor, Tensor]:
    from torchvision.datasets import FashionMNIST

    data = FashionMNIST(root / "fashion_mnist", train=True)
    x = data.data[NUM_VAL:].float().div(255).sub(0.2860).div(0.3530).flatten(1)
    return x, data.targets[NUM_VAL:]


def train(net: nn.Module, x: Tensor, y: Tensor, *, steps: int, clip: float | None) -> None:
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, fused=True)
    step = 0
    while True:
        order = torch.randperm(len(x))
        for begin in range(0, len(x) - BATCH + 1, BATCH):
            index = order[begin : begin + BATCH]
            loss = F.cross_entropy(net(x[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(net.parameters(), clip)
            optimizer.step()
            step += 1
            if step == steps:
                return


def arithmetic_seconds(net: nn.Module, x: Tensor, y: Tensor, *, steps: int) -> float:
    """Of a step on a batch that lies ready: forward, backward and optimizer alone."""
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, fused=True)
    x, y = x[:BATCH].clone(), y[:BATCH].clone()
    start = time.perf_counter()
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    return (time.perf_counter() - start) / steps


def main(request: str) -> None:
    wish = json.loads(request)
    torch.manual_seed(0)
    x, y = load(Path(wish["root"]))
    net, steps, clip = perceptron(wish["widths"]), wish["steps"], wish.get("clip")
    train(net, x, y, steps=max(2, steps // 10), clip=clip)  # warms up
    start = time.perf_counter()
    train(net, x, y, steps=steps, clip=clip)
    seconds = (time.perf_counter() - start) / steps
    most = most_bytes()
    alone = arithmetic_seconds(net, x, y, steps=max(2, steps // 2))
    answer = {"seconds": seconds, "arithmetic": alone, "most_bytes": most}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
