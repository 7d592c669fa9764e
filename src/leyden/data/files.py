"""Files of the user's."""

from pathlib import Path


def visible_files(folder: Path) -> list[Path]:
    """Files below a folder, in the order of their names."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )
