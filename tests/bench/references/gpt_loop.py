"""A small GPT and its training loop in the manner of nanoGPT, written from its description.

    python -m tests.bench.references.gpt_loop '{"text": ..., "width": 128, ...}'

GPT-2 without biases, GELU, tied head; batches are random windows cut from a memory map that is
opened each time; AdamW with decay on matrices, warmup and cosine, gradients clipped; now and then
the loss on random batches of both parts.
"""

import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.bench.fresh import most_bytes
from tests.bench.whole_text import characters, whole_loss

PEAK, FLOOR, WARMUP = 1e-3, 1e-4, 100
EVAL_EVERY, EVAL_BATCHES = 250, 20


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1 = nn.LayerNorm(width, bias=False)
        self.norm_2 = nn.LayerNorm(width, bias=False)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        parts = self.qkv(self.norm_1(x)).split(C, dim=2)
        q, k, v = (part.view(B, T, self.heads, -1).transpose(1, 2) for part in parts)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(seen.transpose(1, 2).contiguous().view(B, T, C))
        return x + self.down(F.gelu(self.up(self.norm_2(x))))


class GPT(nn.Module):
    def __init__(self, *, vocab: int, context: int, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocab, width)
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, bias=False)
        self.head = nn.Linear(width, vocab, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                is_branch_end = name.endswith(("proj.weight", "down.weight"))
                std = 0.02 / math.sqrt(2 * depth) if is_branch_end else 0.02
                nn.init.normal_(parameter, std=std)
        self.head.weight = self.tokens.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def draw(file: Path, *, batch: int, context: int) -> tuple[Tensor, Tensor]:
    data = np.memmap(file, dtype=np.uint16, mode="r")
    begins = torch.randint(len(data) - context, (batch,)).tolist()
    x = torch.stack([torch.from_numpy(data[i : i + context].astype(np.int64)) for i in begins])
    y = torch.stack(
        [torch.from_numpy(data[i + 1 : i + 1 + context].astype(np.int64)) for i in begins]
    )
    return x, y


def learning_rate(step: int, steps: int) -> float:
    if step < WARMUP:
        return PEAK * (step + 1) / (WARMUP + 1)
    progress = (step - WARMUP) / max(1, steps - WARMUP)
    return FLOOR + 0.5 * (1 + math.cos(math.pi * progress)) * (PEAK - FLOOR)


def adamw(net: nn.Module) -> torch.optim.AdamW:
    decayed = [parameter for parameter in net.parameters() if parameter.ndim >= 2]
    others = [parameter for parameter in net.parameters() if parameter.ndim < 2]
    groups = [
        {"params": decayed, "weight_decay": 0.1},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=PEAK, betas=(0.9, 0.99))


def loss_of(net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(net(x).flatten(0, 1), y.flatten())


@torch.no_grad()
def estimate(net: nn.Module, files: list[Path], *, batch: int, context: int) -> list[float]:
    net.eval()
    means = []
    for file in files:
        drawn = [draw(file, batch=batch, context=context) for _ in range(EVAL_BATCHES)]
        means.append(sum(loss_of(net, x, y).item() for x, y in drawn) / EVAL_BATCHES)
    net.train()
    return means


def train(
    net: nn.Module, files: list[Path], *, steps: int, batch: int, context: int, evaluates: bool
) -> list[float]:
    """Moments at which steps began, and the end."""
    optimizer, moments = adamw(net), []
    for step in range(steps):
        moments.append(time.perf_counter())
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps)
        if evaluates and step % EVAL_EVERY == 0:
            estimate(net, files, batch=batch, context=context)
        loss = loss_of(net, *draw(files[0], batch=batch, context=context))
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()  # it is printed each time
    if evaluates:
        estimate(net, files, batch=batch, context=context)
    return [*moments, time.perf_counter()]


def arithmetic_seconds(net: nn.Module, x: Tensor, y: Tensor, *, steps: int) -> float:
    """Of a step on a batch that lies ready: forward, backward and optimizer alone."""
    optimizer = adamw(net)
    start = time.perf_counter()
    for _ in range(steps):
        loss_of(net, x, y).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return (time.perf_counter() - start) / steps


def main(request: str) -> None:
    wish = json.loads(request)
    torch.manual_seed(wish.get("seed", 1337))
    tokens, vocab = characters(Path(wish["text"]))
    cut = int(0.9 * len(tokens))
    files = [Path("train.bin"), Path("val.bin")]
    for file, part in zip(files, (tokens[:cut], tokens[cut:]), strict=True):
        part.numpy().astype(np.uint16).tofile(file)
    batch, context, steps = wish["batch"], wish["context"], wish["steps"]
    sizes = {name: wish[name] for name in ("width", "depth", "heads")}
    net = GPT(vocab=vocab, context=context, **sizes)
    evaluates, warm_up = wish["evaluates"], wish.get("warm_up", 0)
    moments = train(
        net,
        files,
        steps=steps + warm_up,
        batch=batch,
        context=context,
        evaluates=evaluates,
    )
    most, seconds = most_bytes(), moments[-1] - moments[warm_up]
    answer = {
        "seconds": seconds,
        "tokens_per_second": steps * batch * context / seconds,
        "most_bytes": most,
        "parameters": sum(p.numel() for p in net.parameters()) - net.positions.weight.numel(),
    }
    if evaluates:
        answer["loss"] = whole_loss(net, tokens[cut:], context=context)
    else:
        x, y = draw(files[0], batch=batch, context=context)
        answer["arithmetic"] = arithmetic_seconds(net, x, y, steps=max(2, steps // 2))
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
