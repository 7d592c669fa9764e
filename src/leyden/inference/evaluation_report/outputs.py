"""What a network says of each sample while it is tested."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from leyden.data import DataModule, Spec
from leyden.data.batches import BatchedDataset, BatchIndices
from leyden.data.images.image_folder import ImageFiles
from leyden.data.images.pixels import Images
from leyden.data.series.windows import Windows
from leyden.errors import ConfigError, Problem
from leyden.inference.evaluate import Tested
from leyden.inference.labelled import Given
from leyden.run.calibration import softmax
from leyden.tasks import Classification, Regression, Task

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


class OutputCollector(Callback):
    """Keeps outputs and targets of a test, in the order of the samples."""

    changes_training = False

    def __init__(self) -> None:
        self.outputs: list[Tensor] = []
        self.targets: list[Tensor] = []

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        require_reportable(pl_module)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, Task)
        pl_module.net.register_forward_hook(self._keep)

    def _keep(self, net: Any, inputs: Any, output: Tensor) -> None:
        self.outputs.append(output.detach().double().cpu())

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        self.targets.append(batch[1].detach().cpu())
        if len(self.outputs) != len(self.targets):
            message = "needs a task whose network is called once for each batch"
            raise ConfigError([Problem("--report", message)])


def require_reportable(module: LightningModule) -> None:
    """Raises `ConfigError` where it isn't known what the outputs of a network mean."""
    if not isinstance(module, Task):
        message = "needs a task of Leyden's; what this LightningModule predicts is not known"
        raise ConfigError([Problem("--report", f"{message}. Leave --report out")])
    if not isinstance(module, Classification | Regression):
        what = f"is for classes and numbers; this run has the task {type(module).__name__}"
        raise ConfigError([Problem("--report", f"{what}. Leave --report out")])


@dataclass(frozen=True)
class TestedSamples:
    """The samples of a test, and what was said of them.

    Attributes:
        spec: What the data is.
        outputs: Logits (n, classes), or numbers (n, outputs) in the target's own unit.
        targets: Classes (n,), or numbers (n, outputs) in the target's own unit.
        part: Where the inputs are; None: they are not kept.
    """

    spec: Spec
    outputs: Array
    targets: NDArray[Any]
    part: BatchedDataset | None

    def __len__(self) -> int:
        return len(self.outputs)

    @property
    def class_names(self) -> list[str]:
        """Names of the classes; their numbers where they have none."""
        return list(self.spec.class_names) or list(map(str, range(self.spec.num_outputs)))

    @cached_property
    def probabilities(self) -> Array:
        """Probability of each class (n, classes)."""
        return softmax(self.outputs)

    @cached_property
    def losses(self) -> Array:
        """Cross-entropy of each sample, or its root mean squared error in the target's unit."""
        if self.spec.task_name == "classification":
            logits = torch.from_numpy(self.outputs)
            losses = torch.nn.functional.cross_entropy(
                logits, torch.from_numpy(self.targets), reduction="none"
            )
            return np.asarray(losses, dtype=np.float64)
        return np.asarray(np.sqrt(np.square(self.outputs - self.targets).mean(1)))

    def inputs(self, places: Codes | None = None) -> Tensor | None:
        """Inputs of some samples as the network has them, or of all; None: they are not kept."""
        if self.part is None:
            return None
        wanted = np.arange(len(self)) if places is None else places
        return self.part[BatchIndices(0, torch.from_numpy(wanted))][0]

    def name(self, place: int) -> str:
        """A name by which a person finds a sample."""
        if isinstance(self.part, Given):
            return self.part.names[place]
        if isinstance(self.part, Images) and isinstance(self.part.pixels, ImageFiles):
            file = self.part.pixels.files[place]
            return f"{file.parent.name}/{file.name}"
        what = "window" if isinstance(self.part, Windows) else "sample"
        return f"{what} {place + 1:,}"


def samples_of(tested: Tested, collector: OutputCollector) -> TestedSamples:
    """The samples of a test.

    Raises:
        ConfigError: The outputs have another form than the spec says.
    """
    task = tested.task
    assert isinstance(task, Task)
    spec = task.spec
    outputs, targets = torch.cat(collector.outputs), torch.cat(collector.targets)
    if outputs.shape != (len(targets), spec.num_outputs):
        message = f"needs outputs of the form (samples, {spec.num_outputs})"
        raise ConfigError([Problem("--report", f"{message}; they have {tuple(outputs.shape)}")])
    data = tested.data
    part = data.splits.test if isinstance(data, DataModule) else None
    if isinstance(task, Regression):
        predicted, true = map(task.in_own_unit, (outputs, targets.view_as(outputs)))
        return TestedSamples(spec, predicted.numpy(), true.numpy(), part)
    return TestedSamples(spec, outputs.numpy(), targets.numpy(), part)
