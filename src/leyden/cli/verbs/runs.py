"""`leyden runs`: the runs and sweeps below a folder."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from leyden.cli.parser import Parser, Verbs, add_json, add_verb
from leyden.errors import ConfigError, Problem


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `runs`."""
    parser = add_verb(
        verbs,
        "runs",
        runs,
        usage="[FOLDER] [--where CONDITION ...] [--sort=[-]KEY] [--columns KEY,...]"
        " [--group KEY,...] [--json | --csv]",
        description="A table of the runs and sweeps below a folder, as `leyden runs --where"
        " 'model=mlp val/loss<0.1' --sort test/acc`. Without FOLDER it is `outputs`; a run with"
        " `run_dir=elsewhere` is listed by `leyden runs elsewhere`.",
    )
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path)
    parser.add_argument(
        "--where", action="append", default=[], help="conditions: key, = != < <= > >= ~, value"
    )
    parser.add_argument("--sort", metavar="KEY", help="least first; --sort=-KEY: greatest first")
    parser.add_argument("--columns", metavar="KEY,...", help="these instead of the usual ones")
    parser.add_argument(
        "--group", metavar="KEY,...", help="one row for completed runs that agree in these: means"
    )
    parser.add_argument("--csv", action="store_true", help="as CSV")
    add_json(parser)


def runs(options: argparse.Namespace) -> int:
    """Lists runs."""
    from leyden.run.folder import outputs_folder

    folder: Path = options.folder or outputs_folder()
    if not folder.is_dir():
        hint = "" if options.folder else "; " + (elsewhere(folder) or "nothing was run here yet")
        raise ConfigError([Problem("FOLDER", f"there is no such folder{hint}", str(folder))])
    if options.json and options.csv:
        raise ConfigError([Problem("--csv", "goes without --json", "true")])
    from leyden.cli.console import print_json
    from leyden.cli.runs_table import print_csv, show_columns, show_runs
    from leyden.cli.sweep_summary import show_sweeps
    from leyden.cli.terminal import show_note
    from leyden.run.listing import find_runs
    from leyden.sweeps.record import find_sweeps

    records, left_out = find_runs(folder)
    sweeps, others = find_sweeps(folder)
    for note in (*left_out, *others):
        show_note(note)
    columns = [key for key in (options.columns or "").split(",") if key]
    if options.group is not None:
        show_groups(choose(records, options.where, None), columns, options)
        return 0
    chosen = choose(records, options.where, options.sort)
    require_columns(columns, records)
    is_whole = not options.where
    if options.json:
        print_json(chosen)
    elif options.csv:
        print_csv(chosen, columns, folder)
    elif columns:
        show_columns(chosen, columns, folder)
    else:
        show_sweeps(sweeps if is_whole else [])
        show_runs(chosen, folder)
        if options.folder is None and (hint := elsewhere(folder)):
            show_note(hint)
    return 0


def elsewhere(listed: Path) -> str:
    """How to list runs and sweeps that lie in this folder, and not in the one that is listed."""
    found = [
        path.parent for name in ("run.json", "sweep.json") for path in Path().glob(f"*/{name}")
    ]
    others = sorted(folder.name for folder in found if folder.resolve() != listed.resolve())
    if not others:
        return ""
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return f"not listed: {others[0]}{more}, which run_dir put there; leyden runs . lists all"


def show_groups(
    records: list[dict[str, Any]], columns: list[str], options: argparse.Namespace
) -> None:
    """Shows the means of runs that agree in some keys.

    Raises:
        ConfigError: No keys are named, or see `group_runs`.
    """
    from leyden.analysis.run_groups import group_runs
    from leyden.cli.console import print_json
    from leyden.cli.runs_table import print_groups_csv, show_run_groups
    from leyden.run.query import facts_of

    by = [key for key in options.group.split(",") if key]
    if not by:
        raise ConfigError([Problem("--group", "names no key; type such as --group model,data")])
    groups = group_runs([facts_of(record) for record in records], by, columns, options.sort)
    if options.json:
        print_json([asdict(group) for group in groups])
    elif options.csv:
        print_groups_csv(groups)
    else:
        show_run_groups(groups, len(records) - sum(group.count for group in groups))


def choose(
    records: list[dict[str, Any]], where: list[str], sort: str | None
) -> list[dict[str, Any]]:
    """The records that conditions leave, in an order.

    Raises:
        ConfigError: A condition is none, or names what no run has.
    """
    from leyden.run.query import facts_of, parse_conditions, require_known, sort_key

    conditions = parse_conditions(where)
    facts = [facts_of(record) for record in records]
    require_known([one.key for one in conditions], facts, flag="--where")
    pairs = [
        (known, record)
        for known, record in zip(facts, records, strict=True)
        if all(condition.holds(known) for condition in conditions)
    ]
    if sort is not None:
        key, is_reversed = sort.removeprefix("-"), sort.startswith("-")
        require_known([key], facts, flag="--sort")
        known_first = [pair for pair in pairs if pair[0].get(key) is not None]
        known_first.sort(key=lambda pair: sort_key(pair[0], key), reverse=is_reversed)
        pairs = [*known_first, *(pair for pair in pairs if pair[0].get(key) is None)]
    return [record for _, record in pairs]


def require_columns(columns: list[str], records: list[dict[str, Any]]) -> None:
    """Raises `ConfigError` for columns that no run has."""
    from leyden.run.query import facts_of, require_known

    require_known(columns, [facts_of(record) for record in records], flag="--columns")
