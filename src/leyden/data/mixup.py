"""Samples that are mixed in pairs."""

from dataclasses import replace

import torch.nn.functional as F

from leyden.data.loader import Batch, Draw, Samples


class Mixup:
    """A training part whose samples are mixed with each other, inputs and labels alike.

    Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization": one share for a batch. The loss
    of a mixed label is the mixture of both labels' losses.

    Args:
        samples: Their labels are classes.
        num_classes: Of the labels.
    """

    def __init__(self, samples: Samples, *, num_classes: int) -> None:
        self.samples = samples
        self.num_classes = num_classes

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, draw: Draw) -> Batch:
        """Inputs, and probabilities (batch, classes) as targets."""
        assert draw.partner is not None
        inputs, labels = self.samples[draw]
        other_inputs, other_labels = self.samples[replace(draw, index=draw.partner)]
        own, others = (F.one_hot(y, self.num_classes).float() for y in (labels, other_labels))
        rest = 1 - draw.share
        return inputs.lerp(other_inputs, rest), own.lerp(others, rest)
