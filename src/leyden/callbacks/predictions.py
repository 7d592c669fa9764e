"""Shows what a network predicts for the validation part: pictures, confusion matrix, forecasts."""

from collections.abc import Generator, Sequence

import torch
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from PIL import Image, ImageDraw
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from leyden.callbacks.calibration import calibration_diagram, calibration_of
from leyden.callbacks.drawing import (
    BLACK,
    FONT_SIZE,
    GAP,
    LINE,
    RED,
    WHITE,
    axis_name,
    font,
    picture_of,
    show,
)
from leyden.callbacks.pr_curves import write_curves
from leyden.callbacks.tensorboard import leyden_data, tensorboard_writer
from leyden.data.batches import BatchIndices
from leyden.distributed.sharding import is_split
from leyden.tasks import Classification, Regression
from leyden.tasks.losses import widened
from leyden.tasks.step_count import steps_done
from leyden.types import Count, PositiveInt

MANY = (8, 48, 107)  # a dark blue, for the largest count of a confusion matrix
COLUMNS, CELL, TITLE = 8, 150, 44  # of a grid of images, in pixels
MOST_NAMED = 20  # classes: of more the confusion matrix shows colours alone


class Predictions(Callback):
    """After training, on the validation part: which classes are taken for which.

    Also how good the probabilities are: precision and recall at each threshold, and a calibration
    diagram. Of images the first ones with their likeliest classes, and the worst mistakes: those of
    which the network was surest.

    Args:
        num_images: Images in a grid.
        num_curves: Classes with a curve of precision and recall of their own, at most; 0: no
            curves.
    """

    changes_training = False

    def __init__(self, num_images: PositiveInt = 16, num_curves: Count = 10) -> None:
        self.num_images = num_images
        self.num_curves = num_curves

    def on_train_end(self, trainer: Trainer, task: LightningModule) -> None:
        writer = tensorboard_writer(trainer)
        data = leyden_data(trainer)
        if data is None or not isinstance(task, Classification):
            return
        if not (writer or is_split(task.net)):
            return
        outputs, targets = zip(*validation_outputs(trainer, task), strict=True)
        if writer is None:
            return
        shares, labels = torch.cat(outputs).float().softmax(-1), torch.cat(targets)
        names = task.spec.class_names or tuple(map(str, range(task.spec.num_outputs)))
        confusion = confusion_matrix(shares.argmax(-1), labels, names)
        show(writer, "val/confusion", confusion, steps_done(trainer))
        diagram = calibration_diagram(calibration_of(shares, labels))
        show(writer, "val/calibration", diagram, steps_done(trainer))
        write_curves(writer, shares, labels, names, most=self.num_curves, step=steps_done(trainer))
        if task.spec.kind != "image":
            return
        first = torch.arange(min(self.num_images, len(labels)))
        worst = worst_mistakes(shares, labels, self.num_images)
        for tag, index in (("val/predictions", first), ("val/mistakes", worst)):
            if len(index):
                images, _ = data.splits.val[BatchIndices(0, index)]
                grid = prediction_grid(images, shares[index], labels[index], names)
                show(writer, tag, grid, steps_done(trainer))


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
) -> Image.Image:
    """Images, each below the predicted class, its probability, and the true class if it differs."""
    rows = -(-len(images) // COLUMNS)
    grid = Image.new("RGB", (CELL * COLUMNS, (CELL + TITLE) * rows), WHITE)
    draw = ImageDraw.Draw(grid)
    for place, (image, share, label) in enumerate(zip(images, shares, labels, strict=True)):
        left, top = CELL * (place % COLUMNS), (CELL + TITLE) * (place // COLUMNS)
        side = CELL - 2 * GAP
        picture = picture_of(image).resize((side, side), Image.Resampling.NEAREST)
        grid.paste(picture, (left + GAP, top + TITLE))
        guess, true = int(share.argmax()), int(label)
        title = f"{names[guess]}  {share[guess]:.0%}"
        draw.text(
            (left + CELL / 2, top + TITLE - 4),
            title if guess == true else f"{title}\nis {names[true]}",
            fill=BLACK if guess == true else RED,
            font=font(),
            anchor="md",
            align="center",
        )
    return grid


def count_matrix(
    guesses: Int[Tensor, " n"], labels: Int[Tensor, " n"], classes: int
) -> Int[Tensor, "classes classes"]:
    """How often each class, a row, was taken for each, a column."""
    pairs = torch.bincount(labels * classes + guesses, minlength=classes**2)
    return pairs.view(classes, classes)


def confusion_matrix(
    guesses: Int[Tensor, " n"], labels: Int[Tensor, " n"], names: Sequence[str]
) -> Image.Image:
    """How often each class was taken for each: the darker, the more often."""
    counts = count_matrix(guesses, labels, len(names))
    if len(names) > MOST_NAMED:
        names = ()
    cells = counts_in_colours(counts, cell=48 if names else max(1, 800 // len(counts)))
    beside = names_beside(names, cells)
    left, below = LINE + beside.width, GAP + cells.height
    whole = Image.new("RGB", (left + cells.width + GAP, below + beside.width + LINE), WHITE)
    whole.paste(cells, (left, GAP))
    whole.paste(beside, (LINE, GAP))
    whole.paste(beside.transpose(Image.Transpose.ROTATE_90), (left, below))
    predicted, true = (axis_name(name, cells.width) for name in ("predicted class", "true class"))
    whole.paste(predicted, (left, below + beside.width))
    whole.paste(true.transpose(Image.Transpose.ROTATE_90), (0, GAP))
    return whole


def counts_in_colours(counts: Int[Tensor, "classes classes"], *, cell: int) -> Image.Image:
    """A square of so many pixels for each count, with its number if there is room for it."""
    share = (counts / counts.max().clamp_min(1)).unsqueeze(-1)
    colours = torch.lerp(torch.tensor(WHITE).float(), torch.tensor(MANY).float(), share)
    small = Image.fromarray(colours.round().byte().numpy())
    cells = small.resize((cell * len(counts),) * 2, Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(cells)
    for row, column in counts.nonzero().tolist() if cell > 2 * FONT_SIZE else []:
        place = cell * (column + 0.5), cell * (row + 0.5)
        fill = WHITE if share[row, column] > 0.5 else BLACK
        draw.text(place, str(int(counts[row, column])), fill=fill, font=font(), anchor="mm")
    return cells


def names_beside(names: Sequence[str], cells: Image.Image) -> Image.Image:
    """Names, each before its row of cells."""
    widest = max((font().getlength(name) for name in names), default=0)
    beside = Image.new("RGB", (int(widest) + 2 * GAP, cells.height), WHITE)
    draw = ImageDraw.Draw(beside)
    for row, name in enumerate(names):
        place = beside.width - GAP, cells.height * (row + 0.5) / len(names)
        draw.text(place, name, fill=BLACK, font=font(), anchor="rm")
    return beside


@torch.no_grad()
def validation_outputs(trainer: Trainer, task: LightningModule) -> Generator[tuple[Tensor, Tensor]]:
    """Outputs and targets of the whole validation part, batch by batch, on the CPU.

    In the precision of the run, and in 32 bits or more afterwards. A network whose parameters are
    split needs all processes to ask for it.
    """
    precision = trainer.precision_plugin
    was_training = task.training
    task.eval()
    try:
        for batch in trainer.datamodule.whole_val_dataloader():  # type: ignore[attr-defined]
            inputs, targets = precision.convert_input(batch)
            with precision.val_step_context():
                outputs = task(inputs.to(task.device))
            yield widened(outputs).cpu(), targets.cpu()
    finally:  # also where no more batches are asked for
        task.train(was_training)


class Forecast(Callback):
    """After training: plots predictions and targets of the validation part.

    Of forecasts of several steps the first is drawn.
    """

    changes_training = False

    def on_train_end(self, trainer: Trainer, task: LightningModule) -> None:
        writer = tensorboard_writer(trainer)
        if leyden_data(trainer) is None or not isinstance(task, Regression):
            return
        if not (writer or is_split(task.net)):
            return
        outputs, targets = zip(*validation_outputs(trainer, task), strict=True)
        if writer is None:
            return
        predicted = task.in_own_unit(torch.cat(outputs)[:, 0])
        truth = task.in_own_unit(torch.cat(targets)[:, 0])
        draw = forecast_over_time if task.spec.kind == "series" else predicted_over_true
        figure = draw(predicted, truth, task.spec.target_name)
        writer.add_figure("val/forecast", figure, steps_done(trainer))


def forecast_over_time(
    predicted: Float[Tensor, " n"], truth: Float[Tensor, " n"], name: str
) -> Figure:
    """Two lines, time by time."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    axis = figure.subplots()
    axis.plot(truth.numpy(), color="black", linewidth=1.5, label="truth")
    axis.plot(predicted.numpy(), color="tab:orange", linewidth=1.5, label="forecast, one ahead")
    axis.set_xlabel("time in the validation part")
    axis.set_ylabel(name)
    axis.legend()
    return figure


def predicted_over_true(
    predicted: Float[Tensor, " n"], truth: Float[Tensor, " n"], name: str
) -> Figure:
    """A point a sample; the line is where all would lie if all were right."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axis = figure.subplots()
    axis.scatter(truth.numpy(), predicted.numpy(), s=12, alpha=0.6)
    axis.axline((float(truth.mean()), float(truth.mean())), slope=1, color="black", linewidth=1)
    axis.set_xlabel(f"{name}, true")
    axis.set_ylabel(f"{name}, predicted")
    return figure
