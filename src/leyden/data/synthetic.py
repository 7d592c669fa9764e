"""Random samples in the shape of data that is not on this machine, for smoke runs."""

import torch

from leyden.data.batches import BatchedDataset
from leyden.data.images.pixels import Images
from leyden.data.report import DataReport
from leyden.data.spec import Spec
from leyden.data.splits import DataSplits
from leyden.data.text.windows import TokenWindows

NUM_SAMPLES = 512


def synthetic_splits(spec: Spec) -> DataSplits:
    """Splits of noise that fit a spec of images or text, the kinds that are fetched."""
    generator = torch.Generator().manual_seed(0)
    if spec.kind == "text":
        length = NUM_SAMPLES * spec.input_shape[0] + 1
        tokens = torch.randint(spec.num_outputs, (length,), generator=generator)
        samples: BatchedDataset = TokenWindows(tokens, context=spec.input_shape[0])
    else:
        pixels = torch.randint(
            256, (NUM_SAMPLES, *spec.input_shape), dtype=torch.uint8, generator=generator
        )
        labels = torch.randint(spec.num_outputs, (NUM_SAMPLES,), generator=generator)
        channels = torch.ones(spec.input_shape[0])
        samples = Images(pixels, labels, mean=0.5 * channels, std=0.29 * channels)
    report = DataReport(warnings=["the data is not on this machine: random samples of its shape"])
    return DataSplits(spec, samples, samples, samples, report)
