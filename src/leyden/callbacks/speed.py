"""Logs the speed of training, and how much of the device's arithmetic it uses."""

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.data.batches import Batch
from leyden.tasks import Task
from leyden.tasks.log_values import is_log_step, log_value, loop_of, num_samples
from leyden.tasks.step_clock import StepInterval
from leyden.tasks.step_count import steps_done


class Throughput(Callback):
    """Logs `throughput`: samples or tokens a second of training steps, over all devices.

    Validations and the saving of checkpoints do not count.
    """

    changes_training = False

    only_log_steps = True

    def __init__(self) -> None:
        self.lap: StepInterval | None = None

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        self.lap = StepInterval(loop_of(trainer).clock, steps_done(trainer))

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        assert self.lap is not None
        ends_step = (batch_index + 1) % trainer.accumulate_grad_batches == 0
        if ends_step and is_log_step(trainer, steps_done(trainer)):
            steps, seconds = self.lap.end(steps_done(trainer))
            counted = num_tokens(batch) if is_of_tokens(task) else num_samples(batch)
            parts = trainer.world_size * trainer.accumulate_grad_batches  # of a step, all alike
            if counted is not None and seconds > 0:
                log_value(trainer, "throughput", steps * parts * counted / seconds)


def is_of_tokens(task: LightningModule) -> bool:
    """Whether a task counts tokens; another's module does not say it, and counts samples."""
    return isinstance(task, Task) and task.unit == "tokens"


def num_tokens(batch: Batch) -> int:
    """Targets of a batch of text."""
    return batch[1].numel()


PEAK_FLOPS = {
    "NVIDIA A100-PCIE-40GB": 312e12,
    "NVIDIA A100 80GB PCIe": 312e12,
    "NVIDIA A100-SXM4-40GB": 312e12,
    "NVIDIA A100-SXM4-80GB": 312e12,
    "NVIDIA A10": 125e12,
    "NVIDIA A10G": 70e12,
    "NVIDIA GeForce RTX 4090": 165e12,
    "NVIDIA H100 80GB HBM3": 989e12,
    "NVIDIA H100 PCIe": 756e12,
    "NVIDIA H200": 989e12,
    "NVIDIA L4": 121e12,
    "NVIDIA L40S": 362e12,
}
"""Operations a second in 16 bits, by the whole name that the driver gives a GPU.

Of the tensor cores, on dense matrices, with sums in 32 bits. From NVIDIA's data sheets, where
what holds "with sparsity" is halved; the RTX 4090's from the white paper of its architecture, the
A10G's from Amazon's page on its instances. A part of a GPU has another name, and is not here.
"""

PEAK_FLOAT16 = {"Tesla V100-SXM2-16GB": 125e12, "Tesla V100-SXM2-32GB": 125e12}
"""Of those that have no bfloat16."""


class Utilisation(Callback):
    """Logs `mfu`: operations of the model a second over what the devices could do at most.

    The operations are those of a forward and a backward pass; what is computed a second time to
    save memory does not count (Chowdhery et al. 2022, "PaLM", appendix B). The time is that of
    training steps. Where the peak is not known nothing is logged.

    Args:
        flops_per_step: Operations of the model in an optimizer step, over all devices; None if not
            known.
        peak_flops: Operations a second that a device can do; None looks its name up.
    """

    only_log_steps = True

    def __init__(self, *, flops_per_step: int | None, peak_flops: float | None = None) -> None:
        self.flops_per_step = flops_per_step
        self.peak_flops = peak_flops
        self.lap: StepInterval | None = None

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        if self.peak_flops is None and task.device.type == "cuda":
            name = torch.cuda.get_device_name(task.device)
            self.peak_flops = known_peak(name, str(trainer.precision))
        self.lap = StepInterval(loop_of(trainer).clock, steps_done(trainer))

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        assert self.lap is not None
        ends_step = (batch_index + 1) % trainer.accumulate_grad_batches == 0
        if ends_step and is_log_step(trainer, steps_done(trainer)):
            steps, seconds = self.lap.end(steps_done(trainer))
            if self.flops_per_step is not None and self.peak_flops is not None:
                peak = self.peak_flops * trainer.world_size
                log_value(trainer, "mfu", steps * self.flops_per_step / seconds / peak)


def known_peak(name: str, precision: str) -> float | None:
    """Operations that a device can do a second; None where nobody has said it.

    Args:
        name: Name as the driver gives it.
        precision: Precision of the trainer. In 32 bits it depends on how matrices are multiplied.
    """
    if precision in ("bf16-mixed", "bf16-true"):
        return PEAK_FLOPS.get(name)
    if precision in ("16-mixed", "16-true"):
        return (PEAK_FLOPS | PEAK_FLOAT16).get(name)
    return None
