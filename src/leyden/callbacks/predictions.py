"""Shows what an image classifier sees and what it takes for what."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from leyden.callbacks.tensorboard import tensorboard_writer
from leyden.data.loader import Draw
from leyden.parallel import is_split
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
        if not isinstance(task, Classification) or not (writer or is_split(task.net)):
            return
        data = trainer.datamodule  # type: ignore[attr-defined]
        task.net.eval()
        outputs = [
            (task(x.to(task.device)).float().softmax(-1).cpu(), y)
            for x, y in data.whole_val_dataloader()
        ]
        task.net.train()
        if writer is None:
            return
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
    columns, cell = 8, 1.35  # a place is one wide and, with its title, 1.35 high
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(1.5 * columns, 1.5 * cell * rows))
    # All in one system of axes: one for each image would take most of a second to draw.
    axis = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, columns), ylim=(-cell * rows, 0))
    axis.axis("off")
    for place, (image, share, label) in enumerate(zip(images, shares, labels, strict=True)):
        left, bottom = place % columns, -cell * (place // columns + 1)
        low, high = image.min(), image.max()
        pixels = ((image - low) / (high - low).clamp_min(1e-6)).permute(1, 2, 0)
        extent = (left + 0.05, left + 0.95, bottom, bottom + 0.9)
        axis.imshow(pixels.numpy(), cmap="gray", vmin=0, vmax=1, extent=extent)
        guess, true = int(share.argmax()), int(label)
        title = f"{names[guess]}  {share[guess]:.0%}"
        axis.text(
            left + 0.5,
            bottom + 0.93,
            title if guess == true else f"{title}\nis {names[true]}",
            ha="center",
            va="bottom",
            fontsize=10,
            color="black" if guess == true else "tab:red",
        )
    axis.set(xlim=(0, columns), ylim=(-cell * rows, 0))  # imshow has moved them
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
        for row, column in counts.nonzero().tolist():
            count = int(counts[row, column])
            color = "white" if count > int(counts.max()) / 2 else "black"
            axis.text(column, row, str(count), ha="center", va="center", color=color)
    return figure
