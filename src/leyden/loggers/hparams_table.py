"""The records from which TensorBoard makes its HPARAMS tab."""

import time
from collections.abc import Iterable, Mapping, Sequence

from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import (
    DATA_TYPE_BOOL,
    DATA_TYPE_FLOAT64,
    DATA_TYPE_STRING,
    STATUS_SUCCESS,
    Experiment,
    HParamInfo,
    MetricInfo,
    MetricName,
)
from tensorboard.plugins.hparams.plugin_data_pb2 import (
    HParamsPluginData,
    SessionEndInfo,
    SessionStartInfo,
)

from leyden.run.hyperparameters import Scalar

MOST_OPTIONS = 9
"""TensorBoard has a box to tick for each value of a text up to so many, above it a filter."""


MAIN = ("acc", "rmse", "ppl")
"""Of each task, the metric that is compared first."""


def columns_record(
    first: Mapping[str, Sequence[Scalar]], others: Mapping[str, Scalar], metrics: Sequence[str]
) -> Summary:
    """The columns of the table.

    TensorBoard ticks five hyperparameters and five metrics. It sorts hyperparameters that differ
    before those that do not, and each of both by name; metrics stay in their order.

    Args:
        first: Names that come first, with the values that are known of each.
        others: Further hyperparameters.
        metrics: Tags of the metrics.
    """
    infos = [_column(name, values, differs=True) for name, values in first.items() if values]
    infos += [_column(name, [value]) for name, value in others.items() if name not in first]
    tags = [MetricInfo(name=MetricName(tag=tag)) for tag in metrics]
    experiment = Experiment(hparam_infos=infos, metric_infos=tags, time_created_secs=time.time())
    return _summary(metadata.EXPERIMENT_TAG, HParamsPluginData(experiment=experiment))


def _column(name: str, values: Sequence[Scalar], *, differs: bool = False) -> HParamInfo:
    """A column; its type is that of all its values, or text."""
    if all(isinstance(value, bool) for value in values):
        info = HParamInfo(name=name, type=DATA_TYPE_BOOL, differs=differs)
        options: list[Scalar] = [False, True]
    elif all(isinstance(value, int | float) for value in values):
        return HParamInfo(name=name, type=DATA_TYPE_FLOAT64, differs=differs)
    else:
        info = HParamInfo(name=name, type=DATA_TYPE_STRING, differs=differs)
        options = list(dict.fromkeys(map(str, values)))
    if len(options) == 1:  # other runs have others, which could not be ticked
        return info
    info.domain_discrete.extend(options)
    return info


def start_record(values: Mapping[str, Scalar]) -> Summary:
    """A row of the table: that a run has begun, and its hyperparameters."""
    start = SessionStartInfo(start_time_secs=time.time())
    for name, value in values.items():
        if isinstance(value, bool):
            start.hparams[name].bool_value = value
        elif isinstance(value, int | float):
            start.hparams[name].number_value = value
        else:
            start.hparams[name].string_value = value
    return _summary(metadata.SESSION_START_INFO_TAG, HParamsPluginData(session_start_info=start))


def end_record() -> Summary:
    """That a run has ended well."""
    end = SessionEndInfo(status=STATUS_SUCCESS, end_time_secs=time.time())
    return _summary(metadata.SESSION_END_INFO_TAG, HParamsPluginData(session_end_info=end))


def _summary(tag: str, content: HParamsPluginData) -> Summary:
    described = metadata.create_summary_metadata(content)
    return Summary(value=[Summary.Value(tag=tag, metadata=described)])


def best_tag(metric: str) -> str:
    """Tag of a metric's best value: `val/loss` gives `best/val_loss`."""
    return f"best/{metric.replace('/', '_')}"


def in_order(names: Iterable[str], monitor: str | None) -> list[str]:
    """Metrics as the table shows them: the best value, then what a reader compares first.

    That is of test, then of validation, the main metric, and the loss.

    Args:
        names: Names of metrics.
        monitor: Metric whose best value has a column; None: there is none.
    """
    names = list(names)
    first = [f"{part}/{name}" for part in ("test", "val") for name in (*MAIN, "loss")]
    best = [] if monitor is None else [best_tag(monitor)]
    return list(dict.fromkeys([*best, *(name for name in first if name in names), *names]))
