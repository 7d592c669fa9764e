"""A running mean of the weights."""

from pytorch_lightning.callbacks import EMAWeightAveraging

from leyden.ranges import Count, PositiveInt, Probability


def weight_averaging(
    *,
    decay: Probability | None = None,
    every_n_steps: PositiveInt = 1,
    start_step: Count = 0,
) -> EMAWeightAveraging | None:
    """Lightning's exponential moving average of weights and running statistics, or none.

    The mean is what is validated, saved and tested; the weights themselves go on being trained.

    Args:
        decay: Share of the mean that is kept at each update; None keeps no mean. 0.999 remembers
            about the last 1,000 updates: take less for short runs.
        every_n_steps: Steps between updates.
        start_step: The mean starts with the weights at this step.
    """
    if decay is None:
        return None
    return EMAWeightAveraging(
        decay=decay, update_every_n_steps=every_n_steps, update_starting_at_step=start_step
    )
