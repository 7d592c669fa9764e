"""The settings of an editor that name the schemas: `yaml.schemas` in `.vscode/settings.json`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leyden.config.json_schema.files import Places
from leyden.files.atomic import write_atomically

KEY = "yaml.schemas"


@dataclass(frozen=True)
class EditorSettings:
    """Settings of VS Code, and of other editors that read its file.

    Attributes:
        file: `.vscode/settings.json`.
        schemas: The YAML files that each schema is for, by its path.
    """

    file: Path
    schemas: dict[str, list[str]]

    @classmethod
    def of(cls, places: Places, groups: list[str]) -> "EditorSettings":
        """Those of a project.

        Args:
            places: Its folders.
            groups: Groups that there are schemas of.
        """
        schemas = {places.schema_path(group): places.globs(group) for group in groups}
        return cls(places.folder / ".vscode" / "settings.json", schemas)

    @property
    def text(self) -> str:
        """What is added, as JSON."""
        return json.dumps({KEY: self.schemas}, indent=4, ensure_ascii=False)

    def write(self) -> str | None:
        """Adds the schemas to the file; all else in it stays. Gives why it can't be, or None."""
        settings: Any = {}
        if self.file.is_file():
            try:
                settings = json.loads(self.file.read_text(encoding="utf-8") or "{}")
            except UnicodeDecodeError:
                return "is not UTF-8"
            except ValueError as error:
                return f"has comments, or is no JSON ({error}), so it would lose something"
        if not isinstance(settings, dict):
            return "is no mapping"
        before = settings.get(KEY, {})
        if not isinstance(before, dict):
            return f"has `{KEY}`, which is no mapping"
        added = {path: _merged(before.get(path), globs) for path, globs in self.schemas.items()}
        settings[KEY] = before | added
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.file, json.dumps(settings, indent=4, ensure_ascii=False) + "\n")
        return None


def _merged(before: Any, globs: list[str]) -> list[str]:
    """The files that a schema was for already, and those that it is for now."""
    kept = before if isinstance(before, list) else [before] if isinstance(before, str) else []
    return [*kept, *(one for one in globs if one not in kept)]
