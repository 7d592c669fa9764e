"""The test part judges what was selected, so nothing is selected by one of its metrics."""

from collections.abc import Iterable, Iterator

from omegaconf import DictConfig

from leyden.errors import Problem

PREFIXES = ("test/", "test_")


def is_of_test_part(metric: str) -> bool:
    """Whether a metric is of the test part, by its name."""
    return metric.startswith(PREFIXES)


def selects_by_validation(cfg: DictConfig) -> Iterator[Problem]:
    """The best checkpoint is not selected by the test part."""
    if cfg.get("monitor") is not None and isinstance(cfg.monitor.metric, str):
        yield from problems_of("monitor.metric", [cfg.monitor.metric])


def problems_of(key: str, metrics: Iterable[str]) -> Iterator[Problem]:
    """A problem for each metric of the test part.

    Args:
        key: Key that names the metrics.
        metrics: Metrics by which something would be selected.
    """
    for metric in metrics:
        if is_of_test_part(metric):
            instead = "val" + metric[len("test") :]
            message = f"is of the test part, which would no longer judge the best; type `{instead}`"
            yield Problem(key, message, metric)
