"""Shows what an image classifier sees and what it takes for what."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from leyden.callbacks.tensorboard import tensorboard_writer
from leyden.data.loader import Draw
from leyden.ranges import PositiveInt
from leyden.tasks import Classification


class Predictions(Callback):
    """After training, on the validation part: which classes are taken for which.

    Of images also the first ones with their likeliest classes, and the worst mistakes: those of
    which the network was surest.

    Args:
        num_images: Images in a grid.
    """

    def __init__(self, num_images: PositiveInt = 16) -> None:
        self.num_images = num_images

    @torch.no_grad()
    def on_train_end(self, trainer: Trainer, task: LightningModule) -> None:
        writer = tensorboard_writer(trainer)
        if writer is None or not isinstance(task, Classification):
            return
        data = trainer.datamodule  # type: ignore[attr-defined]
        task.net.eval()
        outputs = [
            (task(x.to(task.device)).float().softmax(-1).cpu(), y) for x, y in data.val_dataloader()
        ]
        task.net.train()
        shares = torch.cat([share for share, _ in outputs])
        labels = torch.cat([label for _, label in outputs])
        names = task.spec.class_names or tuple(map(str, range(task.spec.num_outputs)))
        confusion = confusion_matrix(shares.argmax(-1), labels, names)
        writer.add_figure("val/confusion", confusion, trainer.global_step)
        if task.spec.kind != "image":
            return
        first = torch.arange(min(self.num_images, len(labels)))
        worst = worst_mistakes(shares, labels, self.num_images)
        for tag, index in (("val/predictions", first), ("val/mistakes", worst)):
            if len(index):
                images, _ = data.parts.val[Draw(0, index)]
                grid = prediction_grid(images, shares[index], labels[index], names)
                writer.add_figure(tag, grid, trainer.global_step)


def worst_mistakes(
    shares: Float[Tensor, "n classes"], labels: Int[Tensor, " n"], most: int
) -> Int[Tensor, " few"]:
    """Samples that were taken for another class, the surest mistakes first."""
    wrong = (shares.argmax(-1) != labels).nonzero().flatten()
    surest_first = shares[wrong].amax(-1).argsort(descending=True, stable=True)
    return wrong[surest_first][:most]


def prediction_grid(
    images: Float[Tensor, "n channels height width"],
    shares: Float[Tensor, "n classes"],
    labels: Int[Tensor, " n"],
    names: Sequence[str],
) -> Figure:
    """Images, each with the predicted class, its probability, and the true class if it differs."""
    columns = 8
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(1.5 * columns, 1.8 * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes:
        axis.axis("off")
    for axis, image, share, label in zip(axes, images, shares, labels, strict=False):
        guess = int(share.argmax())
        low, high = image.min(), image.max()
        pixels = ((image - low) / (high - low).clamp_min(1e-6)).permute(1, 2, 0)
        axis.imshow(pixels.numpy(), cmap="gray", vmin=0, vmax=1)
        title = f"{names[guess]}  {share[guess]:.0%}"
        wrong = guess != int(label)
        axis.set_title(
            f"{title}\nis {names[int(label)]}" if wrong else title,
            fontsize=10,
            color="tab:red" if wrong else "black",
        )
    return figure


def confusion_matrix(
    guesses: Int[Tensor, " n"], labels: Int[Tensor, " n"], names: Sequence[str]
) -> Figure:
    """How often each class was taken for each."""
    classes = len(names)
    counts = torch.bincount(labels * classes + guesses, minlength=classes**2).view(classes, classes)
    size = min(10.0, max(4.0, 0.7 * classes))
    figure = Figure(figsize=(size, size), layout="constrained")
    axis = figure.subplots()
    axis.imshow(counts.numpy(), cmap="Blues")
    if classes <= 20:
        axis.set_xticks(range(classes), names, rotation=45, ha="right")
        axis.set_yticks(range(classes), names)
    axis.set_xlabel("predicted class")
    axis.set_ylabel("true class")
    if classes <= 20:
        for row in range(classes):
            for column in range(classes):
                count = int(counts[row, column])
                color = "white" if count > int(counts.max()) / 2 else "black"
                axis.text(column, row, str(count), ha="center", va="center", color=color)
    return figure
