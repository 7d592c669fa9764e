"""`leyden compare`: did a change help?"""

import argparse

from leyden.cli.exit_status import OF_STATUS
from leyden.cli.parser import Parser, Verbs, add_json, add_verb

PAIRS = 10


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `compare`."""
    parser = add_verb(
        verbs,
        "compare",
        compare,
        usage="BASE KEY=VALUE ... [--pairs N] [--delta D] [--budget TIME] [--json]",
        description="Whether a change helps. Base and variant are run on the same seeds, pair by"
        " pair, until the difference is known, further pairs would hardly decide, or the budget is"
        " spent. Without a difference, 1 of 40 comparisons says better, 1 of 40 worse. Overrides"
        " of hydra, sweep, seed, name and run_dir are of both.",
        takes_overrides=True,
    )
    parser.add_argument(
        "base", metavar="BASE", help="a run's folder, an experiment, or overrides in quotes"
    )
    parser.add_argument(
        "--pairs", type=int, default=PAIRS, help=f"most pairs; {PAIRS} if you don't say"
    )
    parser.add_argument("--delta", type=float, help="differences up to this don't matter")
    parser.add_argument("--budget", help="time of all jobs together, such as 90s, 30m or 2h")
    add_json(parser)


def compare(options: argparse.Namespace) -> int:
    """Runs the pairs and says what they show."""
    from leyden.cli.comparison_text import show_comparison
    from leyden.cli.console import print_json, print_path
    from leyden.cli.observer import TerminalObserver
    from leyden.config.request import parse_request, without_password
    from leyden.errors import ConfigError, Problem
    from leyden.formatting import shown_path
    from leyden.sweeps.time_budget import seconds_of

    if options.delta is not None and not 0 < options.delta < float("inf"):
        raise ConfigError([Problem("--delta", "must be a number above 0", str(options.delta))])
    request = parse_request(options.overrides)
    if request.multirun:
        raise ConfigError([Problem("-m", "a comparison is of one run and a change of it")])
    from leyden.api import compare as run

    command = ["leyden", "compare", options.base, *map(without_password, options.overrides)]
    found = run(
        options.base,
        *request.overrides,
        config_dir=request.config_dir,
        config_name=request.config_name,
        pairs=options.pairs,
        delta=options.delta,
        budget=None if options.budget is None else seconds_of(options.budget, key="--budget"),
        command=command,
        observer=TerminalObserver(),
    )
    if options.json:
        print_json(found.as_plain())
    else:
        show_comparison(found)
        print_path(shown_path(found.record.folder))
    if found.record.status == "interrupted":
        return OF_STATUS["interrupted"]
    return 3 if found.verdict.reason == "failures" else 0
