"""The typed root of every config, and the trainer keys that are Leyden's own.

The groups' keys are not repeated here: they are the parameters of what their `_target_` names.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Interval

from leyden.types import (
    Count,
    Fraction,
    NonNegative,
    PositiveFloat,
    PositiveInt,
    Probability,
    Share,
)


@dataclass(frozen=True)
class Monitor:
    """What selects the best checkpoint, stops early, and is optimised by a search."""

    metric: str | None
    """A metric that the task logs, such as `val/loss`; null: nothing selects."""
    mode: Literal["min", "max"]
    """Whether less or more of it is better."""
    reduce: Literal["best", "last"] | PositiveInt
    """What a sweep compares: the best value, the last, or the mean of so many last ones."""


@dataclass(frozen=True)
class TaskKeys:
    """Keys of `task` where the data decides which task it is.

    Each is a parameter of the tasks that have it.
    """

    label_smoothing: Probability
    """Share of each training label that is spread over all classes or tokens."""
    mixup: NonNegative
    """Training images are mixed in pairs with shares from Beta(mixup, mixup); 0 is none."""
    loss_chunk: Count
    """Tokens whose logits stand in memory at a time; 0 is all."""
    loss: Literal["cross_entropy", "focal", "mse", "mae", "huber"] = "cross_entropy"
    """Training loss of a classification or a regression."""
    focal_gamma: NonNegative = 2.0
    """Exponent of the focal loss."""
    class_weights: Literal["balanced"] | tuple[NonNegative, ...] | None = None
    """Weight of each class in the training loss; `balanced`: all classes weigh alike."""


@dataclass(frozen=True)
class OptimizerKeys:
    """Keys of `optimizer` beside the parameters of its target."""

    layer_decay: Annotated[float, Interval(gt=0, le=1)] | None = None
    """Factor of the learning rate from a layer to the one before it; null: all layers have the
    same. The last layer has `lr`."""
    lr_multipliers: dict[str | int, PositiveFloat] | None = None
    """Factors of the learning rate, by pattern of names of parameters: `{backbone: 0.1}`."""


@dataclass(frozen=True)
class CompileKeys:
    """Keys of `compile`, where it is a mapping: torch.compile's own."""

    mode: Literal["default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs"] = (
        "default"
    )
    """What compilation may take time for."""
    dynamic: bool | None = None
    """Whether one compilation serves all shapes; null: torch finds out."""


@dataclass(frozen=True)
class DataKeys:
    """Keys of `data` that are none of a data set's own."""

    batch_tokens: PositiveInt | None
    """Tokens of one optimizer step; of text, in the place of `batch_size`."""


@dataclass(frozen=True)
class SweepKeys:
    """Keys of `sweep`: which jobs a sweep has, and how it is run."""

    grid: dict[str, Any]
    """Values of a key, or Hydra's text for them; every combination is a job."""
    zip: dict[str, Any]
    """Values of several keys, taken in step; an axis of the grid."""
    when: dict[str, dict[str, Any]]
    """`optimizer=sgd: {optimizer.lr: [0.1, 0.3]}`: axes only where another has a value."""
    exclude: list[dict[str, Any]]
    """Jobs with all of these values are left out."""
    repeat: dict[str, Any]
    """`seed: 5`: every job so many times, from the config's seed on; reports fold it away."""
    fail_fast: bool
    """The first failed job ends the sweep."""
    retry: Count
    """How often a failed job is started again, in this start of the sweep and in later ones."""
    on_drift: Literal["refuse", "continue"]
    """Where the config or the code has changed since the sweep began."""
    budget: str | None
    """Time of this start of the sweep, such as `2h`; what is left goes to the best ones' seeds."""
    reuse: bool
    """Take the results of earlier runs with the same config, data, code and packages."""
    report: bool
    """Write a report at the end."""
    list: list[dict[str, Any]]
    """Jobs besides the grid's: values by key."""


@dataclass(frozen=True)
class BudgetKeys:
    """Keys of `budget`, of which one says how long a run is."""

    steps: PositiveInt | None = None
    """Optimizer steps."""
    tokens: PositiveInt | None = None
    """Tokens to train on; text only."""
    flops: PositiveFloat | None = None
    """Operations of the forward and backward passes of all steps."""
    seconds: PositiveFloat | None = None
    """Seconds of training, with its validations."""


@dataclass(frozen=True)
class PrivacyKeys:
    """Keys of `privacy`: differentially private training by DP-SGD."""

    epsilon: PositiveFloat | None
    """Budget: the noise follows from it, or with `noise_multiplier` the last step does."""
    delta: Annotated[float, Interval(gt=0, lt=1)]
    """Probability with which epsilon may not hold; below 1 / training samples."""
    noise_multiplier: PositiveFloat | None
    """Deviation of the noise in units of `max_grad_norm`; null: it follows from `epsilon`."""
    max_grad_norm: PositiveFloat
    """Norm to which the gradient of each sample is clipped."""
    accountant: Literal["prv", "rdp", "rdp_classic"]
    """How epsilon is computed, see `leyden.privacy.accounting`."""


@dataclass(frozen=True)
class ResumeKeys:
    """Keys of `resume`: the checkpoints that a run goes on from, and what may have changed."""

    every_steps: PositiveInt | None
    """Optimizer steps from one checkpoint to the next; null: no such rule."""
    every_minutes: PositiveFloat | None
    """Time from one to the next; null: no such rule. There is always one at the end."""
    keep: Count
    """How many are kept; 0: none is written."""
    allow_change: list[str]
    """Keys that may differ from those that the run was begun with, such as `data.content`."""


@dataclass(frozen=True)
class Root:
    """The keys at the root of a config."""

    model: Any
    data: Any
    optimizer: Any
    scheduler: Any
    trainer: Any
    callbacks: Any
    logger: Any
    task: Any
    monitor: Any
    resume: Any
    name: str | None
    """Folder of the run in `outputs/`; null: the experiment's name, or the model's and data's."""
    seed: Annotated[int, Interval(ge=0, lt=2**32)]
    """Of initial weights, order of data, augmentation and dropout."""
    params: PositiveFloat | None
    """Number of parameters wanted: the model's width is solved for it."""
    init_from: str | None
    """A run's folder, a checkpoint, or a file of weights (.pth, .safetensors): the initial ones."""
    compile: bool | dict[str, Any]
    """Whether torch.compile makes kernels of the network, or how: `{mode: ..., dynamic: ...}`."""
    run_dir: str | None
    """The run's folder; null: a new one under `outputs/<name>/`."""
    strict: bool = True
    """Whether the weights of `init_from` must fit in every name and shape; false: those are taken
    that do."""
    freeze: str | list[str | int] | dict[str | int, PositiveInt | None] | None = None
    """Parameters that are not trained, by pattern of their names: `[stem, blocks.0]`; or the steps
    until which they are not: `{stem: 200, blocks.0: null}`, null for all."""
    budget: Any = None
    privacy: Any = None
    baselines: bool | None = True
    """Whether simple models are fitted to the same data, beside the result; null: none are."""
    metrics: dict[str, Any] | None = None
    """Metrics of torchmetrics, or of the user's, beside those of the task."""
    own_keys: list[str] | None = None
    """Further keys at the root that the user's primary config declares, for interpolations."""


@dataclass(frozen=True)
class TrainerKeys:
    """Keys of `trainer`: Leyden's own, and Lightning's own where we know more of their range."""

    max_epochs: PositiveInt | None
    """Passes over the training data; counts where neither tokens nor steps are given."""
    max_steps: PositiveInt | None
    """Optimizer steps; counts where no tokens are given."""
    max_tokens: PositiveInt | None
    """Tokens to train on; text only."""
    allow_synthetic: bool
    """Where the data set is not on this machine, random samples of its shape take its place."""
    overfit_samples: PositiveInt | None
    """Train, validate and test on this many samples of the training part."""
    micro_batch: PositiveInt | Literal["auto"] | None
    """Samples that a device computes at a time; accumulation follows from it. `auto` halves them
    where memory runs out."""
    accumulate_grad_batches: PositiveInt | None
    """Micro-batches of a device in an optimizer step; null follows from `micro_batch`."""
    devices: PositiveInt
    """Of each machine."""
    num_nodes: PositiveInt
    """Machines."""
    timeout: PositiveFloat
    """Seconds that the processes of a run wait for each other before they give up."""
    sharded_checkpoints: bool
    """Of `strategy=fsdp`: each process writes its part."""
    on_nonfinite: Literal["raise", "skip", "rollback"]
    """Where a loss or a gradient is NaN or infinite: end the run; leave the step out; or go back to
    the last checkpoint and leave out all steps from there to this one."""
    max_nonfinite: PositiveInt
    """So many steps in a row, or returns, before the run ends nevertheless."""
    limit_train_batches: PositiveInt | Share | None
    """Optimizer steps of an epoch, or a share of them."""
    limit_val_batches: Count | Fraction | None
    """Batches of a validation, or a share of them; 0: no validation."""
    limit_test_batches: Count | Fraction | None
    """Likewise of the test."""
    val_check_interval: PositiveInt | Share | str | None
    """Optimizer steps from one validation to the next, a share of an epoch, or a time as in
    `00:15:00`."""
    check_val_every_n_epoch: PositiveInt | None
    """Epochs from one validation to the next; null: `val_check_interval` counts across epochs."""
    gradient_clip_val: NonNegative | None
    """Largest norm of the gradients; null: no limit."""
    log_every_n_steps: PositiveInt
    """Steps between two entries in the log."""
    peak_flops: PositiveFloat | None
    """Operations a second that a device can do, for `mfu`; null: by its name, where it is known."""
    num_sanity_val_steps: Count
    """Validation batches before training."""
    precision: Literal["64-true", "32-true", "bf16-mixed", "bf16-true", "16-mixed", "16-true"]
    """Of the arithmetic; `mixed` keeps the weights in 32 bits."""
    strategy: Literal["auto", "ddp", "fsdp"]
    """Set by the group `strategy`."""
    profiler: Literal["step", "simple", "advanced", "pytorch"] | None
    """Ours, or Lightning's, whose reports go into the run's folder."""


WIRED = frozenset(
    {"logger", "callbacks", "default_root_dir", "enable_progress_bar", "enable_model_summary"}
    | {"use_distributed_sampler", "plugins", "enable_autolog_hparams", "model_registry"}
)
"""Lightning's trainer keys that Leyden sets by itself."""

REPLACED = {
    "fast_dev_run": "trainer=smoke",
    "barebones": "trainer=smoke",
    "overfit_batches": "trainer=overfit",
    "enable_checkpointing": "callbacks.best=null resume.keep=0",
}
"""Lightning's trainer keys that would bypass the record, and what to type instead."""
