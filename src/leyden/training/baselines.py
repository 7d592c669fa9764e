"""The baselines of a run's data: computed after the test, or taken from an earlier run's."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from omegaconf import DictConfig
from pytorch_lightning import LightningDataModule

from leyden.baselines.cache import data_key, keep_baselines, read_baselines
from leyden.config.plain import plain
from leyden.data import DataModule
from leyden.events import Note, Observer
from leyden.run.folder import outputs_folder
from leyden.run.record import Record

if TYPE_CHECKING:
    from leyden.baselines.baseline import Baseline

log = logging.getLogger("leyden")

WITHOUT_EFFECT = frozenset(
    {"batch_size", "eval_batch_size", "num_workers", "seed", "mixup", "crop", "translate"}
    | {"flip", "cutout", "allow_synthetic", "overfit_samples"}
)
"""Keys of data sets that baselines don't depend on."""


def record_baselines(
    cfg: DictConfig, data: LightningDataModule, record: Record, emit: Observer
) -> None:
    """Records what simple models reach on the data of a run. A run does not fail by it.

    Args:
        cfg: Frozen config of the run; `baselines: null` leaves them out.
        data: Data set of the run.
        record: Record of the run, of the process that writes it.
        emit: Is told why there are none.
    """
    if not cfg.get("baselines", True) or not isinstance(data, DataModule) or not record.is_writer:
        return
    reason = next(reasons_against(cfg, data), None)
    if reason is not None:
        emit(Note(f"no baselines: {reason}"))
        return
    try:
        record.baselines = [one.as_plain() for one in found_or_computed(cfg, data)]
    except Exception as error:
        log.warning("the baselines failed", exc_info=error)
        emit(Note(f"no baselines: {type(error).__name__}: {error}"))


def reasons_against(cfg: DictConfig, data: DataModule) -> Iterator[str]:
    """Why the result of a run can't be compared with baselines."""
    if data.is_synthetic:
        yield "the samples are random"
    if data.overfit_samples is not None:
        yield "trainer.overfit_samples is set"
    for key in ("limit_val_batches", "limit_test_batches"):
        if cfg.trainer[key] not in (None, 1.0):
            yield f"trainer.{key} leaves out samples"


def found_or_computed(cfg: DictConfig, data: DataModule) -> list["Baseline"]:
    """The baselines of the data, computed once for all runs with the same data."""
    node = {key: value for key, value in plain(cfg.data).items() if key not in WITHOUT_EFFECT}
    key, outputs = data_key(node, data.fingerprint()), outputs_folder()
    found = None if key is None else read_baselines(outputs, key)
    if found is None:
        from leyden.baselines.compute import baselines_of  # scikit-learn takes a second to import

        found = baselines_of(data.splits)
        if key is not None:
            keep_baselines(outputs, key, found)
    return found
