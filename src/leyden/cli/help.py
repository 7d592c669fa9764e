"""What `leyden --help` says, and `leyden train --help`: the catalogue, read from the folders."""

import textwrap
from argparse import ArgumentParser
from pathlib import Path

from leyden.config.location import CONF, EXPERIMENTS

INDENT = 14 * " "
GROUPS = (
    "model",
    "data",
    "optimizer",
    "scheduler",
    "task",
    "trainer",
    "strategy",
    "callbacks",
    "logger",
    "privacy",
)

HELP = """\
Leyden: declare an experiment, check it, run it, keep it.

  leyden train [overrides]        one run; with -m, or an experiment that says so, a sweep
  leyden plan  [overrides] [-m]   check, size and time every job, write nothing
  leyden data  [overrides]        read and describe a data set, train nothing
  leyden resume RUN               continue a run that was interrupted, or make it longer
  leyden eval  RUN [ckpt=last]    test metrics of a run, from its folder
  leyden calibrate RUN            probabilities that mean what they say
  leyden predict RUN INPUT...     what its model says of new images, rows, arrays
  leyden serve RUN                its model over HTTP, with a page to try it
  leyden explain RUN INPUT...     what each pixel, column, lag or token adds to it
  leyden generate RUN --prompt TEXT    what a language model writes on
  leyden export RUN --format onnx --output DIR   its model for other programs
  leyden runs  [FOLDER]           table of the runs below a folder (default: outputs)
  leyden board [FOLDER...]        TensorBoard on some of them; best, median, worst of a sweep
  leyden tag RUN WORD...          words for a run; runs --where tags~WORD finds it
  leyden rm FOLDER...             remove runs and sweeps
  leyden diff A B                 what differs between two runs
  leyden compare BASE KEY=VALUE   does a change help? Pairs on the same seeds until it is known
  leyden reproduce RUN            repeat a run: is it the same to the bit?
  leyden doctor                   can runs be trusted on this machine?
  leyden report SWEEP             tables, plots and statistics of a sweep
  leyden report A B --rows model --value test/acc    a paper's table of several
  leyden scaling SWEEP_OR_CSV     how the loss falls with size and data, and how sure that is
  leyden tokenize SOURCE... --output DIR   shards of tokens for data=tokens
  leyden new NAME [--lightning]   a project that trains and tests
  leyden new --conf PACKAGE.CLASS the YAML of a class of yours, from its signature and docstring
  leyden schema                   JSON Schemas of the YAML files, and an editor's settings for them
  leyden adopt [FOLDER]           the project file of a project with Hydra and Lightning

  leyden VERB --help              more about a verb
  --json                          for other programs: plan, data, eval, generate, runs, diff,
                                  compare, doctor

Exit status: 0 success, 1 failed, 2 the request is wrong and nothing was started,
3 a sweep with failed jobs, 4 diverged, 75 interrupted.
"""

TRAIN = """\
leyden train [overrides]: one run; with -m, or an experiment that says so, a sweep.

  leyden train                                     an MLP on digits
  leyden train model=gpt data=stdlib_text          choose an option of a group
  leyden train model.width=64 optimizer.lr=3e-3    set a key
  leyden train params=1e6                          solve the width for a size
  leyden train -m optimizer=sgd,adamw,muon         a sweep
  leyden train -m optimizer.lr='tag(log, interval(1e-4, 1e-1))' hydra/sweeper=optuna   a search

Groups (conf/) and their options:
{groups}
{own}
At the root:
  name       folder of the run under outputs/
  seed       weights, order of data, augmentation, dropout
  params     number of parameters wanted
  monitor    .metric, .mode, .reduce: what is best
  metrics    NAME: {{_target_: torchmetrics...}}: metrics besides those of the task
  init_from  a run's folder, a checkpoint or a file of weights to start from, or hf:PATH_OR_NAME
  strict     false: of these weights, what fits
  freeze     [stem, blocks.0]: not trained; {{stem: 200, blocks.0: null}}: until step 200, never
  budget     .flops, .seconds, .tokens or .steps: how long the run is
  run_dir    the run's or sweep's folder
  sweep      .grid .zip .when .list .exclude .repeat: its jobs; .retry .fail_fast .on_drift .report
             .budget: its time;
             .reuse: take results of earlier runs that are the same

Sweeps (conf/hydra/):
{engines}

  --cfg job             show the config instead of running it
  --info                how it was composed
  --config-dir FOLDER   a folder of your own options, laid out like conf/
  --hydra-help          Hydra's other flags; `eval "$(leyden -sc install=bash)"` completes
"""


def train_help(config_dir: Path | None = None) -> str:
    """The text, with every option that there is.

    Args:
        config_dir: A folder of the user's own options; None: there is none.
    """
    rows = [(group, options(CONF / group)) for group in GROUPS]
    rows.append(("experiment", options(EXPERIMENTS)))
    engines = [
        (f"hydra/{name}", options(CONF / "hydra" / name)) for name in ("launcher", "sweeper")
    ]
    return TRAIN.format(
        groups=_lines(rows, 12),
        own="".join(map(_own, _own_folders(config_dir))),
        engines=_lines(engines, 16),
    )


def _own_folders(config_dir: Path | None) -> list[tuple[Path, list[tuple[str, Path]]]]:
    """The user's own folders, each with its groups and their folders."""
    from leyden.config.project import current_project

    project = current_project()
    found = []
    for folder in (config_dir, None if project is None else project.conf):
        if folder is not None:
            inner = sorted(path for path in folder.iterdir() if path.is_dir())
            found.append((folder, [(path.name, path) for path in inner]))
    if project is not None and project.experiments is not None:
        found.append((project.experiments, [("experiment", project.experiments)]))
    return found


def _own(place: tuple[Path, list[tuple[str, Path]]]) -> str:
    from leyden.formatting import shown_path

    folder, groups = place
    rows = [(name, names) for name, path in groups if (names := options(path))]
    width = max([12, *(len(name) + 2 for name, _ in rows)])
    return f"\nIn {shown_path(folder)}:\n{_lines(rows, width)}\n" if rows else ""


def _lines(rows: list[tuple[str, str]], width: int) -> str:
    return "\n".join(f"  {group:<{width}}{names}" for group, names in rows)


def config_dir_of(arguments: list[str]) -> Path | None:
    """The folder that `--config-dir` names among some arguments.

    Raises:
        ConfigError: There is no such folder.
    """
    from leyden.errors import ConfigError, Problem

    parser = ArgumentParser(add_help=False)
    parser.add_argument("--config-dir", "-cd", type=Path)
    folder: Path | None = parser.parse_known_args(arguments)[0].config_dir
    if folder is not None and not folder.is_dir():
        raise ConfigError([Problem("--config-dir", "there is no such folder", str(folder))])
    return folder


def options(folder: Path) -> str:
    """Names of the files below a folder, as they are typed; inner folders have their own lines."""
    names = sorted(path.stem for path in folder.glob("*.yaml"))
    nested = [
        " ".join(f"{inner.name}/{path.stem}" for path in sorted(inner.glob("*.yaml")))
        for inner in sorted(folder.iterdir())
        if inner.is_dir()
    ]
    lines = textwrap.wrap(" ".join(names), 84) + nested
    return f"\n{INDENT}".join(lines)
