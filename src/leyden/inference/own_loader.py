"""Predictions of a LightningModule for its own `predict_dataloader`, with Lightning's own loop."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from pytorch_lightning import Callback, LightningModule, Trainer, seed_everything
from pytorch_lightning.utilities.model_helpers import is_overridden

from leyden.config.module_run import is_module_run
from leyden.config.references import in_run_folder
from leyden.config.validate import validate_frozen
from leyden.errors import ConfigError, Problem
from leyden.files.row_writer import Kind, RowWriter, row_writer
from leyden.inference.evaluate import user_callbacks
from leyden.inference.load import checkpoint_of
from leyden.inference.module_predictor import columns_of_output, kind_of
from leyden.planning.building import build_module
from leyden.planning.read_data import read_data
from leyden.run.folder import read_frozen
from leyden.run.log import quiet_libraries
from leyden.tasks.log_values import num_samples
from leyden.training.build import build_trainer


class RowsOfBatches(Callback):
    """Writes the answers to each batch as rows, as they come.

    Args:
        open_writer: Makes the writer of rows, by the types of its columns; for the first batch.
        on_progress: Is told the number of inputs so far.
    """

    def __init__(
        self,
        open_writer: Callable[[dict[str, Kind]], RowWriter],
        on_progress: Callable[[int], None],
    ) -> None:
        self.open_writer = open_writer
        self.on_progress = on_progress
        self.count = 0
        self.writer: RowWriter | None = None

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        size = num_samples(batch)
        if size is None:
            raise ConfigError([Problem("RUN", "its batches don't say how many samples they have")])
        columns = columns_of_output(outputs, size)
        first = self.count + 1
        rows: dict[str, list[object]] = {"row": list(range(first, first + size)), **columns}
        if self.writer is None:
            self.writer = self.open_writer({name: kind_of(one) for name, one in rows.items()})
        self.writer.write(rows)
        self.count += size
        self.on_progress(self.count)


def predict_own_loader(
    folder: Path,
    which: str,
    out: Path | TextIO,
    format: str,
    *,
    on_progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Writes a row for each sample of the run's own `predict_dataloader`. Returns their number.

    Args:
        folder: Folder of the run, whose model is a LightningModule.
        which: Checkpoint: `best` or `last`.
        out: New file, or an open one such as standard output.
        format: `csv`, `jsonl` or `parquet`.
        on_progress: Is told the number of inputs so far.

    Raises:
        ConfigError: The run has no such loader, or its answers are not one for each sample.
    """
    checkpoint = checkpoint_of(folder, which)
    cfg = in_run_folder(read_frozen(folder), folder)
    validate_frozen(cfg)
    cfg.trainer.devices = cfg.trainer.num_nodes = 1
    cfg.trainer.micro_batch = cfg.trainer.accumulate_grad_batches = None
    if not is_module_run(cfg):
        raise ConfigError([Problem("INPUT", "is missing: what is to be predicted?")])
    data, spec = read_data(cfg, fetch=True)
    with quiet_libraries(), ExitStack() as stack:
        rows = RowsOfBatches(
            lambda kinds: stack.enter_context(row_writer(out, format, kinds)), on_progress
        )
        seed_everything(cfg.seed, verbose=False)
        module = build_module(cfg, spec)
        has_own = is_overridden("predict_dataloader", module)
        if not has_own and not is_overridden("predict_dataloader", data):
            message = f"{type(data).__name__} has no predict_dataloader; name files as INPUT"
            raise ConfigError([Problem("INPUT", message)])
        own = [*user_callbacks(cfg), rows]
        trainer = build_trainer(cfg, data, folder=None, callbacks=own, loggers=[])
        try:
            trainer.predict(
                module,
                datamodule=None if has_own else data,
                return_predictions=False,
                ckpt_path=str(checkpoint),
            )
        except ValueError as error:
            raise ConfigError([Problem("RUN", f"predict_step: {error}", str(folder))]) from error
    return rows.count
