"""Models with weights of 8 bits: smaller files, and what they lose."""

from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from leyden.data import Spec
from leyden.errors import ConfigError, Problem
from leyden.interop.program_export import Written, onnx_session, quiet

BATCH = 64


def write_int8(source: Path, file: Path) -> Written:
    """Writes a model whose weights have 8 bits; values are quantised as they come (dynamically).

    Args:
        source: The model in 32 bits, in ONNX.
        file: File that is written.

    Raises:
        ConfigError: ONNX Runtime can't quantise it.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    simple = file.with_suffix(".simple.onnx")
    try:
        with quiet():
            quant_pre_process(source, simple, skip_symbolic_shape=True)
            quantize_dynamic(simple, file, weight_type=QuantType.QInt8)
        return onnx_session(file)
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        message = f"ONNX Runtime can't quantise this model: {reason}"
        raise ConfigError([Problem("--quantize", message, "int8")]) from error
    finally:
        simple.unlink(missing_ok=True)


def quality_of(
    call: Callable[[Tensor], Tensor], inputs: Tensor, targets: Tensor, spec: Spec
) -> dict[str, float]:
    """Metrics, by name, of a model that is asked for what a `Deployable` gives.

    Args:
        call: The model.
        inputs: Inputs as it takes them.
        targets: Classes, numbers in their own unit, or tokens.
        spec: What the outputs are.
    """
    parts = [call(batch).double() for batch in torch.split(inputs, BATCH)]
    outputs = torch.cat(parts)
    if spec.task_name == "regression":
        return {"rmse": float((outputs - targets).square().mean().sqrt())}
    if spec.task_name == "classification":
        right = (outputs.argmax(-1) == targets).double().mean()
        least = torch.finfo(torch.float32).tiny  # a probability may be 0 in 8 bits
        loss = F.nll_loss(outputs.clamp_min(least).log(), targets)
        return {"acc": float(right), "loss": float(loss)}
    return {"loss": float(F.cross_entropy(outputs.flatten(0, 1), targets.flatten()))}
