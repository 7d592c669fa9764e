"""The command `leyden`: from the words of a command line to an exit status.

Heavy imports wait until a verb needs them.
"""

import os
import sys
from collections.abc import Sequence

from leyden.cli.exit_status import FAILED, OF_STATUS, WRONG_REQUEST
from leyden.cli.help import HELP
from leyden.cli.parser import Parser, ParserExit, parse
from leyden.cli.verbs import (
    adopt,
    board,
    calibrate,
    compare,
    data,
    diff,
    doctor,
    evaluate,
    explain,
    export,
    generate,
    new,
    plan,
    predict,
    report,
    reproduce,
    rm,
    runs,
    scaling,
    schema,
    serve,
    tag,
    tokenize,
    train,
)
from leyden.compat import light_torchmetrics
from leyden.distributed.torchrun import ignore_other_launchers

RUN_BY_ONE_PROCESS = ("train", "resume", "reproduce")
"""Verbs that run one process where another launcher has said something else."""

WHEN_INTERRUPTED = {
    "compare": "the same command continues",
    "predict": "no file of predictions was written",
    "explain": "no explanation was written",
    "report": "the report may be incomplete: the same command writes it again",
    "tokenize": "the same command continues",
    "new": "nothing was written",
    "schema": "the schemas may be incomplete: the same command writes them again",
    "export": "the export may be incomplete: the same command writes it again",
}
"""What a verb leaves, and what to do then."""


MODULES = (
    *(train, plan, data, evaluate, calibrate, predict, explain, serve, generate, export),
    *(runs, board, tag, rm, diff, compare, reproduce, doctor, report, scaling, tokenize),
    *(new, adopt, schema),
)
"""The files of the verbs; each has a function `add_verbs`."""


def command_parser() -> tuple[Parser, list[str]]:
    """The parser of the command line, and the names of the verbs."""
    parser = Parser(prog="leyden", add_help=False, allow_abbrev=False)
    verbs = parser.add_subparsers(dest="verb", parser_class=Parser)
    for module in MODULES:
        module.add_verbs(verbs)
    return parser, list(verbs.choices)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line and returns the exit status."""
    # Idle threads of torch would otherwise spin for long and slow others on the machine; if they
    # slept at once, waking them would double a small network's step. The one is libgomp's
    # (https://gcc.gnu.org/onlinedocs/libgomp/GOMP_005fSPINCOUNT.html), the other libomp's.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")  # some tenths of a millisecond
    os.environ.setdefault("KMP_BLOCKTIME", "1")  # milliseconds
    light_torchmetrics.install()
    others = ignore_other_launchers()
    words = [*(sys.argv[1:] if arguments is None else arguments)]
    verb = words[0] if words else ""
    if verb in ("-sc", "--shell-completion"):
        return complete(words)
    if verb in ("", "-h", "--help", "help"):
        sys.stdout.write(HELP)
        return 0
    if verb == "--version":
        return print_version()
    parser, verbs = command_parser()
    if verb not in verbs:
        return reject_verb(verb, verbs)
    if others and verb in RUN_BY_ONE_PROCESS:
        sys.stderr.write(f"ignored in a single process: {', '.join(others)} (environment)\n")
    return run_verb(parser, words)


def run_verb(parser: Parser, words: list[str]) -> int:
    """Runs a verb; each kind of error has its message and its exit status."""
    from leyden.cli.variables import reject_misspelt_variables
    from leyden.config.project import current_project, forget_project
    from leyden.errors import ConfigError

    try:
        reject_misspelt_variables()
        forget_project()
        current_project()  # what is wrong with its file is said before anything else
        options = parse(parser, words)
        status: int = options.run(options)
    except ParserExit as end:
        return end.status
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
        sys.stderr.write(f"interrupted; {WHEN_INTERRUPTED.get(words[0], 'nothing is running')}\n")
        return OF_STATUS["interrupted"]
    return status


def print_version() -> int:
    """Prints the version alone."""
    from leyden import __version__

    sys.stdout.write(f"{__version__}\n")
    return 0


def reject_verb(verb: str, known: list[str]) -> int:
    """Names the verb that was meant."""
    from leyden.cli.terminal import show_problems
    from leyden.errors import Problem, suggestion

    hint = suggestion(verb, known, prefix="leyden ")
    show_problems([Problem(verb, f"no such verb; {hint}", origin="command line")])
    return WRONG_REQUEST


def complete(words: list[str]) -> int:
    """Shell completion: of verbs by us, of overrides by Hydra, which knows no verbs."""
    line = os.environ.get("COMP_LINE", "").split(" ")
    if len(line) == 2:
        sys.stdout.write(" ".join(command_parser()[1]) + "\n")
        return 0
    if len(line) > 2 and (line[1] not in ("train", "plan") or line[-1].startswith("-")):
        return 0
    if len(line) > 2:
        os.environ["COMP_LINE"] = " ".join([line[0], *line[2:]])
    from leyden.cli.hydra_flags import hydra_main

    return hydra_main(words)
