"""What Hydra says when it can't compose a config, in one line."""

import re

from omegaconf.errors import ConfigAttributeError, ConfigKeyError
from yaml import YAMLError

from leyden.compat.hydra import ConfigLoader
from leyden.errors import Problem, suggestion


def composition_problem(error: Exception, loader: ConfigLoader) -> Problem:
    """What was wrong, with the key, the options that there are, and the file.

    Args:
        error: Raised by Hydra, OmegaConf or the YAML reader.
        loader: Knows the options of each group.
    """
    cause = error.__cause__
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and cause.object_type is not None:
        known = getattr(cause.object_type, "__dataclass_fields__", {})
        key = str(cause.full_key)
        parent = key.rpartition(".")[0]
        hint = suggestion(str(cause.key), known, prefix=f"{parent}." if parent else "")
        return Problem(key, f"no such key in {cause.object_type.__name__}; {hint}")
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    missing = re.search(r"Could not find '([^']+)/([^'/]+)'", str(error))
    # What an experiment without its package line chooses lands in a group of its own name.
    nested = re.search(r"Could not find 'experiment/(\w+)/|@experiment\.(\w+)", str(error))
    if nested:
        group = nested.group(1) or nested.group(2)
        message = (
            "needs `# @package _global_` as its first line,"
            f" and `override /{group}: ...` in its defaults"
        )
        return Problem("experiment", message, origin=lines[0].removeprefix("In ").split(":")[0])
    if missing:
        group, option = missing.groups()
        origin = lines[0].removeprefix("In ").split(":")[0].strip("'")
        known = loader.repository.get_group_options(group)
        return Problem(group, f"no such option; {suggestion(option, known)}", option, origin)
    if isinstance(error, YAMLError):
        return Problem("YAML", " ".join(lines))
    primary = re.search(r"Cannot find primary config '([^']+)'", str(error))
    if primary:
        message = "there is no such config; `--config-dir FOLDER` adds a folder to look in"
        return Problem("--config-name", message, primary.group(1))
    return Problem("config", " ".join(lines))
