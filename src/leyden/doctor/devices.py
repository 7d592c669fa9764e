"""What computes: cores, GPUs, and the numbers they know."""

import os
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import torch

from leyden.distributed.resources import available_cores
from leyden.doctor.examination import Row, failed, note, passed
from leyden.run.provenance import cpu_name

NVIDIA = Path("/dev/nvidia0")
COMPILERS = ("g++", "clang++", "c++")
FAST_BF16 = ("AMX", "AVX512_BF16")


def device_rows() -> Iterator[Row]:
    """The CPU, each GPU, bf16, and the compiler that `compile=true` needs."""
    cores, threads = len(available_cores()), torch.get_num_threads()
    yield passed("cpu", f"{cpu_name()}: {cores} cores to use, {threads} threads of torch")
    yield from gpu_rows()
    yield bf16_row()
    compiler = next(filter(None, map(which, COMPILERS)), None)
    if compiler is None:
        yield note("compiler", "no g++; compile=true on a CPU needs one")
    else:
        yield passed("compiler", compiler)


def gpu_rows() -> Iterator[Row]:
    """Each GPU; one that is there but can't be used is a fault."""
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(number)
            found = f"{properties.name}, {properties.total_memory / 1e9:.0f} GB"
            yield passed(f"gpu {number}", f"{found}, CUDA {torch.version.cuda}")
    elif NVIDIA.exists() and os.environ.get("CUDA_VISIBLE_DEVICES") != "":
        built = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPUs only"
        advice = "install the torch that fits the driver, see pytorch.org"
        yield failed("gpu", f"there is one, but torch, built for {built}, can't use it: {advice}")
    else:
        yield note("gpu", "none; runs take the CPU")


def bf16_row() -> Row:
    """Whether trainer.precision=bf16-mixed is fast."""
    if torch.cuda.is_available():
        is_fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
        is_fast = any(name.lower() in flags for name in FAST_BF16)
    if is_fast:
        return passed("bf16", "computed in hardware")
    return note("bf16", "works, but is emulated and slow")
