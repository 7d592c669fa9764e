"""`leyden explain`: what a prediction, or a model, rests on."""

import argparse
from pathlib import Path

from leyden.cli.parser import CHECKPOINTS, Parser, Verbs, add_verb
from leyden.errors import ConfigError, Problem

METHODS = {
    "integrated_gradients": "for all",
    "occlusion": "images, tables, series",
    "gradcam": "networks with convolutions",
    "activations": "what each convolution gives",
    "attention": "gpt: what each layer and head reads",
    "permutation": "tables: how much worse the loss is without a column",
    "dependence": "tables: the mean prediction as a column varies",
}


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `explain`."""
    parser = add_verb(
        verbs,
        "explain",
        explain,
        usage="RUN INPUT... [--method NAME] [--output DIR] [--tensorboard] [ckpt=best|last]",
        description="Shows what each pixel, column, lag or token adds to a prediction, or what a"
        " table's columns are worth to a model: a page, and a CSV. Of a language model INPUT is a"
        " text; for permutation it has the target.",
    )
    add = parser.add_argument
    add("source", metavar="RUN", help="a run's folder")
    add("inputs", metavar="INPUT", nargs="+", help="files, folders, patterns; of text the text")
    words = "; ".join(f"{name} ({what})" for name, what in METHODS.items())
    add("--method", choices=METHODS, metavar="NAME", default="integrated_gradients", help=words)
    add("--output", metavar="DIR", type=Path, help="a new folder; default: in the run's folder")
    add(
        "--tensorboard",
        action="store_true",
        help="also write the pictures into RUN's folder `explanation`, for TensorBoard",
    )


def explain(options: argparse.Namespace) -> int:
    """Writes an explanation, and says how far it can be trusted."""
    words = {f"ckpt={one}": one for one in CHECKPOINTS}
    which = next((words[one] for one in options.inputs if one in words), "best")
    inputs = [one for one in options.inputs if one not in words]
    if not inputs:
        raise ConfigError([Problem("INPUT", "is missing: what is to be explained?")])
    from leyden.cli.console import print_path, results, say, waiting
    from leyden.cli.terminal import show_note
    from leyden.formatting import shown_path
    from leyden.inference.explanation_folder import PAGE, new_folder_in, write_explanation
    from leyden.inference.explanation_tensorboard import write_to_tensorboard
    from leyden.inference.explanations import explanation_by

    source = Path(options.source)
    folder = options.output or new_folder_in(source)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError([Problem("--output", "is not empty; name a new folder", str(folder))])
    with waiting("explaining"):
        found = explanation_by(options.method, source, which, inputs)
        write_explanation(found, folder)
        events = write_to_tensorboard(found, source) if options.tensorboard else None
    for line in found.lines:
        say(results(), line)
    for note in found.notes:
        show_note(note)
    if events is not None:
        show_note(f"pictures for TensorBoard: {shown_path(events)}")
    print_path(shown_path(folder / PAGE))
    return 0
