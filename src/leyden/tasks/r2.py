"""The coefficient of determination."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric


class R2(Metric):
    """R^2: 1 minus the squared error over that of the targets' mean.

    torchmetrics' own takes errors below 1e-4 for none, whatever the number of samples. Targets that
    are all alike have no R^2: the value is NaN.
    """

    count: Tensor
    sum: Tensor
    sum_of_squares: Tensor
    squared_error: Tensor
    least: Tensor
    greatest: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("count", "sum", "sum_of_squares", "squared_error"):
            self.add_state(name, default=torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("least", default=torch.tensor(torch.inf), dist_reduce_fx="min")
        self.add_state("greatest", default=torch.tensor(-torch.inf), dist_reduce_fx="max")

    def update(self, predicted: Float[Tensor, " n"], targets: Float[Tensor, " n"]) -> None:
        """Adds samples."""
        self.count += targets.numel()
        self.sum += targets.sum()
        self.sum_of_squares += targets.square().sum()
        self.squared_error += (predicted - targets).square().sum()
        self.least = torch.minimum(self.least, targets.min())
        self.greatest = torch.maximum(self.greatest, targets.max())

    def compute(self) -> Float[Tensor, ""]:
        """Over all samples."""
        if self.least == self.greatest:
            return torch.full_like(self.sum, torch.nan)
        return 1 - self.squared_error / (self.sum_of_squares - self.sum.square() / self.count)
