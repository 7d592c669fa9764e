"""`leyden data`: reads a data set and describes it, trains nothing."""

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from leyden.cli.planned import plan_of

if TYPE_CHECKING:
    from leyden.config.job import Job
    from leyden.data import DataModule

USAGE = "leyden data [overrides] [--json]; overrides as in `leyden train`\n"
FOLDER = Path("outputs") / "data"


def data_verb(arguments: list[str]) -> int:
    """Describes the data of a request, each data set once."""
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(f"{USAGE}Reads the data, tells what is in it and what is left out, and")
        sys.stdout.write(f" draws a picture into {FOLDER}. Trains nothing.\n")
        return 0
    words = [argument for argument in arguments if argument != "--json"]
    plan = plan_of(words)
    from leyden.errors import ConfigError
    from leyden.planning.resolve import Memo, look, with_absolute_paths

    memo = Memo()
    found: dict[int, tuple[Job, DataModule]] = {}
    with redirect_stdout(sys.stderr):  # whatever a constructor of the user's prints
        for job in plan.jobs:
            cfg = with_absolute_paths(job.cfg)
            try:
                data, _, problems = look(cfg, memo, fetch=True)
            except ConfigError as error:
                raise ConfigError(map(job.located, error.problems)) from error
            # How it is trained on is another matter.
            problems = [one for one in problems if one.key != "data.batch_size"]
            if problems:
                raise ConfigError(map(job.located, problems))
            found.setdefault(id(data), (job, data))
    described = [describe(job, data) for job, data in found.values()]
    if "--json" in arguments:
        sys.stdout.write(json.dumps(described if plan.sweep else described[0], indent=2) + "\n")
        return 0
    from leyden.cli.data_table import show_description

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
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{name}.png"
    with replacing(file) as staged:
        staged.write(png(draw_data(data)))
    return file
