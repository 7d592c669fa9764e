"""Language modelling: the next token, everywhere in a window."""

from math import log
from typing import Any, ClassVar, Protocol, runtime_checkable

from jaxtyping import Float, Int
from pytorch_lightning import LightningModule
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from leyden.data.batches import Batch
from leyden.data.spec import Spec
from leyden.distributed.sharding import shard
from leyden.tasks.evaluation import Evaluation
from leyden.tasks.logging import log_evaluation
from leyden.tasks.losses import IGNORED, chunked_cross_entropy, cross_entropy
from leyden.tasks.optimization import MakeOptimizer, MakeSchedule, optimization
from leyden.types import Count, Probability

NAMES = ("loss", "ppl", "bpb")


class LanguageModeling(LightningModule):
    """Trains a network by cross-entropy; logs loss (nats a token), perplexity, bits per byte.

    Where the data is a stream and the network has a state, each batch is read on from the state
    after the last one, as far as its values go: gradients end at the window (Williams and Peng
    1990, truncated backpropagation through time).

    Args:
        net: Maps tokens (batch, time) to logits (batch, time, vocabulary).
        spec: Of the data.
        optimizer: Makes the optimizer of a network.
        schedule: Makes the schedule of an optimizer over a number of steps.
        label_smoothing: Share of each training token that is spread over the vocabulary.
        loss_chunk: Tokens whose logits stand in memory at a time, for large vocabularies; 0 is all.
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "train/loss",
        *(f"{part}/{name}" for part in ("val", "test") for name in NAMES),
    )
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
        super().__init__()
        self.net = net
        self.spec = spec
        self.make_optimizer = optimizer
        self.make_schedule = schedule
        self.label_smoothing = label_smoothing
        self.loss_chunk = loss_chunk
        self.val, self.test = Evaluation(), Evaluation()
        self.train_state = Carried()
        self.eval_state = Carried()

    @staticmethod
    def target_shape(spec: Spec) -> tuple[int, ...]:
        """Shape of one sample's target."""
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

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        self.val.update(self._loss(batch, self.eval_state), num_targets(batch))

    def test_step(self, batch: Batch, batch_index: int) -> None:
        self.test.update(self._loss(batch, self.eval_state), num_targets(batch))

    def on_validation_epoch_end(self) -> None:
        self._log_epoch("val", self.val)

    def on_test_epoch_end(self) -> None:
        self._log_epoch("test", self.test)

    def _loss(
        self, batch: Batch, carried: "Carried", *, label_smoothing: float = 0.0
    ) -> Float[Tensor, ""]:
        tokens, following = batch
        if self.loss_chunk and isinstance(self.net, HasFeatures) and not self.spec.is_stream:
            return chunked_cross_entropy(
                self.net.features(tokens).flatten(0, 1),
                following.flatten(),
                self.net.head,
                chunk=self.loss_chunk,
                label_smoothing=label_smoothing,
            )
        logits = self._logits(tokens, carried)
        return cross_entropy(
            logits.flatten(0, 1), following.flatten(), label_smoothing=label_smoothing
        )

    def _logits(self, tokens: Tensor, carried: "Carried") -> Float[Tensor, "batch time vocab"]:
        if not (self.spec.is_stream and isinstance(self.net, HasState)):
            return self(tokens)  # type: ignore[no-any-return]
        logits, state = self.net.go_on(tokens, carried.of(len(tokens)))
        carried.keep(state)
        return logits

    def _log_epoch(self, part: str, evaluation: Evaluation) -> None:
        loss = evaluation.compute()["loss"]
        bits_per_byte = loss / log(2) / self.spec.bytes_per_token[part]
        log_evaluation(self.trainer, part, {"loss": loss, "ppl": loss.exp(), "bpb": bits_per_byte})

    def configure_model(self) -> None:
        shard(self, self.net)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return optimization(self, self.net, self.make_optimizer, self.make_schedule)


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

    def go_on(self, x: Tensor, state: Any) -> tuple[Tensor, Any]: ...


class Carried:
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
