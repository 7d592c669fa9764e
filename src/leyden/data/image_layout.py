"""Which folders of a user's images are classes, and which are parts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from leyden.data.image_formats import UNREAD_PICTURES, is_image
from leyden.data.report import DataReport
from leyden.data.splitting import PARTS, Part, part_of_name
from leyden.data.unreadable import Unreadable
from leyden.walk import by_ending, find_files, is_debris

Labelled = list[tuple[Path, str]]
"""Files with the names of their classes."""


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


@dataclass(frozen=True)
class Layout:
    """The images of a set.

    Attributes:
        root: The folder that holds the classes or the parts.
        classes: Names of the classes, in their order.
        parts: What is in folders of the parts; `train` alone where there are none, or one.
        folders: Names of the folders of the parts; none where images are drawn.
    """

    root: Path
    classes: list[str]
    parts: dict[Part, Labelled]
    folders: dict[Part, str]


def find_layout(root: Path, report: DataReport) -> Layout:
    """The classes and parts of a folder; what is left out is told to the report.

    Raises:
        Unreadable: There are no classes, or what the folders are is not certain.
    """
    found = find_files(root)
    images = [file for file in found.files if is_image(file)]
    chosen = set(images)
    others = [file for file in found.files if file not in chosen]
    left_out = found.left_out + by_ending(others)
    for reason, count in left_out.items():
        report.files_left_out[reason] = count
    warn_of_pictures(others, report)
    return layout_of(Tree.of(root, images, others), report)


def warn_of_pictures(others: Sequence[Path], report: DataReport) -> None:
    """Warns of files that a person would count as pictures."""
    counts = Counter(
        file.suffix.lower() for file in others if file.suffix.lower() in UNREAD_PICTURES
    )
    for ending, count in counts.items():
        report.warnings.append(
            f"{count:,} files with the ending {ending} are not read: save them as .png or .jpg"
        )


def layout_of(tree: Tree, report: DataReport) -> Layout:
    """Tells folders of parts from folders of classes."""
    named = {name: part for name in tree.filled if (part := part_of_name(name))}
    plain = [name for name in tree.filled if name not in named]
    trains = [name for name, part in named.items() if part == "train"]
    if named and (not plain or any(tree.inner(name).filled for name in trains)):
        return layout_of_parts(tree, named, report)
    if set(named) - set(trains):
        folder = next(name for name in named if name not in trains)
        raise Unreadable(
            "path",
            f"{tree.root} has a folder `{folder}`, which names a part, beside the classes"
            f" {listed(plain)}: put these into {tree.root / 'train'}, or rename `{folder}`",
        )
    for name in tree.filled:
        if any(part_of_name(one) == "train" for one in tree.inner(name).filled):
            return layout_below(tree, name, report)
    if trains:
        report.notes.append(f"the folder `{trains[0]}` is taken as a class: others lie beside it")
    return layout_of_classes(tree, report)


def layout_below(tree: Tree, name: str, report: DataReport) -> Layout:
    """The layout of a folder that holds one of the parts, if it is the only one."""
    if len(tree.filled) == 1:
        leave_out(report, f"directly in {tree.root.name}/", len(tree.direct))
        return layout_of(tree.inner(name), report)
    if all(any(map(part_of_name, tree.inner(one).filled)) for one in tree.filled):
        raise Unreadable(
            "path",
            f"{tree.root / name} has folders of parts within a class: put the parts above the"
            f" classes, as {tree.root / 'train' / name}",
        )
    raise Unreadable(
        "path",
        f"{tree.root / name} holds folders of parts, and lies beside {listed(tree.filled, name)};"
        f" is data.path={tree.root / name} meant?",
    )


def layout_of_parts(tree: Tree, named: dict[str, Part], report: DataReport) -> Layout:
    """The layout of a folder that holds `train`, and perhaps other parts."""
    folders: dict[Part, str] = {}
    for name, part in named.items():
        if part in folders:
            raise Unreadable(
                "path",
                f"{tree.root} has folders `{folders[part]}` and `{name}`, which both name the part"
                f" {part}: join them or rename one",
            )
        folders[part] = name
    if "train" not in folders:
        raise Unreadable(
            "path",
            f"{tree.root} has {listed(named)}, which name parts, and no folder `train` to train"
            " on; make one, or put the classes of all parts together",
        )
    for name in tree.folders:
        of_name = part_of_name(name)
        if of_name and not tree.folders[name] and of_name not in folders:
            raise none_given(tree, name, "no folders with images")
        if of_name is None:
            leave_out(report, f"in {name}/, which names no part", len(tree.folders[name]))
    leave_out(report, f"directly in {tree.root.name}/", len(tree.direct))
    classes = classes_of(tree.inner(folders["train"]))
    parts: dict[Part, Labelled] = {}
    for part in PARTS:
        labelled = labelled_of(tree, folders, part, classes, report) if part in folders else []
        if labelled:
            parts[part] = labelled
    folders = {part: folders[part] for part in PARTS if part in parts}
    return Layout(tree.root, classes, parts, folders)


def labelled_of(
    tree: Tree, folders: dict[Part, str], part: Part, classes: list[str], report: DataReport
) -> Labelled:
    """The images of a part; none where they lie in no folders of classes."""
    inner = tree.inner(folders[part])
    leave_out(report, f"in no class of {folders[part]}/", len(inner.direct))
    if not inner.filled:
        report.warnings.append(
            f"{folders[part]}/ has {len(inner.direct):,} images and no folders of classes: they"
            " are left out, and some of the training images take their place"
        )
        return []
    for name in inner.filled:
        if name not in classes:
            near = get_close_matches(name, classes, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            raise Unreadable(
                "path", f"{inner.root} has a class `{name}`, which is not among {classes}{hint}"
            )
    lacking = [name for name in classes if name not in inner.filled]
    if lacking:
        report.warnings.append(
            f"{folders[part]}/ has no images of {listed(lacking)}: no metric of {part} tells of it"
        )
    return [(file, name) for name in classes for file in inner.filled.get(name, ())]


def layout_of_classes(tree: Tree, report: DataReport) -> Layout:
    """The layout of a folder that holds classes."""
    classes = classes_of(tree)
    leave_out(report, f"in no class of {tree.root.name}/", len(tree.direct))
    train = [(file, name) for name in classes for file in tree.filled[name]]
    return Layout(tree.root, classes, {"train": train}, {})


def classes_of(tree: Tree) -> list[str]:
    """The names of the classes.

    Raises:
        Unreadable: There are fewer than two, or a folder gives no image.
    """
    classes = list(tree.filled)
    if len(classes) < 2:
        number = "1 folder" if classes else "no folders"
        message = f"{tree.root} has {number} with images; one folder a class is needed"
        if not classes:
            files = [file for files in tree.others.values() for file in files]
            message += f", not {len(tree.direct):,} images in one" if tree.direct else ""
            raise Unreadable("path", message + endings_of(files))
        inner = tree.root / classes[0]
        if len(tree.inner(classes[0]).filled) > 1:
            message += f"; if the folders in {inner} are the classes, type data.path={inner}"
        raise Unreadable("path", message)
    for name, images in tree.folders.items():
        if not images:
            raise none_given(tree, name, "no images")
    return classes


def none_given(tree: Tree, name: str, what: str) -> Unreadable:
    """Says of a folder that nothing in it can be used, and why."""
    return Unreadable(
        "path",
        f"{tree.root / name} has {what}{endings_of(tree.others[name])}; if it is no class, rename"
        f" it to `.{name}` or move it",
    )


def endings_of(files: Sequence[Path]) -> str:
    """What there is instead of images."""
    counts = by_ending(files)
    if not counts:
        return ""
    return f" ({', '.join(f'{count:,} with {what}' for what, count in counts.most_common(4))})"


def leave_out(report: DataReport, reason: str, count: int) -> None:
    """Counts images that are not used."""
    if count:
        report.files_left_out[reason] = report.files_left_out.get(reason, 0) + count


def listed(names: Iterable[str], without: str = "") -> str:
    """Some of the names, for a message."""
    chosen = [f"`{name}`" for name in names if name != without]
    return ", ".join(chosen[:5]) + (f" and {len(chosen) - 5} more" if len(chosen) > 5 else "")
