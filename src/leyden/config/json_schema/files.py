"""The schema of each group and of experiments, as files; and the YAML files that each is for."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from leyden.config.json_schema.found import OF_NAMES, Found, found_in
from leyden.config.json_schema.hints import Schema, any_of
from leyden.config.json_schema.nodes import NULL, Nodes
from leyden.config.json_schema.sections import root, section, trainer
from leyden.config.location import CONF, EXPERIMENTS
from leyden.config.project import current_project
from leyden.config.schema import Root
from leyden.config.signature import fields_of
from leyden.config.validate import SECTIONS
from leyden.errors import ConfigError, Problem
from leyden.files.atomic import write_atomically

DRAFT = "https://json-schema.org/draft/2020-12/schema"
EXPERIMENT = "experiment"
PRIMARY = "config"
OF_HYDRA = ("hydra/launcher", "hydra/sweeper")


@dataclass(frozen=True)
class Places:
    """The folders of a project that schemas are for.

    Attributes:
        folder: Folder of the project, or the working folder.
        output: Folder of the schemas.
        conf: Folder of its configs; it need not be there.
        experiments: Folder of its experiments; it need not be there.
        is_strict: Whether its configs are Leyden's own, not those of another program.
    """

    folder: Path
    output: Path
    conf: Path
    experiments: Path
    is_strict: bool

    @classmethod
    def of_working_folder(cls, output: Path | None) -> "Places":
        """Those of the project that the working folder lies in.

        Args:
            output: Folder of the schemas; None: `.leyden/schemas` of the project.

        Raises:
            ConfigError: The folder is a file.
        """
        project = current_project()
        folder = Path.cwd() if project is None else project.folder
        output = (output or folder / ".leyden" / "schemas").absolute()
        if any(path.is_file() for path in (output, *output.parents)):
            raise ConfigError([Problem("--output", "is a file; name a folder", str(output))])
        conf, experiments = folder / "conf", folder / "experiments"
        if project is not None:
            conf, experiments = project.conf or conf, project.experiments or experiments
        is_strict = project is None or project.primary is None
        return cls(folder, output, conf, experiments, is_strict)

    def globs(self, group: str) -> list[str]:
        """The YAML files that the schema of a group is for, relative to the folder."""
        conf = self._relative(self.conf)
        if group == PRIMARY:
            return [f"{conf}/{PRIMARY}.yaml"] if self.is_strict else [f"{conf}/*.yaml"]
        own = [f"{conf}/{group}/**/*.yaml"]
        if group == EXPERIMENT:
            own.append(f"{self._relative(self.experiments)}/**/*.yaml")
        return own

    def schema_path(self, group: str) -> str:
        """Path of a schema as an editor takes it, relative to the folder."""
        path = self._relative(self.output / file_name(group))
        return path if path.startswith("/") else f"./{path}"

    def modeline(self, group: str) -> str:
        """The line by which a YAML file of a group names its schema itself."""
        start = self.conf / group
        path = os.path.relpath(self.output / file_name(group), start)
        return f"# yaml-language-server: $schema={Path(path).as_posix()}"

    def _relative(self, path: Path) -> str:
        if path.is_relative_to(self.folder):
            return path.relative_to(self.folder).as_posix()
        return path.as_posix()


def file_name(group: str) -> str:
    """Name of the file of a schema."""
    return f"{group.replace('/', '.')}.json"


def written_schemas(places: Places) -> list[str]:
    """Writes the schemas; gives the groups that they are of."""
    schemas = all_schemas(places)
    places.output.mkdir(parents=True, exist_ok=True)
    for group, schema in schemas.items():
        text = json.dumps(schema, indent=1, ensure_ascii=False)
        write_atomically(places.output / file_name(group), f"{text}\n")
    return list(schemas)


def all_schemas(places: Places) -> dict[str, Schema]:
    """The schema of each group, of experiments, and of a whole config."""
    found = found_in(
        [CONF, *_there(places.conf, CONF)], [EXPERIMENTS, *_there(places.experiments, EXPERIMENTS)]
    )
    groups = sorted(found.packages.keys() - {EXPERIMENT})
    schemas = {}
    for group in [*groups, EXPERIMENT, PRIMARY]:
        nodes = Nodes(found, is_strict=places.is_strict)
        schema = _file_schema(group, nodes, found.packages.get(group, set()))
        title = "a config" if group == PRIMARY else f"the group {group} of Leyden's configs"
        schemas[group] = {"$schema": DRAFT, "title": title, **schema, "$defs": nodes.defs}
    return schemas


def _there(folder: Path, other: Path) -> list[Path]:
    return [folder] if folder.is_dir() and folder.resolve() != other.resolve() else []


def _file_schema(group: str, nodes: Nodes, packages: set[str]) -> Schema:
    """The schema of the files of a group: each is put where its package says."""
    if group in (EXPERIMENT, PRIMARY):
        return any_of([NULL, root(nodes)])
    kinds = []
    for package in sorted(packages):
        if package == "_global_":
            kinds.append(root(nodes))
        else:
            kinds.append(_part(group if package == "_group_" else package, nodes))
    return any_of([NULL, *kinds])


def _part(key: str, nodes: Nodes) -> Schema:
    """What a file holds that is put at a key."""
    if key == "trainer":
        return trainer(is_strict=nodes.is_strict, is_file=True)
    if key in OF_NAMES:
        return nodes.named(key, is_file=True)
    if key in SECTIONS and key != "task":
        return section(SECTIONS[key], is_strict=nodes.is_strict, is_file=True)
    if key in fields_of(Root) or key in OF_HYDRA:
        return nodes.group(key, is_file=True)
    return {"type": "object"} | nodes.any_node(key, _targets(nodes.found, key))


def _targets(found: Found, key: str) -> set[str]:
    return found.targets.get(key, set())
