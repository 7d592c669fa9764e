"""Why a served model says what it says: a picture and the parts of a prediction."""

import base64
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from leyden.data.series.new_series import new_series_of
from leyden.data.series.preparation import SeriesPreparation
from leyden.data.text.preparation import LabelledTextPreparation
from leyden.errors import ConfigError
from leyden.inference.attribution_content import figure_of
from leyden.inference.attributions import Attribution, Explained, attribute
from leyden.inference.explain import baseline_of, inputs_explained
from leyden.inference.explanation_content import png_of
from leyden.inference.load import LoadedRun
from leyden.inference.serving.requests import Inputs, Refused, Series

MOST = 8
"""Inputs of a request that are explained: each takes a hundred passes of the network."""


@dataclass(frozen=True)
class Why:
    """Inputs whose predictions are to be explained.

    Attributes:
        inputs: What is predicted.
    """

    inputs: Inputs | Series


def can_explain() -> bool:
    """Whether the extra `explain` is installed."""
    return find_spec("captum") is not None


def reasons(run: LoadedRun, inputs: Inputs | Series) -> list[dict[str, Any]]:
    """By integrated gradients, what the parts of each input add to its prediction.

    Args:
        run: The run, of a network of Leyden's.
        inputs: Inputs; of series the first step that is forecast is explained.

    Returns:
        For each input a `picture` (data URL of a PNG), the `error` of completeness, and of all but
        images the `parts` with what they add.

    Raises:
        Refused: There are too many, or the extra is missing.
    """
    if not can_explain():
        raise Refused("`why` needs the extra `explain`: pip install 'leyden[explain]'")
    assert run.spec is not None
    assert run.preparation is not None
    if isinstance(run.preparation, LabelledTextPreparation):
        raise Refused("`why` is not for classes of texts")
    batch = _past(inputs, run.preparation) if isinstance(inputs, Series) else inputs.tensor
    if len(batch) > MOST:
        raise Refused(f"`why` is for up to {MOST} inputs; got {len(batch):,}")
    device = next(run.net.parameters()).device
    given, baseline = batch.to(device), baseline_of(batch, run.preparation).to(device)
    told = on_cpu(attribute(Explained(run.net, run.spec), given, baseline, "integrated_gradients"))
    names = [f"input {place + 1}" for place in range(len(batch))]
    answers = []
    for one in inputs_explained(run, names, batch, told):
        picture = base64.b64encode(png_of(figure_of(one))).decode()
        answer: dict[str, Any] = {"picture": f"data:image/png;base64,{picture}", "error": one.error}
        if one.parts:
            values = one.values.flatten().tolist()
            answer["parts"] = dict(zip(one.parts, values, strict=True))
        answers.append(answer)
    return answers


def on_cpu(told: Attribution) -> Attribution:
    """Attributions in the memory of the machine."""
    tensors = {name: one.cpu() for name, one in vars(told).items() if isinstance(one, Tensor)}
    return replace(told, **tensors)


def _past(series: Series, preparation: Any) -> Tensor:
    assert isinstance(preparation, SeriesPreparation)
    try:
        found = new_series_of(series.frame, preparation, steps=1)
    except ConfigError as error:
        raise Refused(error.problems[0].message) from error
    pasts = [one.past for one in found if one.past is not None]
    if not pasts:
        raise Refused(found[0].problem)
    return torch.stack(pasts)
