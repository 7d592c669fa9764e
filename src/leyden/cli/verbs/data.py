"""`leyden data`: reads a data set and describes it, trains nothing."""

import argparse
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from leyden.cli.parser import Parser, Verbs, add_json, add_verb
from leyden.cli.request import compose_words

if TYPE_CHECKING:
    from leyden.config.job import Job
    from leyden.data import DataModule


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `data`."""
    parser = add_verb(
        verbs,
        "data",
        show_data_sets,
        usage="[overrides] [--json]; overrides as in `leyden train`",
        description="Reads the data, tells what is in it and what is left out, and draws a picture"
        " into outputs/data. Trains nothing.",
        takes_overrides=True,
    )
    add_json(parser)


def show_data_sets(options: argparse.Namespace) -> int:
    """Describes the data of a request, each data set once."""
    composed = compose_words(options.overrides, without=("model",))
    from leyden.cli.console import print_json
    from leyden.cli.data_table import show_description
    from leyden.data import DataModule
    from leyden.errors import ConfigError, Problem
    from leyden.planning.cache import Cache
    from leyden.planning.frozen_values import complete_tokenizer, with_absolute_paths
    from leyden.planning.resolve import cached_data

    cache = Cache()
    found: dict[int, tuple[Job, DataModule]] = {}
    with redirect_stdout(sys.stderr):  # whatever a constructor of the user's prints
        for job in composed.jobs:
            cfg = with_absolute_paths(job.cfg)
            complete_tokenizer(cfg)
            try:
                data, _, problems = cached_data(cfg, cache, fetch=True)
            except ConfigError as error:
                raise ConfigError(map(job.located, error.problems)) from error
            if not isinstance(data, DataModule):
                name = type(data).__name__
                message = f"{name} is no leyden.data.DataModule; only these can be described"
                raise ConfigError([job.located(Problem("data", message))])
            # How it is trained on is another matter.
            problems = [one for one in problems if one.key != "data.batch_size"]
            if problems:
                raise ConfigError(map(job.located, problems))
            found.setdefault(id(data), (job, data))
    described = [describe(job, data) for job, data in found.values()]
    if options.json:
        print_json(described if composed.sweep else described[0])
        return 0
    for (_, data), one in zip(found.values(), described, strict=True):
        show_description(data, one)
    return 0


def describe(job: "Job", data: "DataModule") -> dict[str, object]:
    """All that is known of a data set, and the path of its picture."""
    spec, fingerprint = data.spec, data.fingerprint()
    return {
        "data": job.choices["data"],
        "path": getattr(data, "path", None) and str(data.path),  # type: ignore[attr-defined]
        "kind": spec.kind,
        "task": spec.task_name,
        "input_shape": list(spec.input_shape),
        "num_outputs": spec.num_outputs,
        **data.report.as_plain(),
        "content": fingerprint["content"],
        "picture": str(picture(job, data)),
    }


def picture(job: "Job", data: "DataModule") -> Path:
    """Draws a data set into a file that its option and its path name."""
    from leyden.analysis.data_picture import draw_data
    from leyden.files.atomic import replacing
    from leyden.sweeps.report.style import png

    name, path = job.choices["data"], getattr(data, "path", None)
    if path is not None:  # of two files of one name each has its picture
        where = Path(str(path)).absolute()
        name = f"{name}-{where.parent.name}-{where.stem}"
    from leyden.run.folder import outputs_folder

    folder = outputs_folder() / "data"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.png"
    with replacing(file) as staged:
        staged.write(png(draw_data(data)))
    return file
