"""A run's model with its weights, read from its folder alone."""

from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig
from torch import nn

from leyden.config.module_run import is_module_run
from leyden.config.references import in_run_folder
from leyden.config.user_code import in_a_line
from leyden.config.validate import validate_frozen
from leyden.data import Spec
from leyden.data.preparation import Preparation
from leyden.data.text.vocabulary import Vocabulary
from leyden.errors import CheckpointError, ConfigError, Problem
from leyden.planning.building import build_module, build_net, require_spec
from leyden.planning.initial_weights import require_matching_weights
from leyden.planning.read_data import read_data
from leyden.planning.size import makes_layers_late, meta_model
from leyden.run.calibration import Calibration, read_calibration
from leyden.run.checkpoints import find_checkpoint, load_weights
from leyden.run.folder import read_frozen, require_run_folder
from leyden.run.preparation import Prepared, prepared_of, read_preparation


@dataclass(frozen=True)
class LoadedRun:
    """What a run has learned.

    Attributes:
        folder: Folder of the run.
        net: Network, or the user's LightningModule, with the checkpoint's weights.
        spec: What the data is; None where it does not say it.
        vocabulary: Vocabulary of text; None of other data, and of random samples in its place.
        preparation: How inputs are made of what is read; None: it is not known.
    """

    folder: Path
    net: nn.Module
    spec: Spec | None
    vocabulary: Vocabulary | None
    preparation: Preparation | None = None

    @property
    def predicts_tokens(self) -> bool:
        """Whether the next token of text is predicted, and tokens can be turned into text."""
        is_of_tokens = self.spec is not None and self.spec.task_name == "language_modeling"
        return is_of_tokens and self.vocabulary is not None


def load_run(folder: Path, which: str = "best") -> LoadedRun:
    """Reads a run's checkpoint. Writes nothing.

    The run's own record of its data is enough; the data itself is read where an earlier version
    kept none.

    Args:
        folder: Folder of the run.
        which: `best` or `last`.

    Raises:
        ConfigError: No such run or checkpoint, or its data can't be had.
    """
    checkpoint = checkpoint_of(folder, which)
    cfg = in_run_folder(read_frozen(folder), folder)
    validate_frozen(cfg)
    prepared = read_preparation(folder) or _prepared_by_reading(cfg)
    spec = None if prepared is None else prepared.spec
    model = meta_model(cfg, spec)
    if not makes_layers_late(model):
        require_matching_weights("RUN", checkpoint, model)
    net: nn.Module
    if is_module_run(cfg):
        net = build_module(cfg, spec)
        try:
            net.configure_model()
        except Exception as error:
            message = f"its configure_model needs a trainer: {in_a_line(error)}"
            raise ConfigError([Problem("model", message)]) from error
    else:
        net = build_net(cfg, require_spec(cfg, spec))
    load_weights(net, checkpoint)
    if prepared is None:
        return LoadedRun(folder, net.eval(), None, None)
    return LoadedRun(folder, net.eval(), spec, prepared.vocabulary, prepared.preparation)


def _prepared_by_reading(cfg: DictConfig) -> Prepared | None:
    """What the data set says of itself today; of random samples in its place their shape alone."""
    data, spec = read_data(cfg, fetch=True)
    return prepared_of(data) or (None if spec is None else Prepared(spec, None))


def checkpoint_of(folder: Path, which: str) -> Path:
    """A run's checkpoint.

    Raises:
        ConfigError: There is no such run, or no such checkpoint of it.
    """
    require_run_folder(folder)
    try:
        checkpoint = find_checkpoint(folder, which)
    except CheckpointError as error:
        raise ConfigError([Problem("RUN", str(error), str(folder))]) from error
    if checkpoint is None:
        raise ConfigError([Problem("RUN", f"has no {which} checkpoint", str(folder))])
    return checkpoint


def calibration_of(folder: Path) -> Calibration | None:
    """The correction of a run's probabilities, if it is that of today's best checkpoint."""
    found = read_calibration(folder)
    is_of_today = found is not None and found.checkpoint == checkpoint_of(folder, "best").name
    return found if is_of_today else None
