"""A series and its parts."""

from jaxtyping import Float
from torch import Tensor

from leyden.data.baselines import baseline_rmse
from leyden.data.parts import Parts
from leyden.data.report import DataReport
from leyden.data.scaling import mean_and_scale
from leyden.data.spec import Spec
from leyden.data.unreadable import Unreadable
from leyden.data.windows import Windows

TRAIN_SHARE, VAL_SHARE = 0.7, 0.15


def series_parts(
    values: Float[Tensor, "time features"],
    *,
    lags: int,
    horizon: int,
    target_name: str,
    notes: tuple[str, ...] = (),
) -> Parts:
    """Splits a series by time: 70 % train, then 15 % validate and 15 % test.

    All features are scaled by the mean and deviation of the training part.

    Args:
        values: The target is the first feature.
        lags: Times that the model sees.
        horizon: Times that it predicts.
        target_name: The target with its unit.
        notes: What was done to the values.

    Raises:
        Unreadable: The series is too short for its windows.
    """
    length = len(values)
    ends = [int(length * TRAIN_SHARE), int(length * (TRAIN_SHARE + VAL_SHARE)), length]
    shortest = min(stop - start for start, stop in zip([lags, *ends], ends, strict=False))
    if shortest < horizon + 1:
        message = f"{length} times are too few for windows of {lags} lags and {horizon} ahead"
        raise Unreadable("lags", message)
    mean, std = mean_and_scale(values[: ends[0]])
    scaled = ((values - mean) / std).float()
    train, val, test = (
        Windows(scaled, start, stop, lags, horizon)
        for start, stop in zip([lags, *ends], ends, strict=False)
    )
    scale = float(std[0])
    spec = Spec(
        "series",
        input_shape=(lags, values.shape[1]),
        num_outputs=horizon,
        target_name=target_name,
        target_mean=float(mean[0]),
        target_std=scale,
        baseline_rmse={
            name: {model: scale * error for model, error in baseline_rmse(train, part).items()}
            for name, part in (("val", val), ("test", test))
        },
    )
    return Parts(spec, train, val, test, DataReport(notes=list(notes)))
