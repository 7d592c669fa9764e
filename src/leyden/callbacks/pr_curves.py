"""Precision and recall at each threshold of the probability: TensorBoard's PR CURVES."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

THRESHOLDS = 127
"""TensorBoard's protocol holds no more."""

ALL = "all classes"


@dataclass(frozen=True)
class Counts:
    """Samples above each threshold, from 0 to 1 in equal steps.

    Attributes:
        true: Those of a class that are taken for it.
        false: Those of other classes that are taken for it.
    """

    true: Float[Tensor, "*classes thresholds"]
    false: Float[Tensor, "*classes thresholds"]

    def of(self, place: int) -> "Counts":
        """Those of one class."""
        return Counts(self.true[place], self.false[place])

    def pooled(self) -> "Counts":
        """All classes together: each sample counts once for each class."""
        return Counts(self.true.sum(0), self.false.sum(0))


def count_above(
    shares: Float[Tensor, "n classes"], labels: Int[Tensor, " n"], classes: Sequence[int]
) -> Counts:
    """Counts of some classes; memory is taken for one class at a time."""
    true, false = [], []
    for place in classes:
        buckets = (shares[:, place].double() * (THRESHOLDS - 1)).floor().long()
        own = torch.bincount(buckets[labels == place], minlength=THRESHOLDS)
        every = torch.bincount(buckets, minlength=THRESHOLDS)
        true.append(own.flip(0).cumsum(0).flip(0))
        false.append((every - own).flip(0).cumsum(0).flip(0))
    return Counts(torch.stack(true).double(), torch.stack(false).double())


def write_curves(
    writer: SummaryWriter,
    shares: Float[Tensor, "n classes"],
    labels: Int[Tensor, " n"],
    names: Sequence[str],
    *,
    most: int,
    step: int,
) -> None:
    """Writes `pr/NAME`: of two classes that of the second, of more those of the first few.

    Of more than two also that of all classes together.

    Args:
        writer: Writer of the event file.
        shares: Predicted probabilities.
        labels: True classes.
        names: Names of the classes.
        most: Classes that have a curve of their own, at most; 0: there are no curves.
        step: Step of the run.
    """
    if most == 0:
        return
    if len(names) == 2:
        _write_curve(writer, names[1], count_above(shares, labels, [1]).of(0), step)
        return
    counts = count_above(shares, labels, range(len(names)))
    _write_curve(writer, ALL, counts.pooled(), step)
    for place, name in enumerate(names[:most]):
        _write_curve(writer, name, counts.of(place), step)


def _write_curve(writer: SummaryWriter, name: str, counts: Counts, step: int) -> None:
    true, false = counts.true, counts.false
    precision, recall = precision_and_recall(counts)
    writer.add_pr_curve_raw(
        f"pr/{name}",
        *(true, false, false[0] - false, true[0] - true, precision, recall),
        global_step=step,
        num_thresholds=THRESHOLDS,
    )


def precision_and_recall(
    counts: Counts,
) -> tuple[Float[Tensor, " thresholds"], Float[Tensor, " thresholds"]]:
    """At each threshold; 0 where nothing is above it, as TensorBoard has it."""
    true, false = counts.true, counts.false
    return true / (true + false).clamp_min(1), true / true[0].clamp_min(1)
