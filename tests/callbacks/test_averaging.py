"""The mean of weights beside one that is worked out from the weights themselves."""

import pytest
import torch

from leyden.run.checkpoints import find_checkpoint, read_weights

SMALL = (
    *("model.width=4", "optimizer=sgd", "scheduler=constant", "trainer.accelerator=cpu"),
    *("callbacks.graph=null", "callbacks.predictions=null", "baselines=null"),
    "logger.tensorboard=null",
)


@pytest.mark.parametrize(("decay", "share"), [(0.1, 0.1), (0.9, 2 / 11)])
def test_a_step_keeps_the_decay_of_the_mean_but_at_first_less(decay, share, leyden):
    """The first step's weights are the mean; of it the second keeps at most (1 + 1) / (10 + 1)."""

    def weights_after(steps, *words):
        result = leyden("train", *SMALL, f"trainer.max_steps={steps}", *words)
        assert result.status == 0, result.err
        return read_weights(find_checkpoint(result.folder, "last"))

    first, second = weights_after(1), weights_after(2)
    mean = weights_after(2, f"callbacks.weight_averaging.decay={decay}")
    for name, weight in mean.items():
        torch.testing.assert_close(weight, share * first[name] + (1 - share) * second[name])
