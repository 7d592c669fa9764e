"""What a data set can say of itself. Leyden's own say all of it; another's may say some.

A LightningDataModule of the user's has a capability if its class has the attribute of that name.
"""

from collections.abc import Mapping
from typing import cast

from pytorch_lightning import LightningDataModule, LightningModule
from pytorch_lightning.utilities.model_helpers import is_overridden

from leyden.data.report import DataReport
from leyden.data.spec import Spec


def spec_of(data: LightningDataModule) -> Spec | None:
    """What a sample is, by the attribute `spec`; networks and tasks of Leyden are built to it."""
    spec = getattr(data, "spec", None) if _has(data, "spec") else None
    return spec if isinstance(spec, Spec) else None


def fingerprint_of(data: LightningDataModule) -> dict[str, str | None] | None:
    """Facts that tell the data from any other, by the method `fingerprint`; None: not known."""
    if not _has(data, "fingerprint"):
        return None
    facts = data.fingerprint()  # type: ignore[attr-defined]
    if not isinstance(facts, Mapping):
        return None
    return {str(key): None if value is None else str(value) for key, value in facts.items()}


def report_of(data: LightningDataModule) -> DataReport:
    """What was read of the data, by the attribute `report`; empty where it does not say it."""
    report = getattr(data, "report", None) if _has(data, "report") else None
    return report if isinstance(report, DataReport) else DataReport()


def is_on_machine(data: LightningDataModule) -> bool:
    """Whether the data can be read without fetching it; one that does not say so is tried."""
    return cast(bool, getattr(data, "is_readable", True))


def gives_loader(data: LightningDataModule, module: LightningModule, loader: str) -> bool:
    """Whether a run has a loader such as `val_dataloader`, from its data or from its module.

    A data set that makes its loaders of others says by a method `gives` which these are.
    """
    gives = getattr(data, "gives", None)
    if callable(gives):
        return bool(gives(loader))
    return any(is_overridden(loader, one) for one in (data, module))


def _has(data: LightningDataModule, name: str) -> bool:
    """Whether the class has an attribute; Lightning's base has none of these names."""
    return hasattr(type(data), name) or name in vars(data)
