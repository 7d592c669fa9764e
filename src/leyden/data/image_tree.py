"""The images below a folder, by its own folders."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leyden.data.folder_names import is_of_images, part_within
from leyden.files.walk import is_debris


@dataclass
class Tree:
    """The images below a folder.

    Attributes:
        root: The folder.
        direct: Images that lie in it.
        folders: Those below each of its folders; all of these are here, the empty ones too.
        others: Files that are no images, below each folder.
    """

    root: Path
    direct: list[Path] = field(default_factory=list)
    folders: dict[str, list[Path]] = field(default_factory=dict)
    others: dict[str, list[Path]] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path, images: Sequence[Path], others: Sequence[Path]) -> "Tree":
        """The images and other files below a folder, by its own folders."""
        names = sorted(
            one.name
            for one in root.iterdir()
            if one.is_dir() and not one.name.startswith(".") and not is_debris(one.name)
        )
        tree = cls(root, folders={name: [] for name in names}, others={name: [] for name in names})
        for file in images:
            first, *rest = file.relative_to(root).parts
            (tree.folders[first] if rest else tree.direct).append(file)
        for file in others:
            first, *rest = file.relative_to(root).parts
            if rest:
                tree.others[first].append(file)
        return tree

    @property
    def filled(self) -> dict[str, list[Path]]:
        """The folders that hold images."""
        return {name: images for name, images in self.folders.items() if images}

    def inner(self, name: str) -> "Tree":
        """What is below one of the folders."""
        return Tree.of(self.root / name, self.folders[name], self.others[name])

    def without_shell(self) -> "Tree":
        """What is below the lone folder that only repeats the name of this one, if there is one.

        `seg_train/seg_train/CLASS` is what unpacking an archive often leaves; `train/images/CLASS`
        is another form.
        """
        if len(self.filled) != 1 or self.direct:
            return self
        (name,) = self.filled
        part = part_within(name)
        repeats = name.lower() == self.root.name.lower() or is_of_images(name)
        if repeats or (part and part == part_within(self.root.name)):
            return self.inner(name).without_shell()
        return self

    def only(self, names: Collection[str]) -> "Tree":
        """The same with some of the folders."""
        folders = {name: self.folders[name] for name in self.folders if name in names}
        return Tree(self.root, self.direct, folders, {name: self.others[name] for name in folders})


def listed(names: Iterable[str], without: str = "") -> str:
    """Some of the names, for a message."""
    chosen = [f"`{name}`" for name in names if name != without]
    return ", ".join(chosen[:5]) + (f" and {len(chosen) - 5} more" if len(chosen) > 5 else "")
