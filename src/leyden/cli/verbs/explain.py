"""`leyden explain`: which parts of an input a prediction rests on."""

import argparse
from pathlib import Path

from leyden.cli.parser import CHECKPOINTS, Parser, Verbs, add_verb
from leyden.errors import ConfigError, Problem

METHODS = ("integrated_gradients", "occlusion", "gradcam")


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `explain`."""
    parser = add_verb(
        verbs,
        "explain",
        explain,
        usage="RUN INPUT... [--method NAME] [--output DIR] [ckpt=best|last]",
        description="Shows what each pixel, column, lag or token adds to a prediction: a page, and"
        " a CSV. Of a language model INPUT is a text.",
    )
    add = parser.add_argument
    add("source", metavar="RUN", help="a run's folder")
    add("inputs", metavar="INPUT", nargs="+", help="files, folders, patterns; of text the text")
    add("--method", choices=METHODS, default=METHODS[0], help=", ".join(METHODS))
    add("--output", metavar="DIR", type=Path, help="a new folder; default: in the run's folder")


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
    from leyden.inference.explain import explain as explained
    from leyden.inference.explanation_folder import new_folder_in, write_explanation
    from leyden.inference.explanation_page import similarity_words

    folder = options.output or new_folder_in(Path(options.source))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError([Problem("--output", "is not empty; name a new folder", str(folder))])
    with waiting("explaining"):
        found = explained(Path(options.source), which, inputs, options.method)
        write_explanation(found, folder)
    for one in found.inputs:
        say(results(), _line(one.name, one.prediction, one.parts, one.values.flatten().tolist()))
    errors = [one.error for one in found.inputs if one.error is not None]
    if errors:
        show_note(f"completeness error at most {100 * max(errors):.2g} % of the output's change")
    show_note(f"check: {similarity_words(found)}")
    for reason, count in found.left_out.items():
        show_note(f"{count} inputs left out: {reason}")
    print_path(shown_path(folder / "explanation.html"))
    return 0


def _line(name: str, prediction: str, parts: list[str], values: list[float]) -> str:
    if not parts:
        return f"{name}: {prediction}"
    order = sorted(range(len(values)), key=lambda place: -abs(values[place]))[:3]
    listed = ", ".join(f"{parts[place]} {values[place]:+.3g}" for place in order)
    return f"{name}: {prediction}; {listed}"
