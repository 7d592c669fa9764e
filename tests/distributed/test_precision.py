"""Each family trains in each precision, near to 32 bits."""

import pytest
import torch

TEXT = ("data=stdlib_text", "data.max_bytes=60000", "data.context=16", "data.batch_size=8")
FAMILIES = {
    "mlp": ("model.width=16",),
    "cnn": ("model=cnn", "model.width=4"),
    "resnet": ("model=resnet", "model.width=4"),
    "vgg": ("model=vgg", "model.width=4"),
    "gru": ("model=rnn", "model.cell=gru", "model.width=8"),
    "gpt": ("model=gpt", "model.width=16", "model.depth=2", "model.head_dim=8", *TEXT),
}
DISTANCE = {"64-true": 1e-4, "bf16-mixed": 0.02, "bf16-true": 0.05}
"""Of the loss of each of ten steps, relative. bf16 has 8 bits, a relative rounding of 2**-9."""


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_losses_are_near_those_of_32_bits(run, losses, family):
    words = (*FAMILIES[family], "optimizer=adamw", "optimizer.lr=1e-3")
    exact = torch.tensor(losses(run("one", *words)))
    for precision, distance in DISTANCE.items():
        found = torch.tensor(losses(run("one", *words, f"trainer.precision={precision}")))
        torch.testing.assert_close(found, exact, rtol=distance, atol=0.0)
