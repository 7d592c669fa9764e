"""Which folders of a user's images are classes, and which are parts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from leyden.data.errors import Unreadable, listed, to_type
from leyden.data.images.folders import (
    Tree,
    agreeing_parts,
    exact_parts,
    holds_parts,
    refuse_doubtful,
    without_masks,
)
from leyden.data.images.formats import UNREAD_PICTURES, is_image
from leyden.data.report import DataReport
from leyden.data.split_names import PARTS, Part, part_of_name, part_within
from leyden.files.walk import by_ending, find_files

Labelled = list[tuple[Path, str]]
"""Files with the names of their classes."""
NOT_CHOSEN = "in folders that data.classes does not name"


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


def find_layout(root: Path, report: DataReport, *, chosen: Sequence[str] | None = None) -> Layout:
    """The classes and parts of a folder; what is left out is told to the report.

    Args:
        root: The folder.
        report: It is told.
        chosen: Names of the folders that are the classes; None: all.

    Raises:
        Unreadable: There are no classes, or what the folders are is not certain.
    """
    found = find_files(root)
    images = [file for file in found.files if is_image(file)]
    is_chosen = set(images)
    others = [file for file in found.files if file not in is_chosen]
    left_out = found.left_out + by_ending(others)
    for reason, count in left_out.items():
        report.files_left_out[reason] = count
    warn_of_pictures(others, report)
    return layout_of(Tree.of(root, images, others), chosen, report)


def warn_of_pictures(others: Sequence[Path], report: DataReport) -> None:
    """Warns of files that a person would count as pictures."""
    counts = Counter(
        file.suffix.lower() for file in others if file.suffix.lower() in UNREAD_PICTURES
    )
    for ending, count in counts.items():
        report.warnings.append(
            f"{count:,} files with the ending {ending} are not read: save them as .png or .jpg"
        )


def layout_of(tree: Tree, chosen: Sequence[str] | None, report: DataReport) -> Layout:
    """Tells folders of parts from folders of classes."""
    if chosen is not None and set(chosen) <= set(tree.folders):
        return layout_of_classes(tree, chosen, report)
    named = {**exact_parts(tree), **agreeing_parts(tree)}
    plain = [name for name in tree.filled if name not in named]
    trains = [name for name, part in named.items() if part == "train"]
    if named and (not plain or any(tree.inner(name).filled for name in trains)):
        return layout_of_parts(tree, named, chosen, report)
    if set(named) - set(trains):
        folder = next(name for name in named if name not in trains)
        raise Unreadable(
            "path",
            f"{tree.root} has a folder `{folder}`, which names a part, beside the classes"
            f" {listed(plain)}: put these into {tree.root / 'train'}, or rename `{folder}`",
        )
    for name in tree.filled:
        if holds_parts(tree.inner(name)):
            return layout_below(tree, name, chosen, report)
    if trains:
        report.notes.append(f"the folder `{trains[0]}` is taken as a class: others lie beside it")
    return layout_of_classes(tree, chosen, report)


def layout_below(tree: Tree, name: str, chosen: Sequence[str] | None, report: DataReport) -> Layout:
    """The layout of a folder that holds one of the parts, if it is the only one."""
    if len(tree.filled) == 1:
        leave_out(report, f"directly in {tree.root.name}/", len(tree.direct))
        return layout_of(tree.inner(name), chosen, report)
    if all(any(map(part_within, tree.inner(one).filled)) for one in tree.filled):
        raise Unreadable(
            "path",
            f"{tree.root / name} has folders of parts within a class: put the parts above the"
            f" classes, as {tree.root / 'train' / name}",
        )
    raise Unreadable(
        "path",
        f"{tree.root / name} holds folders of parts, and lies beside {listed(tree.filled, name)};"
        f" is {to_type('path', str(tree.root / name))} meant?",
    )


def layout_of_parts(
    tree: Tree, named: dict[str, Part], chosen: Sequence[str] | None, report: DataReport
) -> Layout:
    """The layout of a folder that holds `train`, and perhaps other parts."""
    folders: dict[Part, str] = {}
    for name, part in named.items():
        if part in folders:
            raise Unreadable(
                "path",
                f"{tree.root} has folders `{folders[part]}` and `{name}`, which both name the part"
                f" {part}: join them or rename one, as to `.{name}` to leave it out",
            )
        folders[part] = name
    if "train" not in folders:
        raise Unreadable(
            "path",
            f"{tree.root} has {listed(named)}, which name parts, and no folder `train` to train"
            " on; make one, or put the classes of all parts together",
        )
    for name in tree.folders:
        of_name = named.get(name, part_of_name(name))
        if of_name and not tree.folders[name] and of_name not in folders:
            raise none_given(tree, name, "no folders with images")
        if of_name is None:
            leave_out(report, f"in {name}/, which names no part", len(tree.folders[name]))
    leave_out(report, f"directly in {tree.root.name}/", len(tree.direct))
    train = tree.inner(folders["train"]).without_shell()
    if len(train.root.parts) > len(tree.root.parts) + 1:
        report.notes.append(f"the folders of classes are those in {train.root}")
    classes = classes_of(train, chosen)
    parts: dict[Part, Labelled] = {}
    for part in PARTS:
        labelled = (
            labelled_of(tree, folders, part, classes, chosen, report) if part in folders else []
        )
        if labelled:
            parts[part] = labelled
    folders = {part: folders[part] for part in PARTS if part in parts}
    return Layout(tree.root, classes, parts, folders)


def labelled_of(
    tree: Tree,
    folders: dict[Part, str],
    part: Part,
    classes: list[str],
    chosen: Sequence[str] | None,
    report: DataReport,
) -> Labelled:
    """The images of a part; none where they lie in no folders of classes."""
    inner = tree.inner(folders[part]).without_shell()
    leave_out(report, f"in no class of {folders[part]}/", len(inner.direct))
    if not inner.filled:
        report.warnings.append(
            f"{folders[part]}/ has {len(inner.direct):,} images and no folders of classes: they"
            " are left out, and some of the training images take their place"
        )
        return []
    for name in list(inner.filled):
        if name not in classes and chosen is not None:
            leave_out(report, NOT_CHOSEN, len(inner.folders.pop(name)))
        elif name not in classes:
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
    return without_masks(inner, classes, report)


def layout_of_classes(tree: Tree, chosen: Sequence[str] | None, report: DataReport) -> Layout:
    """The layout of a folder that holds classes."""
    classes = classes_of(tree, chosen)
    leave_out(report, f"in no class of {tree.root.name}/", len(tree.direct))
    for name, images in tree.filled.items():
        leave_out(report, NOT_CHOSEN, len(images) if name not in classes else 0)
        if chosen is None and (part := part_within(name)) and part_of_name(name) is None:
            report.warnings.append(
                f"the folder `{name}` is taken as a class, not as the part {part}"
            )
    return Layout(tree.root, classes, {"train": without_masks(tree, classes, report)}, {})


def classes_of(tree: Tree, chosen: Sequence[str] | None) -> list[str]:
    """The names of the classes.

    Raises:
        Unreadable: There are fewer than two, a folder gives no image, or what the folders are is
            not certain and the user does not say it.
    """
    if chosen is not None:
        for name in chosen:
            if name not in tree.folders:
                there = listed(tree.filled) or "none"
                raise Unreadable("classes", f"{tree.root} has no folder `{name}`; it has {there}")
        tree = tree.only(chosen)
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
            message += (
                f"; if the folders in {inner} are the classes, type {to_type('path', str(inner))}"
            )
        raise Unreadable("path", message)
    for name, images in tree.folders.items():
        if not images:
            raise none_given(tree, name, "no images")
    if chosen is None:
        refuse_doubtful(tree)
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
