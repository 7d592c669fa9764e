"""Validation and test metrics, from the checkpoint and the data's files by plain torch and sklearn.

Nothing of Leyden is imported: it is a command that has written files. What its README says of data
is done here once more: how a file is split, and that numbers are scaled by the training part's.
"""

import json
import os
from math import exp, log

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    mean_absolute_error,
    mean_squared_error,
    precision_recall_fscore_support,
    r2_score,
    roc_auc_score,
    top_k_accuracy_score,
)
from torch import nn

DTYPES = {
    "32-true": torch.float32,
    "64-true": torch.float64,
    "bf16-mixed": torch.float32,
    "bf16-true": torch.bfloat16,
}
EVAL_BATCH = 16
COMMON = (
    *("trainer.max_epochs=2", f"data.eval_batch_size={EVAL_BATCH}", "data.batch_size=32"),
    *("callbacks.graph=null", "callbacks.predictions=null", "logger.tensorboard=null"),
    *("callbacks.samples=null", "trainer.accelerator=cpu", "baselines=null"),
)


def digits(folder):
    images, labels = load_digits(return_X_y=True)
    pixels = torch.tensor((images * 255 // 16) / 255).float()
    parts = split(len(pixels), 1437, 180)
    mean, std = pixels[parts["train"]].mean(), pixels[parts["train"]].std()
    scaled = (pixels - mean) / std
    labels = torch.tensor(labels)
    return {name: (scaled[part], labels[part]) for name, part in parts.items()}


def table(folder, *, classes):
    random = np.random.default_rng(0)
    x = random.normal(size=(1200, 3)) * [1, 100, 1e-3] + [0, 5000, 1]
    signal = (x - x.mean(0)) / x.std(0) @ [1.0, -0.5, 0.3] + 0.3 * random.normal(size=1200)
    y = 10_000 + signal
    target = np.array(["low", "high"])[(signal > 0).astype(int)] if classes else y
    rows = [f"{','.join(map(repr, row.tolist()))},{t}" for row, t in zip(x, target, strict=True)]
    (folder / "table.csv").write_text("\n".join(["a,b,c,target", *rows]))
    parts = split(1200, 840, 180)
    x = standardised(x, parts["train"].numpy())
    if classes:
        labels = torch.tensor((target == "low").astype(int))  # in the order of their names
        return {name: (x[part], labels[part]) for name, part in parts.items()}
    y, mean, std = scaled_target(y, parts["train"].numpy())
    return {name: (x[part], y[part][:, None]) for name, part in parts.items()}, mean, std


def series(folder):
    random = np.random.default_rng(1)
    y = 300 + 20 * np.sin(np.arange(1000) / 7) + random.normal(size=1000)
    (folder / "series.csv").write_text("\n".join(["sold", *map(repr, y.tolist())]))
    scaled, mean, std = scaled_target(y, np.arange(700))
    lags, horizon = 12, 2
    parts = {}
    for name, (start, stop) in {"val": (700, 850), "test": (850, 1000)}.items():
        times = torch.arange(start, stop - horizon + 1)[:, None]
        past = scaled[times - lags + torch.arange(lags)][..., None]
        parts[name] = past, scaled[times + torch.arange(horizon)]
    return parts, mean, std


def text(folder, context=32):
    words = np.random.default_rng(2).choice(["the ", "cat ", "sat ", "on ", "a ", "mat. "], 9000)
    written = "".join(words)
    (folder / "text.txt").write_text(written)
    ends = [int(len(written) * share) for share in (0.9, 0.95)]
    parts = {}
    for name, part in {"val": written[ends[0] : ends[1]], "test": written[ends[1] :]}.items():
        tokens = torch.tensor(list(part.encode()))
        num_windows = -(-(len(tokens) - 1) // context)
        places = torch.arange(num_windows)[:, None] * context + torch.arange(context + 1)
        windows = tokens[places.clamp(max=len(tokens) - 1)]
        targets = windows.masked_fill(places >= len(tokens), -100)
        parts[name] = windows[:, :-1], targets[:, 1:]
    return parts


def split(length, *sizes):
    order = torch.randperm(length, generator=torch.Generator().manual_seed(0))
    parts = order.tensor_split(torch.tensor(sizes).cumsum(0).tolist())
    return dict(zip(("train", "val", "test"), parts, strict=True))


def standardised(x, train):
    return torch.tensor((x - x[train].mean(0)) / x[train].std(0, ddof=1)).float()


def scaled_target(y, train):
    mean, std = y[train].mean(), y[train].std(ddof=1)
    return torch.tensor((y - mean) / std).float(), mean, std


def mlp(weights, x):
    layers = sorted({name.rpartition(".")[0] for name in weights if name.startswith("hidden")})
    x = x.flatten(1)
    for layer in layers:
        x = F.linear(x, weights[f"{layer}.weight"], weights[f"{layer}.bias"]).relu()
    return F.linear(x, weights["head.weight"], weights["head.bias"])


def gru(weights, x):
    layer = nn.GRU(1, 8, batch_first=True, dtype=weights["head.weight"].dtype)
    layer.load_state_dict({name: weights[f"layers.{name}"] for name in layer.state_dict()})
    return F.linear(layer(x)[0][:, -1], weights["head.weight"], weights["head.bias"])


def gpt(weights, tokens, heads=2):
    def linear(name, x):
        return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def norm(name, x):
        return F.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"])

    x = F.embedding(tokens, weights["token_embedding.weight"])
    x = x + weights["position_embedding.weight"][: tokens.shape[1]]
    batch, time, width = x.shape
    for block in ("blocks.0", "blocks.1"):
        qkv = linear(f"{block}.attention.qkv", norm(f"{block}.attention_norm", x))
        q, k, v = qkv.view(batch, time, 3, heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + linear(f"{block}.attention.proj", y.transpose(1, 2).reshape(batch, time, width))
        hidden = linear(f"{block}.mlp.fc", norm(f"{block}.mlp_norm", x))
        x = x + linear(f"{block}.mlp.proj", F.gelu(hidden, approximate="tanh"))
    return F.linear(norm("norm", x), weights["token_embedding.weight"])


def weights_of(checkpoint, precision):
    state = torch.load(checkpoint, weights_only=True)["state_dict"]
    return {
        name.removeprefix("net."): tensor.to(DTYPES[precision]) for name, tensor in state.items()
    }


@torch.no_grad()
def outputs(net, weights, x, precision):
    """In the precision of the run, batch by batch, and in 64 bits afterwards."""
    x = x.to(DTYPES[precision]) if x.is_floating_point() else x
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16-mixed"):
        found = torch.cat([net(weights, batch) for batch in x.split(EVAL_BATCH)])
    return found.double()


def of_classes(logits, labels, part):
    guesses, shares = logits.argmax(-1), logits.softmax(-1)
    precision, recall, f1, _ = precision_recall_fscore_support(
        labels, guesses, average="macro", zero_division=0
    )
    classes = logits.shape[1]
    found = {
        "loss": float(F.cross_entropy(logits, labels)),
        "acc": accuracy_score(labels, guesses),
        "precision": precision,
        "recall": recall,
        "f1": f1,
    }
    if classes > 5:
        found["top5"] = top_k_accuracy_score(labels, logits, k=5, labels=range(classes))
    if classes == 2:
        found["auroc"] = roc_auc_score(labels, shares[:, 1])
        found["ap"] = average_precision_score(labels, shares[:, 1])
        found["brier"] = brier_score_loss(labels, shares[:, 1])
        found["balanced_acc"] = balanced_accuracy_score(labels, guesses)
    if part == "test":
        found["ece"] = calibration_error(shares.max(-1).values, guesses == labels)
    return found


def calibration_error(confidence, right):
    """Over 15 bins of equal width, each with its right end."""
    bins = (confidence * 15).ceil().long()
    gaps = [
        (bins == one).sum() * (confidence[bins == one].mean() - right[bins == one].double().mean())
        for one in bins.unique()
    ]
    return float(sum(gap.abs() for gap in gaps) / len(right))


def of_numbers(predicted, targets, mean, std):
    scaled = predicted.flatten().numpy(), targets.double().flatten().numpy()
    guesses, truth = (values * std + mean for values in scaled)
    return {
        "loss": mean_squared_error(scaled[1], scaled[0]),
        "rmse": mean_squared_error(truth, guesses) ** 0.5,
        "mae": mean_absolute_error(truth, guesses),
        "r2": r2_score(truth, guesses),
    }


def of_tokens(logits, targets):
    loss = float(F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100))
    return {"loss": loss, "ppl": exp(loss), "bpb": loss / log(2)}  # a token is a byte


DRAWN = "data.split.stratified=false"  # as the parts are drawn here once more
CSV = ("data.path=table.csv", "data.target=target", "model.width=8", DRAWN)
TASKS = {
    "digits": ("data=digits", "model.width=8", DRAWN),
    "classes": ("data=csv", *CSV),
    "numbers": ("data=csv", *CSV),
    "series": (
        *("model=rnn", "model.cell=gru", "data=csv_series", "data.path=series.csv"),
        *("data.target=sold", "data.lags=12", "data.horizon=2", "model.width=8"),
    ),
    "text": (
        *("model=gpt", "data=text", "data.path=text.txt", "data.tokenizer=byte"),
        *("data.context=32", "model.width=16", "model.depth=2", "model.head_dim=8"),
    ),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory, warm):
    """A run of each precision of a task, and what its metrics must be."""
    made = {}

    def of(task):
        if task not in made:
            folder = tmp_path_factory.mktemp(task)
            expected = expectations(task, folder)
            precisions = f"trainer.precision={','.join(DTYPES)}"
            words = [*TASKS[task], *COMMON, "sweep.report=false", precisions]
            status, out, err = warm.run("train", "-m", *words, folder=folder)
            assert status == 0, err
            made[task] = folder / out.splitlines()[-1], expected
        return made[task]

    return of


def expectations(task, folder):
    """Gives the metrics of a checkpoint's weights on a part."""
    if task == "digits":
        parts = digits(folder)
        return lambda w, part, p: of_classes(
            outputs(mlp, w, parts[part][0], p), parts[part][1], part
        )
    if task == "classes":
        parts = table(folder, classes=True)
        return lambda w, part, p: of_classes(
            outputs(mlp, w, parts[part][0], p), parts[part][1], part
        )
    if task == "text":
        parts = text(folder)
        return lambda w, part, p: of_tokens(outputs(gpt, w, parts[part][0], p), parts[part][1])
    parts, mean, std = table(folder, classes=False) if task == "numbers" else series(folder)
    net = mlp if task == "numbers" else gru

    def expected(weights, part, precision):
        x, y = parts[part]
        return of_numbers(outputs(net, weights, x, precision), y, mean, std)

    return expected


@pytest.mark.slow
@pytest.mark.parametrize("precision", DTYPES)
@pytest.mark.parametrize("task", TASKS)
def test_metrics_are_those_of_the_checkpoint(task, precision, runs):
    sweep, expected = runs(task)
    (run,) = (path.parent for path in sweep.glob("*/run.json") if precision in os.fspath(path))
    record = json.loads((run / "run.json").read_text())
    best = weights_of(run / record["best"]["checkpoint"], precision)
    last = weights_of(run / f"checkpoints/step-{record['steps']}.ckpt", precision)
    metrics = record["metrics"]
    assert of_part(metrics, "test") == pytest.approx(expected(best, "test", precision), rel=1e-5)
    assert of_part(metrics, "val") == pytest.approx(expected(last, "val", precision), rel=1e-5)
    best_loss = expected(best, "val", precision)["loss"]
    assert record["best"]["value"] == pytest.approx(best_loss, rel=1e-5)


def of_part(metrics, part):
    """Of a series without the errors of simple forecasts."""
    return {
        name.removeprefix(f"{part}/"): value
        for name, value in metrics.items()
        if name.startswith(f"{part}/") and not name.startswith(f"{part}/rmse_")
    }
