"""The README of an exported model: what it is, how good, how it is called."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from leyden.data.tables.preparation import TablePreparation
from leyden.formatting import format_flops, format_number, format_seconds
from leyden.interop.deployable import Deployable, signature_of
from leyden.interop.row_features import row_section

LOADING = {
    "onnx": """\
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
inputs = np.zeros({shape}, dtype=np.{dtype})
(outputs,) = session.run(None, {{"inputs": inputs}})
""",
    "torch": """\
import torch

model = torch.export.load("model.pt2").module()
inputs = torch.zeros({shape}, dtype=torch.{dtype})
outputs = model(inputs)
""",
    "safetensors": """\
from safetensors.torch import load_file

weights = load_file("model.safetensors")
print({{name: tuple(tensor.shape) for name, tensor in weights.items()}})
""",
}
"""How a file is loaded by other libraries alone."""


def model_card(
    model: Deployable,
    record: dict[str, Any],
    format: str,
    checks: list[tuple[str, float]],
    losses: dict[str, tuple[float, float]] | None = None,
) -> str:
    """The card, in the form of the Hub's model cards.

    Args:
        model: The exported model.
        record: Content of the run's `run.json`.
        format: Key of `LOADING`.
        checks: What the file and the live model were asked, and their difference.
        losses: Metrics of the files with weights of 32 and of 8 bits, by name; None: there is no
            file with 8.
    """
    return "\n".join(_lines(model, record, format, checks, losses)) + "\n"


def _lines(
    model: Deployable,
    record: dict[str, Any],
    format: str,
    checks: list[tuple[str, float]],
    losses: dict[str, tuple[float, float]] | None,
) -> Iterator[str]:
    spec, signature, choices = model.spec, signature_of(model), record.get("choices") or {}
    name = f"{choices.get('model', 'model')} on {choices.get('data', 'data')}"
    yield from ("---", "license: unknown  # yours to say", "library_name: leyden", "---", "")
    yield from (f"# {name}", "", f"Trained with Leyden; {spec.task_name.replace('_', ' ')}.", "")
    yield from ("| | |", "|---|---|")
    yield f"| inputs | {signature.inputs} |"
    yield f"| outputs | {signature.outputs} |"
    if spec.class_names:
        yield f"| classes | {', '.join(spec.class_names)} |"
    params, flops = record.get("params") or {}, record.get("flops") or {}
    yield f"| parameters | {format_number(params.get('total'))} |"
    yield f"| training | {format_flops(flops.get('total'))} FLOPs," + (
        f" {format_seconds(record.get('train_seconds'))} |"
    )
    shape = (2, *spec.input_shape)
    dtype = "int64" if spec.kind == "text" else "float32"
    yield from ("", "## Load it", "", "```python")
    yield LOADING[format].format(shape=shape, dtype=dtype).rstrip()
    yield from ("```", "")
    if isinstance(model.preparation, TablePreparation):
        yield from row_section(model.preparation)
    if checks:
        yield from ("Compared with the live model, relative to its largest output:", "")
        yield from ("| inputs | difference |", "|---|---|")
        yield from (f"| {inputs} | {value:.1e} |" for inputs, value in checks)
        yield ""
    if losses is not None:
        yield from ("`model.int8.onnx` has weights of 8 bits.", "")
        yield from ("| of the test part | 32 bits | 8 bits |", "|---|---|---|") if losses else ()
        for key, (whole, small) in losses.items():
            yield f"| {key} | {format_number(whole)} | {format_number(small)} |"
        yield ""
    yield from _results(record)
    yield from _data(record)


def _results(record: dict[str, Any]) -> Iterator[str]:
    metrics, intervals = record.get("metrics") or {}, record.get("intervals") or {}
    baselines = record.get("baselines") or []
    names = [name for name in metrics if name.startswith("test/")]
    if not names:
        return
    yield from ("## Results on the test part", "")
    heads = ["metric", "model", "95 % interval", *(one["name"] for one in baselines)]
    yield f"| {' | '.join(heads)} |"
    yield "|---|---|---|" + "---|" * len(baselines)
    for name in names:
        low_high = intervals.get(name)
        around = "" if not low_high else " to ".join(map(format_number, low_high))
        others = [format_number(b["metrics"].get(name)) for b in baselines]
        yield f"| {' | '.join([name, format_number(metrics[name]), around, *others])} |"
    yield from ("", "Intervals are over the samples of the test part, not over trainings.", "")


def _data(record: dict[str, Any]) -> Iterator[str]:
    report = record.get("data_report") or {}
    yield from ("## Data", "")
    parts = report.get("parts") or {}
    if parts:
        yield ", ".join(f"{count:,} {part}" for part, count in parts.items()) + " samples."
    if report.get("split"):
        yield f"Split {report['split']}."
    for line in [*(report.get("notes") or []), *(report.get("warnings") or [])]:
        yield f"- {line}"


def write_card(folder: Path, text: str) -> None:
    """Writes the card into an export's folder."""
    (folder / "README.md").write_text(text, encoding="utf-8")
