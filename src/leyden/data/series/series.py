"""Series, and their training, validation and test split."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from leyden.data.errors import DataError
from leyden.data.report import DataReport
from leyden.data.scaling import mean_and_scale
from leyden.data.series.preparation import SeriesLayout, SeriesPreparation
from leyden.data.series.windows import Autoregression, Windows, baseline_rmse, window_places
from leyden.data.spec import Spec
from leyden.data.split_names import SPLITS
from leyden.data.splits import DataSplits

Shares = tuple[float, float, float]
SHARES: Shares = (0.7, 0.15, 0.15)


@dataclass(frozen=True)
class Series:
    """One series at even times.

    Attributes:
        values: Features at each time; the target is the first. A missing value is filled with the
            last one before it.
        is_measured: Whether each value was measured, not filled. None: all were.
        is_hole: Times that the file lacks and that no window may have in it. None: none.
        name: Name of the series, where there are several.
    """

    values: Float[Tensor, "time features"]
    is_measured: Bool[Tensor, "time features"] | None = None
    is_hole: Bool[Tensor, " time"] | None = None
    name: str = ""

    @property
    def measured(self) -> Bool[Tensor, "time features"]:
        """Whether each value was measured."""
        everywhere = torch.ones(self.values.shape, dtype=torch.bool)
        return everywhere if self.is_measured is None else self.is_measured

    @property
    def holes(self) -> Bool[Tensor, " time"]:
        """Times that no window may have in it."""
        nowhere = torch.zeros(len(self.values), dtype=torch.bool)
        return nowhere if self.is_hole is None else self.is_hole


def series_splits(
    series: list[Series],
    *,
    layout: SeriesLayout | None = None,
    lags: int,
    horizon: int,
    target_name: str,
    shares: Shares = SHARES,
    report: DataReport | None = None,
) -> DataSplits:
    """Splits each series by time: the first rows to train on, the last to test on.

    All features are scaled by mean and deviation of what was measured in the training parts. The
    times that a window predicts lie in one part; those that the model sees before them may reach
    back into an earlier one. No window has a hole in it.

    Args:
        series: One or more series with the same features.
        layout: Where further series are in a file; None: it is not known.
        lags: Number of times that the model sees.
        horizon: Number of times that it predicts.
        target_name: Name of the target, with its unit.
        shares: Shares of the times of each series to train, validate and test on.
        report: Report of what was done to the values.

    Raises:
        DataError: The series are too short for their windows.
    """
    report = report or DataReport()
    cuts = [_split_bounds(len(one.values), shares) for one in series]
    measured_before = [
        (one.values[: cut[1]], one.measured[: cut[1]])
        for one, cut in zip(series, cuts, strict=True)
    ]
    mean, std = _scale(measured_before)
    scaled = torch.cat([((one.values - mean) / std).float() for one in series])
    firsts = _firsts(series, cuts, lags, horizon)
    _warn_of_windowless(series, firsts, report)
    train, val, test = (Windows(scaled, torch.cat(own), lags, horizon) for own in firsts)
    _require_windows(series, (train, val, test))
    longest = max(range(len(series)), key=lambda number: cuts[number][1])
    history = ((series[longest].values[: cuts[longest][1]] - mean) / std).float()[:, 0]
    model, scale = Autoregression.fit(history, lags), float(std[0])
    spec = Spec(
        "series",
        input_shape=(lags, scaled.shape[1]),
        num_outputs=horizon,
        target_name=target_name,
        target_mean=float(mean[0]),
        target_std=scale,
        baseline_rmse={
            name: {way: scale * error for way, error in baseline_rmse(model, part).items()}
            for name, part in (("val", val), ("test", test))
        },
    )
    if not report.split:
        percent = " + ".join(f"{100 * share:g}" for share in shares)
        report.split = f"by time, {percent} %" + (", each series by itself" * (len(series) > 1))
    preparation = None
    if layout is not None:
        preparation = SeriesPreparation(
            layout=layout,
            mean=tuple(mean.tolist()),
            std=tuple(std.tolist()),
            lags=lags,
            horizon=horizon,
        )
    return DataSplits(spec, train, val, test, report, preparation)


def _firsts(
    series: list[Series], cuts: list[list[int]], lags: int, horizon: int
) -> list[list[Int[Tensor, " _"]]]:
    """First predicted times of the windows of each part, for each series."""
    firsts: list[list[Int[Tensor, " _"]]] = [[], [], []]
    begin = 0
    for one, cut in zip(series, cuts, strict=True):
        for number in range(3):
            places = window_places(
                cut[number],
                cut[number + 1],
                lags,
                horizon,
                is_seen=~one.holes,
                is_target=one.measured[:, 0],
            )
            firsts[number].append(begin + places)
        begin += len(one.values)
    return firsts


def _warn_of_windowless(
    series: list[Series], firsts: list[list[Int[Tensor, " _"]]], report: DataReport
) -> None:
    """Names series that a part has no window of, where others have some."""
    for part, own in zip(SPLITS, firsts, strict=True):
        lacking = [one.name for one, places in zip(series, own, strict=True) if len(places) == 0]
        if lacking and len(lacking) < len(series):
            named = ", ".join(lacking[:3]) + (", ..." if len(lacking) > 3 else "")
            message = f"{len(lacking)} of {len(series)} series have no window in the part {part}"
            report.warnings.append(f"{message}: {named}")


def _require_windows(series: list[Series], parts: tuple[Windows, Windows, Windows]) -> None:
    """Raises `DataError` where a part has fewer than two windows."""
    for name, part in zip(SPLITS, parts, strict=True):
        if len(part) >= 2:
            continue
        length = max(len(one.values) for one in series)
        message = (
            f"{length} times are too few for windows of {part.lags} lags and {part.horizon} ahead"
        )
        has_holes = any(bool(one.holes.any()) for one in series)
        if has_holes or not all(bool(one.measured.all()) for one in series):
            message += f" without a hole: {len(part)} windows in the part `{name}`"
            message += f"; {'data.gaps=fill, or ' * has_holes}fewer lags leave more"
        raise DataError("lags", message)


def _split_bounds(length: int, shares: Shares) -> list[int]:
    """Where the parts of a series begin, and its end."""
    first, second = round(length * shares[0], 6), round(length * (shares[0] + shares[1]), 6)
    return [0, int(first), int(second), length]


def _scale(
    before: list[tuple[Float[Tensor, "_ features"], Bool[Tensor, "_ features"]]],
) -> tuple[Float[Tensor, " features"], Float[Tensor, " features"]]:
    """Mean and deviation of each feature over its measured values.

    Raises:
        DataError: A feature has none in any training part.
    """
    values = torch.cat([one for one, _ in before])
    measured = torch.cat([one for _, one in before])
    pairs = []
    for number in range(values.shape[1]):
        own = values[:, number][measured[:, number]]
        if len(own) == 0:
            key = "target" if number == 0 else "features"
            raise DataError(key, "has no value in the training part")
        pairs.append(mean_and_scale(own))
    return torch.stack([mean for mean, _ in pairs]), torch.stack([std for _, std in pairs])
