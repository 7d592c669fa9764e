"""`leyden export`: a run's model in the form of another library."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from leyden.cli.parser import Parser, Verbs, add_verb, checkpoint_of
from leyden.errors import ConfigError, Problem

if TYPE_CHECKING:
    from leyden.inference.export import Quantized

FORMATS = ("onnx", "torch", "safetensors", "hf")
NO_TOKENIZER = (
    "the run's characters or bytes are no tokenizer of Hugging Face's: the folder has none, its"
    " vocabulary.json says which token each is; `data.tokenizer=bpe` gives one"
)


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `export`."""
    parser = add_verb(
        verbs,
        "export",
        export,
        usage="RUN --format onnx|torch|safetensors|hf --output DIR [--quantize int8]"
        " [ckpt=best|last]",
        description="Writes a run's model for other programs: with its preprocessing for ONNX"
        " Runtime or `torch.export`, its weights alone, or a GPT for `transformers`. The file is"
        " compared with the live model.",
        takes_overrides=True,
    )
    parser.add_argument("source", metavar="RUN", help="a run's folder")
    parser.add_argument("--format", choices=FORMATS, required=True, help=", ".join(FORMATS))
    parser.add_argument(
        "--quantize",
        choices=("int8",),
        help="of onnx: write a second file whose weights have 8 bits, and measure what it loses",
    )
    parser.add_argument("--output", required=True, metavar="DIR", help="a new or empty folder")


def export(options: argparse.Namespace) -> int:
    """Writes a run's model."""
    which = checkpoint_of(options)
    from leyden.cli.console import print_path, waiting
    from leyden.cli.terminal import show_note
    from leyden.formatting import shown_path
    from leyden.inference.export import export_model
    from leyden.inference.load import load_run
    from leyden.interop.hf_export import export_hf

    folder = Path(options.output)
    if options.quantize and options.format != "onnx":
        message = f"is for --format onnx, not {options.format}"
        raise ConfigError([Problem("--quantize", message, options.quantize)])
    if options.format != "hf":
        with waiting("exporting"):
            found = export_model(
                Path(options.source),
                which,
                options.format,
                folder,
                is_quantized=options.quantize is not None,
            )
        for one in found.differences:
            show_note(f"inputs: {one.inputs}; differs by {one.value:.1e} of the largest output")
        if found.quantized is not None:
            show_quantized(found.quantized)
        if found.note:
            show_note(f"note: {found.note}")
        print_path(shown_path(folder))
        return 0
    trained = load_run(Path(options.source), which)
    export_hf(trained.net, trained.vocabulary, folder, run=trained.folder)
    if not (folder / "tokenizer.json").is_file():
        show_note(f"note: {NO_TOKENIZER}")
    print_path(shown_path(folder))
    return 0


def show_quantized(found: "Quantized") -> None:
    """How much smaller the file with weights of 8 bits is, and what it loses."""
    from leyden.cli.terminal import show_note
    from leyden.formatting import format_bytes, format_number

    whole, small = map(format_bytes, found.bytes)
    show_note(f"weights of 8 bits: {small} instead of {whole}")
    for name, (before, after) in found.metrics.items():
        show_note(f"  {name} of the test part: {format_number(after)}, was {format_number(before)}")
    if not found.metrics:
        show_note("  what it loses was not measured: the run's data is not here")
