"""What LitServe asks: requests to inputs, batches to predictions, prompts to texts."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import litserve
import torch
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leyden.data.preparation import Preparation
from leyden.data.text.vocabulary import Vocabulary
from leyden.errors import ConfigError
from leyden.inference.asked import PredictionConfig, load_asked
from leyden.inference.forecasts import forecasts_of_frame, require_steps
from leyden.inference.generate import GenerationConfig, read_generator, stream
from leyden.inference.predictor import Predictor
from leyden.inference.serving.requests import Inputs, Refused, Series, inputs_of_request
from leyden.inference.serving.why import Why, reasons
from leyden.models.generation import Sampling

Columns = dict[str, list[Any]]
Answer = tuple[Columns, dict[str, Any]] | Refused
"""Columns of the predictions, and what is said besides: what was filled, and why; or why none."""


class PredictAPI(litserve.LitAPI):  # type: ignore[misc]
    """Predictions of a run; requests that come together are computed together.

    A request that can't be answered must not take down those of its batch, so a refusal is a value
    here and becomes a response of its own.

    Args:
        folder: Folder of the run.
        max_batch_size: Requests that are computed together.
        batch_timeout: Seconds that a request waits for others.
    """

    def __init__(self, folder: Path, *, max_batch_size: int, batch_timeout: float) -> None:
        super().__init__(
            max_batch_size=max_batch_size, batch_timeout=batch_timeout, api_path="/predict"
        )
        self.folder = folder

    def setup(self, device: str) -> None:
        """Loads the run in the worker's process."""
        self.predictor, self.run = load_asked(self.folder, PredictionConfig())
        assert self.run.preparation is not None
        self.preparation = self.run.preparation

    def decode_request(self, request: Request) -> Any:
        """The inputs of a request, or why there are none."""
        try:
            return asked_of_request(request, self.preparation, self.run.vocabulary)
        except Refused as error:
            return error

    def batch(self, inputs: Sequence[Any]) -> Sequence[Any]:
        """Requests stay apart; `predict` puts their inputs together."""
        return inputs

    def predict(self, given: Any) -> Any:
        """Answers of some requests, or of one."""
        if not isinstance(given, list | tuple):
            return self._answers([given])[0]
        return self._answers(given)

    def unbatch(self, output: Sequence[Answer]) -> Sequence[Answer]:
        """An answer for each request."""
        return output

    def encode_response(self, output: Answer) -> Response:
        """The answer in JSON: an object for each input."""
        if isinstance(output, Refused):
            return JSONResponse({"error": str(output)}, status_code=422)
        columns, besides = output
        names, rows = list(columns), zip(*columns.values(), strict=True)
        told: Columns = {"predictions": [dict(zip(names, row, strict=True)) for row in rows]}
        return JSONResponse({**told, **besides})

    def _answers(self, given: Sequence[Inputs | Series | Why | Refused]) -> list[Answer]:
        tensors = [one.tensor for one in given if isinstance(one, Inputs)]
        columns = self.predictor(torch.cat(tensors)) if tensors else {}
        answers, first = list[Answer](), 0
        for one in given:
            if isinstance(one, Refused):
                answers.append(one)
            elif isinstance(one, Why):
                answers.append(self._with_reasons(one))
            elif isinstance(one, Series):
                found = self._forecast(one)
                answers.append(found if isinstance(found, Refused) else (found, {}))
            else:
                last = first + len(one.tensor)
                own = {name: values[first:last] for name, values in columns.items()}
                answers.append((own, said_of(one)))
                first = last
        return answers

    def _with_reasons(self, asked: Why) -> Answer:
        if not isinstance(self.predictor, Predictor):
            return Refused("`why` is for Leyden's networks; RUN trains a LightningModule")
        inputs, besides = asked.inputs, dict[str, Any]()
        columns: Columns | Refused
        if isinstance(inputs, Series):
            columns = self._forecast(inputs)
        else:
            columns, besides = self.predictor(inputs.tensor), said_of(inputs)
        if isinstance(columns, Refused):
            return columns
        try:
            return columns, {**besides, "why": reasons(self.run, inputs)}
        except Refused as error:
            return error

    def _forecast(self, series: Series) -> Columns | Refused:
        assert isinstance(self.predictor, Predictor)  # others are refused when they are loaded
        try:
            steps = require_steps(self.preparation, series.horizon)  # type: ignore[arg-type]
            found = forecasts_of_frame(
                series.frame,
                self.preparation,  # type: ignore[arg-type]
                self.predictor,
                steps=steps,
                skip=False,
            )
            columns: dict[str, list[Any]] = {}
            for one, _ in found:
                for name, values in one.items():
                    if name != "file":
                        columns.setdefault(name, []).extend(values)
        except ConfigError as error:
            return Refused(error.problems[0].message)
        return columns


def said_of(inputs: Inputs) -> dict[str, Any]:
    """What an answer says of its inputs."""
    return {"filled": inputs.filled} if inputs.filled else {}


def asked_of_request(
    payload: Any, preparation: Preparation, vocabulary: Vocabulary | None = None
) -> Inputs | Series | Why:
    """The inputs of a request, and whether their predictions are to be explained.

    Raises:
        Refused: See `inputs_of_request`; or `why` is neither true nor false.
    """
    inputs = inputs_of_request(payload, preparation, vocabulary)
    why = payload.get("why", False)
    if not isinstance(why, bool):
        raise Refused("`why` must be true or false")
    return Why(inputs) if why else inputs


class GenerateAPI(litserve.LitAPI):  # type: ignore[misc]
    """Texts of a language model, as server-sent events.

    Args:
        folder: Folder of the run.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(stream=True, api_path="/generate")
        self.folder = folder

    def setup(self, device: str) -> None:
        """Loads the run in the worker's process."""
        self.generator = read_generator(str(self.folder), "best")

    def decode_request(self, request: Request) -> Any:
        """The request; `generation_mistake` has found nothing wrong with it."""
        return request

    def predict(self, request: dict[str, Any]) -> Iterator[str]:
        """The text as it comes."""
        config = GenerationConfig(
            num_tokens=request.get("max_new_tokens", 100),
            sampling=Sampling(
                temperature=request.get("temperature", 0.8),
                top_k=request.get("top_k"),
                top_p=request.get("top_p"),
            ),
            seed=request.get("seed", 0),
        )
        yield from stream(self.generator, request["prompt"], config)

    def encode_response(self, output: Iterator[str]) -> Any:
        """Events with a part of the text each; the last one says that it has ended."""
        for text in output:
            if text:
                yield f"data: {json.dumps({'text': text})}\n\n"
        yield "data: [DONE]\n\n"


def generation_mistake(content: Any) -> str | None:
    """What is wrong with a request for a text; None: nothing."""
    if not isinstance(content, dict):
        return "the body must be a JSON object"
    prompt = content.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        return "`prompt` must be a text that is not empty"
    ranges = {"max_new_tokens": (1, 4096), "top_k": (1, 2**31), "seed": (0, 2**31)}
    for name, (low, high) in ranges.items():
        value = content.get(name)
        if value is not None and (type(value) is not int or not low <= value <= high):
            return f"`{name}` must be a whole number from {low:,} to {high:,}"
    for name, most in (("temperature", 100.0), ("top_p", 1.0)):
        value = content.get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (is_number and 0 <= value <= most):
            return f"`{name}` must be a number from 0 to {most:g}"
    known = {"prompt", *ranges, "temperature", "top_p"}
    if unknown := sorted(set(content) - known):
        return f"`{unknown[0]}` is not known; there is {', '.join(sorted(known))}"
    return None


def no_mistake(content: Any) -> str | None:
    """Requests for predictions are read by the worker, which has the run's preparation."""
    return None
