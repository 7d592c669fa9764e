"""Jobs that were computed before: their results are taken from the earlier run."""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path

import torch
from omegaconf import DictConfig

from leyden.data.capabilities import fingerprint_of
from leyden.events import Note, Observer
from leyden.formatting import shown_path
from leyden.planning.resolve import ResolvedConfig
from leyden.run.index import RunIndex, device_kind
from leyden.run.provenance import device_name
from leyden.run.record import Record

OF_THE_JOB = frozenset(
    {"folder", "experiment", "overrides", "choices", "command", "config_digest", "seed", "schema"}
    | {"is_writer", "training_since", "reused_from"}
)
"""What a record says of the request, not of the result."""

NOT_TAKEN = frozenset({"run.json", "config.yaml", "overrides.yaml", "code.json", "tags.json"})
"""Files of the earlier run that the job has itself, or that are about that run alone."""

CHECKPOINTS = "checkpoints"


@dataclass
class Reuse:
    """Takes results from earlier runs.

    Attributes:
        index: Earlier runs.
        observer: Is told once that results are taken.
        count: Jobs whose results were taken.
    """

    index: RunIndex
    observer: Observer
    count: int = field(default=0)

    def take(self, record: Record, resolved: ResolvedConfig) -> bool:
        """Gives a job that has not begun the results of an earlier run, where there is one.

        Args:
            record: Record of the job; its folder is there.
            resolved: Resolved config of the job.

        Raises:
            OSError: The files can't be copied.
        """
        source = self.index.find(
            record.config_digest,
            data=fingerprint_of(resolved.data),
            weights=weights_of(resolved),
            device=expected_device(resolved.cfg),
        )
        if source is None or source.folder.resolve() == record.folder.resolve():
            return False
        if self.count == 0:
            where = shown_path(source.folder)
            self.observer(
                Note(f"taken from earlier runs, such as {where}; sweep.reuse=false runs all anew")
            )
        self.count += 1
        take_results(record, source)
        return True


def weights_of(resolved: ResolvedConfig) -> str | None:
    """Digest of the weights that a job begins with; empty: it is not known before it begins."""
    cfg = resolved.cfg
    if resolved.weights is not None:
        return str(resolved.weights["sha256"])
    return None if cfg.init_from is None and cfg.model.get("weights") is None else ""


def take_results(record: Record, source: Record) -> None:
    """Copies the files of a run, and what its record says of the result; the record comes last."""
    for path in sorted(source.folder.iterdir()):
        if path.name in NOT_TAKEN or path.name.startswith("."):
            continue
        target = record.folder / path.name
        if path.is_dir():
            shutil.copytree(path, target, copy_function=copied_or_linked, dirs_exist_ok=True)
        else:
            shutil.copy2(path, target)
    for one in fields(Record):
        if one.name not in OF_THE_JOB:
            setattr(record, one.name, getattr(source, one.name))
    record.reused_from = source.reused_from or str(source.folder)
    record.write()


def copied_or_linked(source: str, target: str) -> None:
    """A checkpoint under a further name, without its bytes; where that can't be, a copy.

    A checkpoint is never changed once it is written: a newer one is another file.
    """
    if CHECKPOINTS in Path(source).parts:
        with suppress(OSError):
            os.link(source, target)
            return
    shutil.copy2(source, target)


def expected_device(cfg: DictConfig) -> str:
    """Kind of the device that a job will run on, as its record will name it."""
    accelerator = str(cfg.trainer.accelerator)
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        return device_kind(device_name(torch.device("cuda", 0)))
    if accelerator in ("auto", "gpu", "mps") and torch.backends.mps.is_available():
        return "mps"
    return device_kind(device_name(torch.device("cpu")))
