"""What a model says of inputs: classes with probabilities, or numbers, and how sure it is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from leyden.data import Spec
from leyden.files.row_writer import Kind
from leyden.run.calibration import Calibration
from leyden.run.prediction_intervals import PredictionIntervals
from leyden.tasks.forecast import forecast

DROPOUT = (
    *(nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d),
    *(nn.AlphaDropout, nn.FeatureAlphaDropout),
)
MOST_CLASSES = 50
"""Classes whose probabilities have a column each."""


class Predictor:
    """Networks whose mean is taken.

    Args:
        nets: Networks of one form, such as those of several seeds.
        spec: What inputs and outputs are.
        intervals: Intervals around numbers; None: they are not known.
        calibration: Correction of the probabilities; None: they are as the network gives them.
        num_dropout: Passes with dropout through each network, whose mean is taken; 0: one pass
            without.
        seed: Seed of the dropout.
    """

    def __init__(
        self,
        nets: Sequence[nn.Module],
        spec: Spec,
        *,
        intervals: PredictionIntervals | None = None,
        calibration: Calibration | None = None,
        num_dropout: int = 0,
        seed: int = 0,
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.nets = [net.eval().to(self.device) for net in nets]
        self.spec = spec
        self.intervals = intervals
        self.calibration = calibration
        self.num_dropout = num_dropout
        self.generator_seed = seed

    @property
    def is_of_several(self) -> bool:
        """Whether there is a disagreement to tell."""
        return len(self.nets) > 1 or self.num_dropout > 1

    @property
    def class_names(self) -> list[str]:
        """Names of the classes; their numbers where they have none."""
        return list(self.spec.class_names) or list(map(str, range(self.spec.num_outputs)))

    @property
    def kinds(self) -> dict[str, Kind]:
        """The columns that are said of an input, and their types."""
        kinds: dict[str, Kind] = {}
        if self.spec.task_name == "classification":
            kinds |= {"prediction": "string", "probability": "float64"}
            if len(self.class_names) <= MOST_CLASSES:
                kinds |= {f"probability {name}": "float64" for name in self.class_names}
            kinds["entropy"] = "float64"
        else:
            kinds["prediction"] = "float64"
            if self.intervals is not None:
                kinds |= {"low": "float64", "high": "float64"}
        if self.is_of_several:
            kinds["disagreement"] = "float64"
        return kinds

    def __call__(self, inputs: Tensor) -> dict[str, list[object]]:
        """Columns of what is said of each input, in the order of `kinds`."""
        with torch.inference_mode():
            passes = torch.stack(list(self._passes(inputs.to(self.device))))
            if self.spec.task_name == "classification":
                columns = self._classes(self._probabilities(passes.double()))
            else:
                columns = self._numbers(passes.double())
        return {name: columns[name] for name in self.kinds}

    def means(self, inputs: Tensor) -> Tensor:
        """The same as a tensor (inputs, outputs): probabilities of the classes, or numbers."""
        with torch.inference_mode():
            passes = torch.stack(list(self._passes(inputs.to(self.device)))).double()
            if self.spec.task_name == "classification":
                return self._probabilities(passes).mean(0).cpu()
            return (passes * self.spec.target_std + self.spec.target_mean).mean(0).cpu()

    def forecast(self, past: Tensor, steps: int) -> dict[str, list[object]]:
        """Columns of the forecasts of one series, a row for each step.

        Args:
            past: Scaled values (1, lags, features).
            steps: Number of steps.
        """
        with torch.inference_mode():
            passes = [
                forecast(net, past.to(self.device), steps)[0] for net in self._nets_of_passes()
            ]
            own = torch.stack(passes).double() * self.spec.target_std + self.spec.target_mean
        mean = own.mean(0).tolist()
        columns: dict[str, list[object]] = {"prediction": mean}
        if self.intervals is not None:
            halves: list[float | None] = [*self.intervals.half_widths[:steps]]
            halves += [None] * (steps - len(halves))
            for name, sign in (("low", -1), ("high", 1)):
                columns[name] = [
                    None if half is None else value + sign * half
                    for value, half in zip(mean, halves, strict=True)
                ]
        if self.is_of_several:
            columns["disagreement"] = own.std(0).tolist()
        return columns

    def _passes(self, inputs: Tensor) -> Iterator[Tensor]:
        for net in self._nets_of_passes():
            yield net(inputs)

    def _nets_of_passes(self) -> Iterator[nn.Module]:
        """Each network once; with dropout as often as it is asked for, with layers that drop."""
        for net in self.nets:
            if self.num_dropout == 0:
                yield net
                continue
            with dropout_active(net), torch.random.fork_rng(devices=self._gpus()):
                torch.manual_seed(self.generator_seed)
                for _ in range(self.num_dropout):
                    yield net

    def _gpus(self) -> list[int]:
        return [] if self.device.type == "cpu" else [torch.cuda.current_device()]

    def _probabilities(self, logits: Tensor) -> Tensor:
        if self.calibration is None:
            return logits.softmax(-1)
        each = [self.calibration.probabilities(one) for one in logits.cpu().numpy()]
        return torch.from_numpy(np.stack(each))

    def _classes(self, each: Tensor) -> dict[str, list[object]]:
        """Of probabilities (passes, inputs, classes).

        The disagreement is the mutual information of prediction and pass in nats: the entropy of
        the mean less the mean of the entropies (Houlsby et al. 2011, arXiv 1112.5745, equation 2).
        """
        mean = each.mean(0)
        best = mean.max(-1)
        entropy = _entropy(mean)
        names = self.class_names
        columns: dict[str, list[object]] = {
            "prediction": [names[code] for code in best.indices.tolist()],
            "probability": best.values.tolist(),
            "entropy": entropy.tolist(),
            "disagreement": (entropy - _entropy(each).mean(0)).clamp_min(0).tolist(),
        }
        if len(names) <= MOST_CLASSES:
            columns |= {f"probability {name}": mean[:, k].tolist() for k, name in enumerate(names)}
        return columns

    def _numbers(self, each: Tensor) -> dict[str, list[object]]:
        """Of numbers (passes, inputs, outputs) in their own unit; they disagree by a deviation."""
        own = each * self.spec.target_std + self.spec.target_mean
        mean = own.mean(0)
        columns: dict[str, list[object]] = {"prediction": mean[:, 0].tolist()}
        if self.intervals is not None:
            half = self.intervals.half_widths[0]
            columns |= {"low": (mean[:, 0] - half).tolist(), "high": (mean[:, 0] + half).tolist()}
        if self.is_of_several:
            columns["disagreement"] = own[..., 0].std(0).tolist()
        return columns


def _entropy(probabilities: Tensor) -> Tensor:
    entropy: Tensor = torch.special.entr(probabilities).sum(-1)
    return entropy


@contextmanager
def dropout_active(net: nn.Module) -> Iterator[None]:
    """Layers of dropout drop as in training; batch norms and all others stay as they are."""
    layers = [layer for layer in net.modules() if isinstance(layer, DROPOUT)]
    for layer in layers:
        layer.train()
    try:
        yield
    finally:
        for layer in layers:
            layer.eval()
