"""Language modelling: the next token, everywhere in a window."""

from collections.abc import Mapping, Set
from math import log
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from leyden.data.batches import Batch
from leyden.data.spec import Spec, TaskName
from leyden.tasks.evaluation import Evaluation
from leyden.tasks.intervals import Array, block_length, bootstrap_means
from leyden.tasks.losses import IGNORED, chunked_cross_entropy, cross_entropy, widened
from leyden.tasks.sample_values import Columns, SampleStatistics
from leyden.tasks.task import MakeOptimizer, MakeSchedule, Task
from leyden.types import Count, Probability

NAMES = ("loss", "ppl", "bpb")


class LanguageModeling(Task):
    """Trains a network by cross-entropy; logs loss (nats a token), perplexity, bits per byte.

    Where the data is a stream and the network has a state, each batch is read on from the state
    after the last one, as far as its values go: gradients end at the window (Williams and Peng
    1990, truncated backpropagation through time).

    Args:
        net: Maps tokens (batch, time) to logits (batch, time, vocabulary).
        spec: What the data is.
        optimizer: Makes the optimizer of a network.
        schedule: Makes the schedule of an optimizer over a number of steps.
        label_smoothing: Share of each training token that is spread over the vocabulary.
        loss_chunk: Tokens whose logits stand in memory at a time, for large vocabularies; 0 is all.
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "train/loss",
        *(f"{part}/{name}" for part in ("val", "test") for name in NAMES),
    )
    solves: ClassVar[Set[TaskName]] = frozenset({"language_modeling"})
    higher_is_better: ClassVar[Mapping[str, bool]] = dict.fromkeys(NAMES, False)
    sample_columns: ClassVar[tuple[str, ...]] = ("loss", "count")
    unit: ClassVar[str] = "tokens"

    def __init__(
        self,
        net: nn.Module,
        *,
        spec: Spec,
        optimizer: MakeOptimizer,
        schedule: MakeSchedule,
        label_smoothing: Probability = 0.0,
        loss_chunk: Count = 0,
    ) -> None:
        super().__init__(net, spec=spec, optimizer=optimizer, schedule=schedule)
        self.label_smoothing = label_smoothing
        self.loss_chunk = loss_chunk
        self.train_state = RecurrentState()
        self.eval_state = RecurrentState()

    @staticmethod
    def target_shape(spec: Spec) -> tuple[int, ...]:
        return spec.input_shape

    def forward(self, tokens: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time vocab"]:
        return self.net(tokens)  # type: ignore[no-any-return]

    def on_train_epoch_start(self) -> None:
        self.train_state.forget()

    def on_validation_epoch_start(self) -> None:
        self.eval_state.forget()

    def on_test_epoch_start(self) -> None:
        self.eval_state.forget()

    def training_step(self, batch: Batch, batch_index: int) -> Float[Tensor, ""]:
        return self._loss(batch, self.train_state, label_smoothing=self.label_smoothing)

    def evaluate(self, batch: Batch, evaluation: Evaluation) -> None:
        if evaluation.samples is None:
            evaluation.update(self._loss(batch, self.eval_state), num_targets(batch))
            return
        tokens, following = batch
        answers = self._answers(tokens, self.eval_state)
        evaluation.update(self._loss_of(answers, following), num_targets(batch))
        counts = (following != IGNORED).sum(1)
        # A row whose targets are all hidden has no mean.
        means = torch.where(counts > 0, self._losses_of_rows(answers, following), 0.0)
        evaluation.samples.update(loss=means, count=counts)

    def describe_samples(self, samples: Columns) -> SampleStatistics:
        if self.trainer.world_size > 1:
            return SampleStatistics()  # the windows are not in their order
        columns = np.stack([samples["loss"] * samples["count"], samples["count"]], 1)
        if not np.isfinite(columns).all():
            return SampleStatistics()  # the run ends as diverged
        block = block_length(len(columns))
        return SampleStatistics(intervals=bootstrap_means(columns, self._metrics_of, block=block))

    def _metrics_of(self, means: Array) -> dict[str, Array]:
        """Metrics of resamples, from the mean loss of a window and the mean count of its tokens."""
        loss = means[:, 0] / means[:, 1]
        metrics = self.summarize("test", {"loss": torch.from_numpy(loss)})
        return {name: values.numpy() for name, values in metrics.items()}

    def summarize(self, part: str, values: dict[str, Any]) -> dict[str, Any]:
        loss = values["loss"]
        bits_per_byte = loss / log(2) / self.spec.bytes_per_token[part]
        return {"loss": loss, "ppl": loss.exp(), "bpb": bits_per_byte}

    def _loss(
        self, batch: Batch, carried: "RecurrentState", *, label_smoothing: float = 0.0
    ) -> Float[Tensor, ""]:
        tokens, following = batch
        answers = self._answers(tokens, carried)
        return self._loss_of(answers, following, label_smoothing=label_smoothing)

    @property
    def _is_chunked(self) -> bool:
        """Whether the logits of all tokens are never in memory at once."""
        has_features = isinstance(self.net, HasFeatures)
        return bool(self.loss_chunk) and has_features and not self.spec.is_stream

    def _answers(self, tokens: Tensor, carried: "RecurrentState") -> Tensor:
        """The logits, or the features that the head makes logits of a chunk at a time."""
        if self._is_chunked and isinstance(self.net, HasFeatures):
            return self.net.features(tokens)
        return self._logits(tokens, carried)

    def _losses_of_rows(self, answers: Tensor, following: Tensor) -> Float[Tensor, " batch"]:
        """Mean loss of each row."""
        if self._is_chunked:  # the logits of the whole batch have no room
            rows = range(len(following))
            return torch.stack([self._loss_of(answers[[row]], following[[row]]) for row in rows])
        logits, targets = widened(answers).flatten(0, 1), following.flatten()
        losses = F.cross_entropy(logits, targets, reduction="none").view_as(following)
        return losses.sum(1) / (following != IGNORED).sum(1)

    def _loss_of(
        self, answers: Tensor, following: Tensor, *, label_smoothing: float = 0.0
    ) -> Float[Tensor, ""]:
        if self._is_chunked and isinstance(self.net, HasFeatures):
            return chunked_cross_entropy(
                answers.flatten(0, 1),
                following.flatten(),
                self.net.head,
                chunk=self.loss_chunk,
                label_smoothing=label_smoothing,
            )
        return cross_entropy(
            answers.flatten(0, 1), following.flatten(), label_smoothing=label_smoothing
        )

    def _logits(
        self, tokens: Tensor, carried: "RecurrentState"
    ) -> Float[Tensor, "batch time vocab"]:
        if not (self.spec.is_stream and isinstance(self.net, HasState)):
            return self(tokens)  # type: ignore[no-any-return]
        logits, state = self.net.forward_with_state(tokens, carried.of(len(tokens)))
        carried.keep(state)
        return logits


def num_targets(batch: Batch) -> int:
    """Targets that count."""
    return int((batch[1] != IGNORED).sum())


@runtime_checkable
class HasFeatures(Protocol):
    """A network whose logits are made by a head from features."""

    head: nn.Module

    def features(self, tokens: Tensor) -> Tensor: ...


@runtime_checkable
class HasState(Protocol):
    """A network that can read on from where it ended: a recurrent one."""

    def forward_with_state(self, x: Tensor, state: Any) -> tuple[Tensor, Any]: ...


class RecurrentState:
    """The state after the last batch of a stream."""

    def __init__(self) -> None:
        self.state: tuple[Tensor, ...] | Tensor | None = None

    def forget(self) -> None:
        """The next batch is a beginning."""
        self.state = None

    def keep(self, state: tuple[Tensor, ...] | Tensor) -> None:
        """Keeps the values of a state, without its gradient."""
        if isinstance(state, tuple):
            self.state = tuple(part.detach() for part in state)
        else:
            self.state = state.detach()

    def of(self, batch_size: int) -> tuple[Tensor, ...] | Tensor | None:
        """The state for a batch; None for one of another size, which is not of the same rows."""
        first = self.state[0] if isinstance(self.state, tuple) else self.state
        return self.state if first is not None and first.shape[1] == batch_size else None
