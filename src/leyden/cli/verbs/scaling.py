"""`leyden scaling`: how the loss falls with size and data."""

import argparse
from pathlib import Path

from leyden.cli.parser import Parser, Verbs, add_json, add_verb

RESAMPLES = 1000


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `scaling`."""
    parser = add_verb(
        verbs,
        "scaling",
        scaling,
        usage="SOURCE [--loss NAME] [--params NAME] [--tokens NAME] [--flops NAME] [--by NAME ...]"
        " [--budget FLOPS] [--json]",
        description="Fits L = E + A N^-alpha + B D^-beta to a sweep or a CSV, with intervals,"
        " IsoFLOP optima, and whether it may be extrapolated.",
    )
    parser.add_argument("source", metavar="SOURCE", type=Path, help="a sweep's folder, or a CSV")
    parser.add_argument("--loss", help="column of the losses, or a metric of the sweep")
    parser.add_argument("--params", help="column of the parameters, N")
    parser.add_argument("--tokens", help="column of the tokens or samples, D")
    parser.add_argument("--flops", help="column of the operations of a training, C")
    parser.add_argument(
        "--by", action="append", default=[], help="column or axis that tells recipes apart"
    )
    parser.add_argument("--budget", type=float, help="FLOPs; says the best N and D for them")
    parser.add_argument("--delta", type=float, help="of Huber's loss; 1e-3 as in the source")
    add_json(parser)


def scaling(options: argparse.Namespace) -> int:
    """Fits the law and says what it is worth."""
    from leyden.analysis.scaling_source import read_source
    from leyden.cli.console import print_json, waiting
    from leyden.cli.scaling_text import show_study
    from leyden.errors import ConfigError, Problem
    from leyden.sweeps.scaling.study import as_json, study_of

    for name in ("budget", "delta"):
        value = getattr(options, name)
        if value is not None and not 0 < value < float("inf"):
            raise ConfigError([Problem(f"--{name}", "must be a number above 0", str(value))])
    columns = {
        "loss": options.loss,
        "params": options.params,
        "amount": options.tokens,
        "flops": options.flops,
    }
    measured = read_source(options.source, columns, options.by)
    with waiting("fitting"):
        found = study_of(
            measured,
            source=str(options.source),
            budget=options.budget,
            delta=options.delta,
            resamples=RESAMPLES,
        )
    if options.json:
        print_json(as_json(found))
    else:
        show_study(found, budget=options.budget)
    return 0
