"""What must hold between the config and the machine: devices, precision, processes, compiler."""

import os
from collections.abc import Iterator
from functools import cache
from shutil import which

import torch
from omegaconf import DictConfig, OmegaConf

from leyden.config.targets import find_target
from leyden.distributed import torchrun
from leyden.errors import Problem, suggestion
from leyden.optim import adafactor, schedule_free_adamw, soap
from leyden.planning.batch import num_processes_of

WHOLE_ONLY = {adafactor, soap}
HALF_PRECISIONS = {"16-mixed", "16-true"}
NOT_SPLIT = {"64-true": "32-true", "16-mixed": "bf16-mixed"}
"""Precisions that Lightning's strategy for split parameters does not have, and what comes near."""


def accelerator_is_here(cfg: DictConfig) -> Iterator[Problem]:
    """The accelerator has a name and is on this machine."""
    from pytorch_lightning.accelerators import AcceleratorRegistry

    name = cfg.trainer.accelerator
    known = {"auto", "gpu", *AcceleratorRegistry.available_accelerators()}
    if name not in known:
        hint = suggestion(name, known)
        yield Problem("trainer.accelerator", f"no such accelerator; {hint}", name)
    elif name != "auto" and not _is_available(name):
        message = "is not on this machine; `trainer.accelerator=auto` takes what is"
        yield Problem("trainer.accelerator", message, name)


def _is_available(accelerator: str) -> bool:
    from pytorch_lightning.accelerators import AcceleratorRegistry

    names = ["cuda", "mps"] if accelerator == "gpu" else [accelerator]
    return any(AcceleratorRegistry[name]["accelerator"].is_available() for name in names)


def _is_on_cpu(cfg: DictConfig) -> bool:
    name = cfg.trainer.accelerator
    return name == "cpu" or (name == "auto" and not _is_available("gpu"))


def precision_fits(cfg: DictConfig) -> Iterator[Problem]:
    """The accelerator computes in this precision."""
    precision = cfg.trainer.precision
    if precision in HALF_PRECISIONS and _is_on_cpu(cfg):
        message = "needs a GPU; on a CPU type `trainer.precision=bf16-mixed`"
        yield Problem("trainer.precision", message, str(precision))
    elif precision in NOT_SPLIT and is_split_by(cfg):
        message = f"does not go with strategy=fsdp; type `trainer.precision={NOT_SPLIT[precision]}`"
        yield Problem("trainer.precision", message, str(precision))
    is_mixed_lstm = precision == "bf16-mixed" and cfg.model.get("cell") == "lstm"
    if is_mixed_lstm and _is_on_cpu(cfg) and not has_mixed_lstm():
        message = (
            "this CPU has no such LSTM; type `model.cell=gru` or `trainer.precision=bf16-true`"
        )
        yield Problem("trainer.precision", message, str(precision))


@cache
def has_mixed_lstm() -> bool:
    """Whether oneDNN has an LSTM in bfloat16 for this CPU."""
    try:
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            torch.nn.LSTM(1, 1)(torch.zeros(1, 1, 1))
    except RuntimeError:
        return False
    return True


def is_split_by(cfg: DictConfig) -> bool:
    """Whether parameters are split over processes."""
    return bool(cfg.trainer.strategy == "fsdp") and num_processes_of(cfg) > 1


def compiler_is_here(cfg: DictConfig) -> Iterator[Problem]:
    """torch.compile writes C++ for a CPU."""
    compilers = (os.environ.get("CXX"), "g++", "clang++", "c++")
    if cfg.compile and _is_on_cpu(cfg) and not any(name and which(name) for name in compilers):
        message = "needs a C++ compiler on a CPU, such as g++; type `compile=false`"
        yield Problem("compile", message)


def strategy_fits_devices(cfg: DictConfig) -> Iterator[Problem]:
    """Several devices say how they share the work."""
    num_nodes, wanted = cfg.trainer.num_nodes, num_processes_of(cfg)
    if torchrun.is_started_by_torchrun() and torchrun.num_started() != wanted:
        message = f"x num_nodes={num_nodes} are {wanted} processes, torchrun has started"
        message += f" {torchrun.num_started()}"
        yield Problem("trainer.devices", message, str(cfg.trainer.devices))
    elif num_nodes != 1 and not torchrun.is_started_by_torchrun():
        start = f"torchrun --nnodes={num_nodes} --nproc-per-node={cfg.trainer.devices}"
        message = (
            f"type `{start} --rdzv-backend=c10d --rdzv-endpoint=HOST:29500 -m leyden train ...`"
        )
        yield Problem("trainer.num_nodes", f"{message} on each machine", str(num_nodes))
    elif wanted > 1 and cfg.trainer.strategy == "auto":
        message = "need a strategy; type `strategy=ddp` or `strategy=fsdp`"
        yield Problem("trainer.devices", message, str(cfg.trainer.devices))


def batch_norm_is_synchronised_on_gpus(cfg: DictConfig) -> Iterator[Problem]:
    """Torch has no synchronised batch norm for CPUs."""
    if cfg.trainer.get("sync_batchnorm") and (_is_on_cpu(cfg) or is_split_by(cfg)):
        message = "is for GPUs and strategy=ddp; `model.norm=group` does not depend on the batch"
        yield Problem("trainer.sync_batchnorm", message, "true")


def averaged_weights_are_whole(cfg: DictConfig) -> Iterator[Problem]:
    """Lightning copies the network for its mean, which torch refuses for split parameters."""
    decay = OmegaConf.select(cfg, "callbacks.weight_averaging.decay")
    if decay is not None and is_split_by(cfg):
        message = "needs whole parameters, which strategy=fsdp splits; type `strategy=ddp`"
        yield Problem("callbacks.weight_averaging.decay", message, str(decay))


def means_have_the_bits(cfg: DictConfig) -> Iterator[Problem]:
    """A slow mean of weights needs more than 16 bits: in them what a step adds is rounded away."""
    if cfg.trainer.precision not in ("bf16-true", "16-true"):
        return
    message = "keeps a mean of the weights, which stops moving in 16 bits"
    advice = "type `trainer.precision=bf16-mixed`"
    decay = OmegaConf.select(cfg, "callbacks.weight_averaging.decay")
    if decay is not None:
        yield Problem("callbacks.weight_averaging.decay", f"{message}; {advice}", str(decay))
    if find_target(cfg.optimizer._target_) is schedule_free_adamw:
        advice += " or `optimizer=adamw`"
        yield Problem("optimizer", f"schedule_free_adamw {message}; {advice}")


def optimizer_takes_split_parameters(cfg: DictConfig) -> Iterator[Problem]:
    """Some optimizers need every parameter whole."""
    optimizer = find_target(cfg.optimizer._target_)
    if is_split_by(cfg) and optimizer in WHOLE_ONLY:
        message = (
            f"{optimizer.__name__} needs whole parameters, which strategy=fsdp splits;"
            " type `strategy=ddp` or `optimizer=adamw`"
        )
        yield Problem("optimizer", message)
