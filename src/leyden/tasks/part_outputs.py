"""What a network says of the samples of a part, without a trainer."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from leyden.data import BatchIndices
from leyden.data.batches import BatchedDataset

BATCH = 1024


@torch.inference_mode()
def outputs_and_targets(
    net: nn.Module, part: BatchedDataset, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Outputs in 64 bits and targets, batch by batch, on the CPU."""
    for first in range(0, len(part), BATCH):
        places = torch.arange(first, min(first + BATCH, len(part)))
        inputs, targets = part[BatchIndices(0, places)]
        yield net(inputs.to(device)).double().cpu(), targets
