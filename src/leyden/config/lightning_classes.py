"""Lightning's callbacks and loggers that a config may name, and where they may write.

A class or a parameter that is not listed here is refused, also one of a later version. A class of
the user's own, in a package that `LEYDEN_PACKAGES` names, is the user's code.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from leyden.errors import Problem

PathCheck = Callable[[str, Mapping[Any, Any]], str | None]
"""What is wrong with a value that is part of a path, given the class' other arguments."""

NAME = re.compile(r"[\w.+= -]+(/[\w.+= -]+)*", re.ASCII)
"""A path in which no variable, home folder or pattern stands for something else."""

FILENAME = re.compile(r"([\w.+= /-]|\{[\w./ -]+(:\.?\d{0,3}[defg]?)?\})+", re.ASCII)
"""The same with metrics, such as `{epoch}` and `{val/loss:.2f}`."""

LEYDENS_OWN = {"checkpoints", "report"}
"""Folders in a run's or a sweep's that are Leyden's own."""

USER_CODE = "derive a class of your own from it, in a package that LEYDEN_PACKAGES names"


def own_folder(value: str, given: Mapping[Any, Any]) -> str:
    """All files lie in the run's folder, so none may be named."""
    return "is the run's own folder; leave it out"


def folder_name(value: str, given: Mapping[Any, Any]) -> str | None:
    """A part of the path of a logger's folder, within the run's."""
    if not value or (NAME.fullmatch(value) and _stays(value)):
        return None
    return f"{STAYS}: letters, digits and . _ + = - alone, no `..`"


def csv_version(value: str, given: Mapping[Any, Any]) -> str | None:
    """The same; Lightning removes a `metrics.csv` that it finds there, such as the run's own."""
    if not value and not given.get("name", "lightning_logs"):
        return "must not be empty, as `name` is: the run's own metrics.csv lies there"
    return folder_name(value, given)


def web_address(value: str, given: Mapping[Any, Any]) -> str | None:
    """A server; a path, or another scheme, could lie anywhere on this machine."""
    if re.match("https?://", value):
        return None
    return "must be an address that begins with https:// or http://; files lie in the run's folder"


def checkpoint_name(value: str, given: Mapping[Any, Any]) -> str | None:
    """A file's name with metrics in it, as it is when Lightning has filled them in."""
    from pytorch_lightning.callbacks import ModelCheckpoint

    if not value:
        return None
    if FILENAME.fullmatch(value) is None:
        return f"{STAYS}: letters, digits, . _ + = - and {{metric:.2f}} alone"
    with_names = bool(given.get("auto_insert_metric_name", True))
    made = ModelCheckpoint(filename=value, auto_insert_metric_name=with_names)
    try:
        name = made.format_checkpoint_name({})
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        return f"can't be filled in: {error}"
    return None if _stays(name) else f"{STAYS}, also when the metrics are filled in"


STAYS = "must stay within the run's folder"


def _stays(path: str) -> bool:
    parts = path.split("/")
    return not {"", "..", "."} & {*parts} and parts[0].casefold() not in LEYDENS_OWN


@dataclass(frozen=True)
class AllowedClass:
    """A class that is taken.

    Attributes:
        others: Parameters that name no place, nor any code.
        places: Parameters that name one, and what is asked of it.
        withheld: Further parameters, which are not taken.
    """

    others: str
    places: Mapping[str, PathCheck] = field(default_factory=dict)
    withheld: str = ""

    @property
    def parameters(self) -> set[str]:
        """Those that a config may give."""
        return {*self.others.split(), *self.places}


ALLOWED = {
    "pytorch_lightning.callbacks.BackboneFinetuning": AllowedClass(
        "unfreeze_backbone_at_epoch backbone_initial_ratio_lr backbone_initial_lr should_align"
        " initial_denom_lr train_bn verbose rounding",
        withheld="lambda_func",
    ),
    "pytorch_lightning.callbacks.DeviceStatsMonitor": AllowedClass("cpu_stats"),
    "pytorch_lightning.callbacks.EarlyStopping": AllowedClass(
        "monitor min_delta patience verbose mode strict check_finite stopping_threshold"
        " divergence_threshold check_on_train_epoch_end log_rank_zero_only"
    ),
    "pytorch_lightning.callbacks.EMAWeightAveraging": AllowedClass(
        "device use_buffers decay update_every_n_steps update_starting_at_step"
        " update_starting_at_epoch"
    ),
    "pytorch_lightning.callbacks.LearningRateMonitor": AllowedClass(
        "logging_interval log_momentum log_weight_decay"
    ),
    "pytorch_lightning.callbacks.ModelCheckpoint": AllowedClass(
        "monitor verbose save_last save_top_k save_on_exception save_weights_only mode"
        " auto_insert_metric_name every_n_train_steps train_time_interval every_n_epochs"
        " save_on_train_epoch_end enable_version_counter",
        {"dirpath": own_folder, "filename": checkpoint_name},
    ),
    "pytorch_lightning.callbacks.ModelPruning": AllowedClass(
        "pruning_fn parameter_names use_global_unstructured amount apply_pruning"
        " make_pruning_permanent use_lottery_ticket_hypothesis resample_parameters pruning_dim"
        " pruning_norm verbose prune_on_train_epoch_end",
        withheld="parameters_to_prune",
    ),
    "pytorch_lightning.callbacks.ModelSummary": AllowedClass("max_depth"),
    "pytorch_lightning.callbacks.StochasticWeightAveraging": AllowedClass(
        "swa_lrs swa_epoch_start annealing_epochs annealing_strategy device", withheld="avg_fn"
    ),
    "pytorch_lightning.callbacks.Timer": AllowedClass("duration interval verbose"),
    "pytorch_lightning.callbacks.WeightAveraging": AllowedClass("device use_buffers"),
    "pytorch_lightning.loggers.CSVLogger": AllowedClass(
        "prefix flush_logs_every_n_steps",
        {"save_dir": own_folder, "name": folder_name, "version": csv_version},
    ),
    "pytorch_lightning.loggers.CometLogger": AllowedClass(
        "api_key workspace project experiment_key mode online prefix"
    ),
    "pytorch_lightning.loggers.MLFlowLogger": AllowedClass(
        "experiment_name run_name tags log_model prefix run_id synchronous",
        {"save_dir": own_folder, "tracking_uri": web_address, "artifact_location": web_address},
    ),
    "pytorch_lightning.loggers.TensorBoardLogger": AllowedClass(
        "default_hp_metric prefix log_graph",
        {
            "save_dir": own_folder,
            "name": folder_name,
            "version": folder_name,
            "sub_dir": folder_name,
        },
        withheld="root_dir",
    ),
    "pytorch_lightning.loggers.WandbLogger": AllowedClass(
        "offline anonymous project log_model prefix add_file_policy",
        {
            "save_dir": own_folder,
            "dir": own_folder,
            "name": folder_name,
            "id": folder_name,
            "version": folder_name,
            "checkpoint_name": folder_name,
        },
        withheld="experiment",
    ),
}

REFUSED = {
    "pytorch_lightning.callbacks.BaseFinetuning": USER_CODE,
    "pytorch_lightning.callbacks.BasePredictionWriter": USER_CODE,
    "pytorch_lightning.callbacks.BatchSizeFinder": "use `trainer.micro_batch=auto`",
    "pytorch_lightning.callbacks.Callback": USER_CODE,
    "pytorch_lightning.callbacks.Checkpoint": USER_CODE,
    "pytorch_lightning.callbacks.GradientAccumulationScheduler": (
        "use `trainer.accumulate_grad_batches`"
    ),
    "pytorch_lightning.callbacks.LambdaCallback": USER_CODE,
    "pytorch_lightning.callbacks.LearningRateFinder": (
        "use `leyden train -m optimizer.lr=1e-4,1e-3,1e-2`"
    ),
    "pytorch_lightning.callbacks.OnExceptionCheckpoint": (
        "it would write elsewhere; `resume.every_minutes` says how much a failure may cost"
    ),
    "pytorch_lightning.callbacks.ProgressBar": "use `callbacks.progress`",
    "pytorch_lightning.callbacks.RichModelSummary": "use `callbacks.summary`",
    "pytorch_lightning.callbacks.RichProgressBar": "use `callbacks.progress`",
    "pytorch_lightning.callbacks.SpikeDetection": (
        f"it writes into the current folder, and can't resume from a checkpoint; {USER_CODE}"
    ),
    "pytorch_lightning.callbacks.TQDMProgressBar": "use `callbacks.progress`",
    "pytorch_lightning.callbacks.ThroughputMonitor": "use `callbacks.throughput`",
    "pytorch_lightning.loggers.LitLogger": USER_CODE,
    "pytorch_lightning.loggers.Logger": USER_CODE,
}
"""What to do instead."""


def misplaced_files(path: str, target: str, given: Mapping[Any, Any]) -> Iterator[Problem]:
    """What a config says of where a class of Lightning's writes, and may not.

    Args:
        path: Path of its node in the config.
        target: The class; one of `ALLOWED`.
        given: Arguments of the part.
    """
    for key, wrong_with in ALLOWED[target].places.items():
        value = given.get(key)
        if value is not None and not (isinstance(value, int) and not isinstance(value, bool)):
            said = wrong_with(str(value), given)
            if said is not None:
                yield Problem(f"{path}.{key}", said, repr(str(value)))
