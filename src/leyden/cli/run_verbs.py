"""The verbs that take up a run from its folder."""

import sys
from pathlib import Path

EXIT_STATUS = {"completed": 0, "diverged": 4, "interrupted": 75}
FAILED, WRONG_REQUEST = 1, 2

RESUME_USAGE = """\
leyden resume RUN [key=value ...]

  goes on from the newest sound checkpoint to the planned end; trainer.max_epochs=30 and the like
  make the run longer, other keys need resume.allow_change=[KEY]
"""


def resume_verb(arguments: list[str]) -> int:
    """Goes on with a run."""
    is_asked = bool({"-h", "--help"} & set(arguments))
    if is_asked or not arguments:
        (sys.stdout if is_asked else sys.stderr).write(RESUME_USAGE)
        return 0 if is_asked else WRONG_REQUEST
    from leyden.cli.console import print_path
    from leyden.cli.terminal import shown_path
    from leyden.config.request import without_password
    from leyden.config.validate import check
    from leyden.errors import ConfigError
    from leyden.training.resume import job_of
    from leyden.training.train import train

    job = job_of(Path(arguments[0]), arguments[1:])
    problems = check(job)
    if problems:
        raise ConfigError(problems)
    record = train(job, command=["leyden", "resume", *map(without_password, arguments)])
    if record.is_kept:
        print_path(shown_path(record.folder))
    return EXIT_STATUS.get(record.status, FAILED)
