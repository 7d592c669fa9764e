"""`leyden predict`: what a run's model says of new inputs."""

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from leyden.cli.parser import CHECKPOINTS, Parser, Verbs, add_verb, whole
from leyden.errors import ConfigError, Problem

if TYPE_CHECKING:
    from leyden.inference.predict import Predictions

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `predict`."""
    parser = add_verb(
        verbs,
        "predict",
        predict,
        usage="RUN [INPUT...] [--out FILE] [--on-error skip] [--ensemble RUN ...] [--mc-dropout N]"
        " [ckpt=best|last]",
        description="Predicts for images (files, folders, patterns), rows of tables (CSV, Parquet)"
        " and arrays (.npy, .npz), and forecasts series; all are read as the run's own data was."
        " Without INPUT a LightningModule is asked for its own predict_dataloader.",
    )
    add = parser.add_argument
    add("source", metavar="RUN", help="a run's folder")
    add("inputs", metavar="INPUT", nargs="*", help="files, folders, patterns")
    add("--out", metavar="FILE", type=Path, help=".csv, .jsonl or .parquet; else CSV is printed")
    add(
        "--on-error",
        choices=("refuse", "skip"),
        default="refuse",
        help="what can't be read: nothing is written (default), or its row says why",
    )
    add("--ensemble", metavar="RUN", type=Path, action="append", default=[], help="mean with it")
    add("--mc-dropout", metavar="N", type=whole(2), default=0, help="mean of N passes with dropout")
    add("--horizon", metavar="N", type=whole(1), help="of series: steps to forecast")
    add("--batch-size", metavar="N", type=whole(1), default=1024, help="default: 1024")


def predict(options: argparse.Namespace) -> int:
    """Writes predictions, and says how many there are."""
    which = next((one for one in CHECKPOINTS if f"ckpt={one}" in options.inputs), "best")
    inputs = [one for one in options.inputs if one not in (f"ckpt={each}" for each in CHECKPOINTS)]
    out: Path | None = options.out
    format = "csv" if out is None else FORMATS.get(out.suffix.lower())
    if format is None:
        message = f"must end in one of {', '.join(FORMATS)}"
        raise ConfigError([Problem("--out", message, str(out))])
    if out is not None and out.exists():
        raise ConfigError([Problem("--out", "is there already; name another file", str(out))])
    from leyden.cli.console import counting, print_path
    from leyden.formatting import shown_path
    from leyden.inference.asked import PredictionConfig
    from leyden.inference.inputs import find_files
    from leyden.inference.own_loader import predict_own_loader
    from leyden.inference.predict import Predictions, predict_files

    config = PredictionConfig(
        which=which,
        ensemble=tuple(options.ensemble),
        num_dropout=options.mc_dropout,
        skip=options.on_error == "skip",
        batch_size=options.batch_size,
        horizon=options.horizon,
    )
    source, target = Path(options.source), out or sys.stdout
    is_shown = out is not None or not sys.stdout.isatty()  # else the rows themselves appear there
    with counting("inputs") if is_shown else nullcontext(ignore_count) as on_progress:
        if inputs:
            files = find_files(inputs)
            told = predict_files(source, files, target, format, config, on_progress=on_progress)
        else:
            count = predict_own_loader(source, which, target, format, on_progress=on_progress)
            told = Predictions(count)
    show_told(told)
    if out is not None:
        print_path(shown_path(out))
    return 0


def ignore_count(count: int) -> None:
    """Says nothing."""


def show_told(told: "Predictions") -> None:
    """Says what became of the inputs."""
    from leyden.cli.terminal import show_note

    words = f"{told.count:,} inputs"
    if told.counts:
        listed = [f"{name} {count:,}" for name, count in told.counts.most_common(6)]
        more = len(told.counts) - len(listed)
        words += f": {', '.join(listed)}{f' and {more} more classes' if more > 0 else ''}"
    show_note(words)
    if told.calibration:
        show_note(f"probabilities are calibrated: {told.calibration}")
    for name, count in told.filled.items():
        show_note(f"column {name}: {count:,} missing, filled as in training")
    if told.num_problems:
        show_note(f"warning: {told.num_problems:,} could not be read, the first: {told.example}")
