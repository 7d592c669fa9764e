"""The command `leyden`: verbs to functions. Heavy imports wait until a verb needs them."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from leyden.cli.data_verb import data_verb
from leyden.cli.help import HELP
from leyden.cli.model_verbs import export_verb, generate_verb
from leyden.cli.planned import plan_of, uncollected
from leyden.cli.proof_verbs import diff_verb, doctor_verb, reproduce_verb
from leyden.cli.run_verbs import EXIT_STATUS, FAILED, WRONG_REQUEST, resume_verb
from leyden.compat import light_torchmetrics
from leyden.distributed.torchrun import ignore_other_launchers

if TYPE_CHECKING:
    from leyden.config.job import Plan

FAILED_JOBS = 3

HYDRA_FLAGS = {"--cfg", "-c", "--info", "-i", "--hydra-help", "--version"}
HYDRA_FLAGS |= {"--shell-completion", "-sc"}


WHEN_INTERRUPTED = {
    "report": "the report may be incomplete: the same command writes it again",
    "tokenize": "the same command goes on",
    "export": "the export may be incomplete: the same command writes it again",
}
"""What a verb leaves, and what to do then."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line and returns the exit status."""
    # Idle threads of torch would otherwise spin for long and slow others on the machine; if they
    # slept at once, waking them would double a small network's step. The one is libgomp's
    # (https://gcc.gnu.org/onlinedocs/libgomp/GOMP_005fSPINCOUNT.html), the other libomp's.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")  # some tenths of a millisecond
    os.environ.setdefault("KMP_BLOCKTIME", "1")  # milliseconds
    light_torchmetrics.install()
    others = ignore_other_launchers()
    verb, *rest = [*(sys.argv[1:] if arguments is None else arguments), ""]
    rest = rest[:-1]
    if verb in ("-sc", "--shell-completion"):
        return complete([verb, *rest])
    if verb in ("", "-h", "--help", "help"):
        sys.stdout.write(HELP)
        return 0
    if verb == "--version":
        return print_version()
    if verb not in VERBS:
        return refuse_verb(verb)
    if others and verb in ("train", "resume", "reproduce"):
        sys.stderr.write(f"ignored, for this is one process: {', '.join(others)} (environment)\n")
    return run_verb(verb, rest)


def run_verb(verb: str, arguments: list[str]) -> int:
    """Runs a verb; each kind of error has its words and its exit status."""
    from leyden.config.environment import refuse_misspelt_variables
    from leyden.errors import ConfigError

    try:
        refuse_misspelt_variables()
        return VERBS[verb](arguments)
    except ConfigError as error:
        from leyden.cli.terminal import show_problems

        show_problems(error.problems)
        return WRONG_REQUEST
    except Exception as error:
        from leyden.cli.terminal import show_user_error
        from leyden.config.user_code import is_from_outside

        if not is_from_outside(error):  # Leyden's own defect: its traceback helps to mend it
            raise
        show_user_error(error)
        return FAILED
    except KeyboardInterrupt:  # a run that has begun ends by itself
        sys.stderr.write(f"interrupted; {WHEN_INTERRUPTED.get(verb, 'nothing is running')}\n")
        return EXIT_STATUS["interrupted"]


def train_verb(arguments: list[str]) -> int:
    """Runs one job, or a sweep."""
    if {"-h", "--help"} & set(arguments):
        return show_train_help(arguments)
    if any(argument.partition("=")[0] in HYDRA_FLAGS for argument in arguments):
        return ask_hydra(arguments)
    from leyden.config.request import without_password

    plan = plan_of(arguments, will_run=True)
    command = ["leyden", "train", *map(without_password, arguments)]
    if plan.sweep is not None:
        return sweep(plan, command)
    with uncollected():
        from leyden.training.train import train

    record = train(plan.jobs[0], command=command)
    if record.is_kept:
        print_folder(record.folder)
    return EXIT_STATUS.get(record.status, FAILED)


def sweep(plan: "Plan", command: list[str]) -> int:
    """Runs what is missing of a sweep."""
    with uncollected():
        from leyden.sweeps.run import run_sweep
    from leyden.cli.sweep_summary import show_sweep

    record = run_sweep(plan, command=command)
    show_sweep(record)
    print_folder(record.folder)
    return {"completed": 0, "failed": FAILED_JOBS}.get(record.status, EXIT_STATUS["interrupted"])


def plan_verb(arguments: list[str]) -> int:
    """Sizes every job of a request."""
    arguments, as_json = take_flag(arguments, "--json")
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write("leyden plan [overrides] [-m] [--json]; overrides as in `leyden train`\n")
        return 0
    plan = plan_of(arguments)
    from leyden.analysis.cost import plan_rows
    from leyden.cli.plan_table import show_plan

    with redirect_stdout(sys.stderr):  # whatever a constructor of the user's prints
        rows = plan_rows(plan)
    print_json(rows) if as_json else show_plan(plan, rows)
    return 0


def eval_verb(arguments: list[str]) -> int:
    """Tests a run from its folder."""
    arguments, as_json = take_flag(arguments, "--json")
    if not arguments or {"-h", "--help"} & set(arguments):
        usage = "leyden eval RUN [ckpt=best|last] [key=value ...] [--json]\n"
        (sys.stdout if arguments else sys.stderr).write(usage)
        return 0 if arguments else WRONG_REQUEST
    from leyden.cli.terminal import show_metrics, show_note
    from leyden.inference.evaluate import evaluate
    from leyden.runs.record import Diverged

    try:
        with redirect_stdout(sys.stderr):  # as above
            metrics = evaluate(Path(arguments[0]), arguments[1:])
    except Diverged as error:
        show_note(f"diverged: {error}")
        return EXIT_STATUS["diverged"]
    print_json(metrics) if as_json else show_metrics(metrics)
    return 0


def report_verb(arguments: list[str]) -> int:
    """Writes a sweep's report."""
    if len(arguments) != 1 or {"-h", "--help"} & set(arguments):
        usage = "leyden report SWEEP\n"
        (sys.stdout if arguments else sys.stderr).write(usage)
        return 0 if {"-h", "--help"} & set(arguments) else WRONG_REQUEST
    from leyden.errors import ConfigError, Problem

    folder = Path(arguments[0])
    if not (folder / "sweep.json").is_file():
        message = "is not a sweep's folder; it would hold a sweep.json"
        raise ConfigError([Problem("SWEEP", message, str(folder))])
    from leyden.sweeps.report import write_report

    print_folder(write_report(folder))
    return 0


def runs_verb(arguments: list[str]) -> int:
    """Lists runs."""
    arguments, as_json = take_flag(arguments, "--json")
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write("leyden runs [FOLDER] [--json]\n")
        return 0
    from leyden.cli.runs_table import show_runs
    from leyden.cli.sweep_summary import show_sweeps
    from leyden.cli.terminal import show_note
    from leyden.errors import ConfigError, Problem
    from leyden.runs.listing import find_runs
    from leyden.sweeps.record import find_sweeps

    if len(arguments) > 1 or any(word.startswith("-") for word in arguments):
        raise ConfigError([Problem(arguments[-1], "type leyden runs [FOLDER] [--json]")])
    folder = Path(arguments[0] if arguments else "outputs")
    if not folder.is_dir():
        raise ConfigError([Problem("FOLDER", "there is no such folder", str(folder))])
    records, left_out = find_runs(folder)
    sweeps, others = find_sweeps(folder)
    for note in (*left_out, *others):
        show_note(note)
    if as_json:
        print_json(records)
        return 0
    show_sweeps(sweeps)
    show_runs(records, folder)
    return 0


def tokenize_verb(arguments: list[str]) -> int:
    """Makes shards of tokens of text files."""
    from leyden.cli.tokenize_arguments import parse

    options = parse(arguments)
    if options is None:
        return 0
    from leyden.cli.tokenize import run_command

    return run_command(options)


VERBS: dict[str, Callable[[list[str]], int]] = {
    "train": train_verb,
    "plan": plan_verb,
    "resume": resume_verb,
    "eval": eval_verb,
    "generate": generate_verb,
    "export": export_verb,
    "runs": runs_verb,
    "data": data_verb,
    "diff": diff_verb,
    "reproduce": reproduce_verb,
    "doctor": doctor_verb,
    "report": report_verb,
    "tokenize": tokenize_verb,
}


def take_flag(arguments: list[str], flag: str) -> tuple[list[str], bool]:
    """The arguments without `flag`, and whether it was there."""
    return [argument for argument in arguments if argument != flag], flag in arguments


def print_json(value: object) -> None:
    """Results for other programs."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def print_folder(folder: Path) -> None:
    """The folder alone on the last line of standard output, for scripts."""
    from leyden.cli.console import print_path
    from leyden.cli.terminal import shown_path

    print_path(shown_path(folder))


def print_version() -> int:
    """The version alone."""
    from leyden import __version__

    sys.stdout.write(f"{__version__}\n")
    return 0


def refuse_verb(verb: str) -> int:
    """Names the verb that was meant."""
    from leyden.cli.terminal import show_problems
    from leyden.errors import Problem, suggestion

    hint = suggestion(verb, VERBS, prefix="leyden ")
    show_problems([Problem(verb, f"no such verb; {hint}", origin="command line")])
    return WRONG_REQUEST


def show_train_help(arguments: list[str]) -> int:
    """The catalogue, read from the folders, the user's own among them."""
    from leyden.cli.help import config_dir_of, train_help
    from leyden.formatting import printable_lines

    sys.stdout.write(printable_lines(train_help(config_dir_of(arguments))))
    return 0


def ask_hydra(arguments: list[str]) -> int:
    """Hydra's own flags, answered by Hydra: `--cfg job`, `--info`, ..."""
    from leyden.cli.hydra_flags import hydra_main

    return hydra_main(arguments)


def complete(arguments: list[str]) -> int:
    """Shell completion: of verbs by us, of overrides by Hydra, which knows no verbs."""
    words = os.environ.get("COMP_LINE", "").split(" ")
    if len(words) == 2:
        sys.stdout.write(" ".join(VERBS) + "\n")
        return 0
    if len(words) > 2 and (words[1] not in ("train", "plan") or words[-1].startswith("-")):
        return 0
    if len(words) > 2:
        os.environ["COMP_LINE"] = " ".join([words[0], *words[2:]])
    return ask_hydra(arguments)
