"""What an attack by the loss tells of a run's training samples."""

from pathlib import Path
from typing import Any

from leyden.config.module_run import is_module_run
from leyden.config.references import in_run_folder
from leyden.data import DataModule
from leyden.errors import ConfigError, Problem
from leyden.events import Note, Observer
from leyden.inference.load import load_run
from leyden.planning.read_data import read_data
from leyden.privacy.membership import advantage_bound
from leyden.run.folder import read_frozen
from leyden.run.record import Record
from leyden.training.membership import membership_of
from leyden.training.resume import data_changes


def infer_membership(folder: Path, *, observer: Observer) -> dict[str, Any]:
    """Attacks a run: are its training samples told by their small loss? Writes nothing.

    Args:
        folder: Folder of the run; its training and test parts are read anew.
        observer: Is told what of the data has changed.

    Raises:
        ConfigError: No such run, or its data or model is the user's own.
    """
    run, record = load_run(folder), Record.read(folder)
    cfg = in_run_folder(read_frozen(folder), folder)
    data, spec = read_data(cfg, fetch=True)
    if is_module_run(cfg) or not isinstance(data, DataModule) or spec is None:
        message = "is of a model or data of your own, whose samples and losses are not known"
        raise ConfigError([Problem("RUN", message, str(folder))])
    for change in data_changes(record, data):
        observer(Note(f"warning: {change}; these may be other samples"))
    found: dict[str, Any] = membership_of(run.net, data, spec.task_name).as_plain()
    if record.privacy is not None:
        bound = advantage_bound(record.privacy["epsilon"], record.privacy["delta"])
        found["advantage_bound"] = bound
    return found
