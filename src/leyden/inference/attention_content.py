"""The attention of a language model as pictures of tokens by layers and heads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from torch import Tensor

from leyden.errors import ConfigError, Problem
from leyden.inference.attention_weights import TextAttention, attention_of
from leyden.inference.attribution_content import similarity_words, token_label, tokens_html
from leyden.inference.attributions import rank_correlation, with_random_weights
from leyden.inference.explain import load_explained, prediction_words, read_explained, token_texts
from leyden.inference.explanation_content import Content, Section, short_name

MOST_TOKENS = 48
"""Tokens of a picture, the last ones."""

MOST_HEADS = 48
"""Pictures of the heads of a layer on a page."""


def explain_attention(source: Path, which: str, given: Sequence[str]) -> Content:
    """What the last token of each text reads, in each layer and head.

    Args:
        source: Folder of the run.
        which: Checkpoint: `best` or `last`.
        given: Texts.

    Raises:
        ConfigError: The run's network has no attention, or is not of text.
    """
    run, spec = load_explained(source, which)
    if spec.kind != "text":
        message = "is for language models; integrated_gradients is for all"
        raise ConfigError([Problem("--method", message, "attention")])
    names, texts, notes = read_explained(run, given)
    random = with_random_weights(run.net)
    sections, lines, rest = list[Section](), list[str](), MOST_HEADS
    numbers: dict[str, list[Any]] = {}
    similarities = list[float]()
    for name, tokens in zip(names, texts, strict=True):
        found = attention_of(run.net, tokens)
        other = attention_of(random, tokens)
        similarities.append(rank_correlation(found.rollout[None], other.rollout[None]))
        parts = token_texts(run, tokens[0])
        short = short_name(name)
        heading = f"{short}: {prediction_words(run, int(found.logits.argmax()), 0.0)}"
        sections.append(_section(short, heading, parts, found, rest))
        rest -= len(sections[-1].folded)
        lines.append(_line(heading, parts, found.rollout))
        for column, values in _numbers(name, parts, found).items():
            numbers.setdefault(column, []).extend(values)
    notes.insert(0, f"check: {similarity_words(sum(similarities) / len(similarities))}")
    return Content("attention", sections, "attributions.csv", numbers, lines, notes)


def _line(heading: str, parts: list[str], values: Tensor) -> str:
    most = values.topk(min(3, len(values)))
    listed = zip(most.indices.tolist(), most.values.tolist(), strict=True)
    return f"{heading}; " + ", ".join(f"{parts[place]!r} {value:.3g}" for place, value in listed)


def _numbers(name: str, parts: list[str], found: TextAttention) -> dict[str, list[Any]]:
    """A row for each token: its rollout, and its weight in each layer and head."""
    columns: dict[str, list[Any]] = {
        "input": [name] * len(parts),
        "token": [*range(1, len(parts) + 1)],
        "part": parts,
        "attribution": found.rollout.tolist(),
    }
    for layer, heads in enumerate(found.weights, 1):
        columns[f"layer {layer}"] = heads.mean(0).tolist()
        if len(heads) > 1:
            for head, values in enumerate(heads, 1):
                columns[f"layer {layer} head {head}"] = values.tolist()
    return columns


def _section(name: str, title: str, parts: list[str], found: TextAttention, rest: int) -> Section:
    labels = [token_label(place, part) for place, part in enumerate(parts)]
    layers = [f"layer {number}" for number in range(1, len(found.weights) + 1)]
    means, notes = found.weights.mean(1), list[str]()
    if len(parts) > MOST_TOKENS:
        share = float(means[:, -MOST_TOKENS:].sum(1).mean())
        notes.append(
            f"the pictures show the last {MOST_TOKENS} of {len(parts)} tokens, with"
            f" {100 * share:.0f} % of the attention; the CSV has all"
        )
    by_layer = torch.cat([means, found.rollout[None]])
    most = float(torch.cat([by_layer, found.weights.flatten(0, 1)])[:, -MOST_TOKENS:].max())
    pictures = {
        f"attention of {name} by layer": _picture(labels, [*layers, "rollout"], by_layer, most, "")
    }
    num_heads = found.weights.shape[1]
    heads = [f"head {number}" for number in range(1, num_heads + 1)]
    folded = {
        f"attention of {name} in {layer}": _picture(labels, heads, weights, most, layer)
        for layer, weights in list(zip(layers, found.weights, strict=True))[:rest]
        if num_heads > 1
    }
    if num_heads == 1:
        notes.append("each layer has one head")
    elif len(folded) < len(layers):
        notes.append(f"the heads of {len(layers) - len(folded)} layers are in the CSV alone")
    body = tokens_html(parts, found.rollout)
    return Section(title, notes, body, pictures, folded, f"each of the {num_heads} heads")


def _picture(
    labels: list[str], columns: list[str], weights: Tensor, most: float, title: str
) -> Figure:
    """Tokens from top to bottom, layers or heads from left to right.

    Args:
        labels: Names of the tokens.
        columns: Names of the layers or heads.
        weights: A row for each of these.
        most: Darkest weight, one for all pictures of a text.
        title: Heading; empty: none.
    """
    shown = weights[:, -MOST_TOKENS:].T.cpu().numpy()
    count = len(shown)
    figure = Figure(figsize=(2.6 + 0.24 * len(columns), 1.5 + 0.17 * count), layout="constrained")
    axes = figure.subplots()
    # The root shows small weights beside the large one that first tokens often have.
    norm = PowerNorm(0.5, vmin=0, vmax=most)
    drawn = axes.imshow(shown, cmap="Blues", norm=norm, aspect="auto", interpolation="nearest")
    axes.set_yticks(range(count), labels[-MOST_TOKENS:], fontsize=8, family="monospace")
    axes.set_xticks(range(len(columns)), columns, fontsize=8, rotation=90)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    if title:
        axes.set_title(title, fontsize=9)
    colorbar = figure.colorbar(drawn, ax=axes, shrink=min(1.0, 8 / count), aspect=12)
    colorbar.ax.tick_params(labelsize=8)
    return figure
