"""TensorBoard's PROJECTOR: what the readout of a network sees of the validation part."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path

import torch
from jaxtyping import Float, Int
from PIL import Image
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn

from leyden.callbacks.drawing import picture_of
from leyden.callbacks.predictions import validation_outputs
from leyden.callbacks.tensorboard import is_compiled, leyden_data, tensorboard_writer
from leyden.data.batches import BatchedDataset, BatchIndices
from leyden.distributed.sharding import is_split
from leyden.files.atomic import write_atomically
from leyden.tasks import Classification
from leyden.types import PositiveInt

FOLDER = "projector"
CONFIG = "projector_config.pbtxt"
"""TensorBoard looks for it beside the event file."""

MOST_DIMENSIONS = 64
"""Of what is written: the principal components of more; so the file stays below a megabyte."""

LARGEST_SIDE = 48
"""Of a picture in the plot, in pixels."""


class Embeddings(Callback):
    """After training: writes the features that the readout sees, with classes and pictures.

    They are what the network's `head` is given, or its last linear layer if it has no `head`. A
    network without either, or one that is compiled, has none.

    Args:
        num_samples: Validation samples, the first ones, at most.
    """

    changes_training = False

    def __init__(self, num_samples: PositiveInt = 1000) -> None:
        self.num_samples = num_samples

    def on_train_end(self, trainer: Trainer, task: LightningModule) -> None:
        writer, data = tensorboard_writer(trainer), leyden_data(trainer)
        if data is None or not isinstance(task, Classification) or is_compiled(task.net):
            return
        readout = readout_of(task.net)
        if readout is None or not (writer or is_split(task.net)):
            return
        found = self._first_features(trainer, task, readout)
        if writer is None:
            return
        features, shares, labels = found
        names = task.spec.class_names or tuple(map(str, range(task.spec.num_outputs)))
        folder = Path(writer.log_dir)
        (folder / FOLDER).mkdir(exist_ok=True)
        write_table(folder / FOLDER / "features.tsv", features)
        write_labels(folder / FOLDER / "labels.tsv", shares, labels, names)
        sprite = None
        if task.spec.kind == "image":
            sprite = pictures_in_one(data.splits.val, len(labels))
            sprite[0].save(folder / FOLDER / "images.png")
        write_atomically(folder / CONFIG, config_text(None if sprite is None else sprite[1]))

    def _first_features(
        self, trainer: Trainer, task: Classification, readout: nn.Module
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Features, probabilities and labels of the first samples."""
        parts: list[tuple[Tensor, Tensor, Tensor]] = []
        outputs = validation_outputs(trainer, task)
        with inputs_of(readout) as seen:
            for logits, labels in outputs:
                features = seen.pop().flatten(1).float().cpu()
                parts.append((features, logits.float().softmax(-1), labels))
                if sum(len(one[2]) for one in parts) >= self.num_samples:
                    break
            outputs.close()
        features, shares, labels = (torch.cat(one) for one in zip(*parts, strict=True))
        few = slice(self.num_samples)
        return few_dimensions(features[few]), shares[few], labels[few]


def readout_of(net: nn.Module) -> nn.Module | None:
    """The layer whose inputs are a network's features; None where there is none."""
    head = getattr(net, "head", None)
    if isinstance(head, nn.Module):
        return head
    linear = [module for module in net.modules() if isinstance(module, nn.Linear)]
    return linear[-1] if linear else None


@contextmanager
def inputs_of(module: nn.Module) -> Iterator[list[Tensor]]:
    """What a module is given in a pass: the list has its last inputs."""
    seen: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen[:] = inputs[:1]

    handle = module.register_forward_pre_hook(keep)
    try:
        yield seen
    finally:
        handle.remove()


def few_dimensions(features: Float[Tensor, "n size"]) -> Float[Tensor, "n few"]:
    """Features as they are, or if they are many their principal components."""
    if features.shape[1] <= MOST_DIMENSIONS:
        return features
    centred = features - features.mean(0)
    left, sizes, _ = torch.linalg.svd(centred, full_matrices=False)
    components: Tensor = left * sizes
    return components[:, :MOST_DIMENSIONS]


def write_table(path: Path, features: Float[Tensor, "n size"]) -> None:
    """A row a sample."""
    rows = ("\t".join(f"{value:.5g}" for value in row) for row in features.tolist())
    write_atomically(path, "\n".join(rows) + "\n")


def write_labels(
    path: Path,
    shares: Float[Tensor, "n classes"],
    labels: Int[Tensor, " n"],
    names: Sequence[str],
) -> None:
    """What is known of each sample: a row a sample, below the names of the columns.

    Numbers as names of classes get a word: TensorBoard would give them shades of one colour.
    """
    plain = [" ".join(name.split()) or str(place) for place, name in enumerate(names)]
    if any(name.replace(".", "").isdecimal() for name in plain):
        plain = [f"class {name}" for name in plain]
    rows = ["class\tpredicted\tis it right\tprobability\tplace"]
    for place, (share, label) in enumerate(zip(shares, labels.tolist(), strict=True)):
        guess = int(share.argmax())
        is_right = "right" if guess == label else "wrong"
        probability = f"{float(share[guess]):.3f}"
        rows.append("\t".join([plain[label], plain[guess], is_right, probability, str(place)]))
    write_atomically(path, "\n".join(rows) + "\n")


def pictures_in_one(samples: BatchedDataset, number: int) -> tuple[Image.Image, int]:
    """The first images of a split, row by row in a square, and the side of one in pixels."""
    side, columns, images = 0, ceil(number**0.5), Image.new("RGB", (1, 1))
    for place in range(number):
        inputs, _ = samples[BatchIndices(0, torch.tensor([place]))]
        if place == 0:
            side = min(LARGEST_SIDE, max(inputs.shape[-2:]))
            images = Image.new("RGB", (columns * side, columns * side))
        picture = picture_of(inputs[0]).resize((side, side))
        images.paste(picture, (place % columns * side, place // columns * side))
    return images, side


def config_text(side: int | None) -> str:
    """The file by which TensorBoard finds the others.

    Args:
        side: Pixels of an image; None: there are none.
    """
    lines = [
        'tensor_name: "features"',
        f'tensor_path: "{FOLDER}/features.tsv"',
        f'metadata_path: "{FOLDER}/labels.tsv"',
    ]
    if side is not None:
        size = f"single_image_dim: {side} single_image_dim: {side}"
        lines.append(f'sprite {{ image_path: "{FOLDER}/images.png" {size} }}')
    return "\n".join(["embeddings {", *(f"  {line}" for line in lines), "}"]) + "\n"
