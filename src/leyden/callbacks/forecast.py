"""Shows how predicted numbers compare with the true ones."""

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from leyden.callbacks.tensorboard import tensorboard_writer
from leyden.callbacks.validation_outputs import validation_outputs
from leyden.parallel import is_split
from leyden.tasks import Regression


class Forecast(Callback):
    """After training, on the validation part: of a series both over time, else one over the other.

    Of forecasts of several steps the first is drawn.
    """

    def on_train_end(self, trainer: Trainer, task: LightningModule) -> None:
        writer = tensorboard_writer(trainer)
        if not isinstance(task, Regression) or not (writer or is_split(task.net)):
            return
        outputs, targets = zip(*validation_outputs(trainer, task), strict=True)
        if writer is None:
            return
        predicted = task.in_own_unit(torch.cat(outputs)[:, 0])
        truth = task.in_own_unit(torch.cat(targets)[:, 0])
        draw = forecast_over_time if task.spec.kind == "series" else predicted_over_true
        figure = draw(predicted, truth, task.spec.target_name)
        writer.add_figure("val/forecast", figure, trainer.global_step)


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
