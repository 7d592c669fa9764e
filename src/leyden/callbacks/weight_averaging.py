"""A running mean of the weights."""

from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor

from leyden.ranges import Probability


def weight_averaging(*, decay: Probability | None = None) -> WeightAveraging | None:
    """Lightning's average of weights and running statistics, here an exponential one; or none.

    The mean is what is validated, saved and tested; the weights themselves go on being trained.

    Args:
        decay: Share of the mean that is kept at each step, such as 0.999, which remembers about
            1,000 steps. It rises to that value, so that the first weights are forgotten in short
            runs too: at step n it is at most (1 + n) / (10 + n), as in TensorFlow's
            `ExponentialMovingAverage`. None keeps no mean.
    """
    if decay is None:
        return None

    def mean(kept: Tensor, new: Tensor, num_updates: Tensor | int) -> Tensor:
        share = min(decay, (1 + int(num_updates)) / (10 + int(num_updates)))
        return kept.lerp(new, 1 - share) if kept.is_floating_point() else new

    return WeightAveraging(avg_fn=mean)
