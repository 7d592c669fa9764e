"""The layout of a folder of images: which folders are classes, and which are parts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from leyden.data.errors import DataError, override, quoted_list
from leyden.data.images.folders import (
    FolderTree,
    agreeing_splits,
    exact_splits,
    holds_splits,
    require_classes,
    without_masks,
)
from leyden.data.images.formats import UNSUPPORTED_ENDINGS, is_image
from leyden.data.report import DataReport
from leyden.data.split_names import SPLITS, SplitName, split_in_name, split_named
from leyden.files.walk import by_ending, find_files

Labelled = list[tuple[Path, str]]
"""Files with the names of their classes."""
NOT_CHOSEN = "in folders that data.classes does not name"


@dataclass(frozen=True)
class FolderLayout:
    """The images of a set.

    Attributes:
        root: Folder that holds the classes or the parts.
        classes: Names of the classes, in order.
        parts: Images of each part; `train` alone where folders name none, or one.
        folders: Names of the folders of the parts; none where images are drawn.
    """

    root: Path
    classes: list[str]
    parts: dict[SplitName, Labelled]
    folders: dict[SplitName, str]


def find_layout(
    root: Path, report: DataReport, *, chosen: Sequence[str] | None = None
) -> FolderLayout:
    """The classes and parts of a folder; the report counts what is left out.

    Args:
        root: The folder.
        report: Report that is told of it.
        chosen: Names of the folders that are the classes; None: all.

    Raises:
        DataError: There are no classes, or what the folders are is not certain.
    """
    found = find_files(root)
    images = [file for file in found.files if is_image(file)]
    is_chosen = set(images)
    others = [file for file in found.files if file not in is_chosen]
    left_out = found.left_out + by_ending(others)
    for reason, count in left_out.items():
        report.files_left_out[reason] = count
    warn_of_unread_pictures(others, report)
    return folder_layout(FolderTree.of(root, images, others), chosen, report)


def warn_of_unread_pictures(others: Sequence[Path], report: DataReport) -> None:
    """Warns of files that a person would count as pictures."""
    counts = Counter(
        file.suffix.lower() for file in others if file.suffix.lower() in UNSUPPORTED_ENDINGS
    )
    for ending, count in counts.items():
        report.warnings.append(
            f"{count:,} files with the ending {ending} are not read: save them as .png or .jpg"
        )


def folder_layout(
    tree: FolderTree, chosen: Sequence[str] | None, report: DataReport
) -> FolderLayout:
    """Tells folders of parts from folders of classes."""
    if chosen is not None and set(chosen) <= set(tree.folders):
        return layout_of_classes(tree, chosen, report)
    named = {**exact_splits(tree), **agreeing_splits(tree)}
    plain = [name for name in tree.filled if name not in named]
    trains = [name for name, part in named.items() if part == "train"]
    if named and (not plain or any(tree.inner(name).filled for name in trains)):
        return layout_of_splits(tree, named, chosen, report)
    if set(named) - set(trains):
        folder = next(name for name in named if name not in trains)
        raise DataError(
            "path",
            f"{tree.root} has a folder `{folder}`, which names a part, beside the classes"
            f" {quoted_list(plain)}: put these into {tree.root / 'train'}, or rename `{folder}`",
        )
    for name in tree.filled:
        if holds_splits(tree.inner(name)):
            return layout_below(tree, name, chosen, report)
    if trains:
        report.notes.append(f"the folder `{trains[0]}` is taken as a class: others lie beside it")
    return layout_of_classes(tree, chosen, report)


def layout_below(
    tree: FolderTree, name: str, chosen: Sequence[str] | None, report: DataReport
) -> FolderLayout:
    """The layout of a folder that holds one of the parts, if it is the only one."""
    if len(tree.filled) == 1:
        count_left_out(report, f"directly in {tree.root.name}/", len(tree.direct))
        return folder_layout(tree.inner(name), chosen, report)
    if all(any(map(split_in_name, tree.inner(one).filled)) for one in tree.filled):
        raise DataError(
            "path",
            f"{tree.root / name} has folders of parts within a class: put the parts above the"
            f" classes, as {tree.root / 'train' / name}",
        )
    raise DataError(
        "path",
        f"{tree.root / name} holds folders of parts, and lies beside"
        f" {quoted_list(tree.filled, name)}; is {override('path', str(tree.root / name))} meant?",
    )


def layout_of_splits(
    tree: FolderTree, named: dict[str, SplitName], chosen: Sequence[str] | None, report: DataReport
) -> FolderLayout:
    """The layout of a folder that holds `train`, and perhaps other parts."""
    folders: dict[SplitName, str] = {}
    for name, part in named.items():
        if part in folders:
            raise DataError(
                "path",
                f"{tree.root} has folders `{folders[part]}` and `{name}`, which both name the part"
                f" {part}: join them or rename one, as to `.{name}` to leave it out",
            )
        folders[part] = name
    if "train" not in folders:
        raise DataError(
            "path",
            f"{tree.root} has {quoted_list(named)}, which name parts, and no folder `train` to"
            " train on; make one, or put the classes of all parts together",
        )
    for name in tree.folders:
        of_name = named.get(name, split_named(name))
        if of_name and not tree.folders[name] and of_name not in folders:
            raise without_images(tree, name, "no folders with images")
        if of_name is None:
            count_left_out(report, f"in {name}/, which names no part", len(tree.folders[name]))
    count_left_out(report, f"directly in {tree.root.name}/", len(tree.direct))
    train = tree.inner(folders["train"]).without_wrapper()
    if len(train.root.parts) > len(tree.root.parts) + 1:
        report.notes.append(f"the folders of classes are those in {train.root}")
    classes = classes_of(train, chosen)
    parts: dict[SplitName, Labelled] = {}
    for part in SPLITS:
        labelled = (
            labelled_images(tree, folders, part, classes, chosen, report) if part in folders else []
        )
        if labelled:
            parts[part] = labelled
    folders = {part: folders[part] for part in SPLITS if part in parts}
    return FolderLayout(tree.root, classes, parts, folders)


def labelled_images(
    tree: FolderTree,
    folders: dict[SplitName, str],
    part: SplitName,
    classes: list[str],
    chosen: Sequence[str] | None,
    report: DataReport,
) -> Labelled:
    """The images of a part; none where they lie in no folders of classes."""
    inner = tree.inner(folders[part]).without_wrapper()
    count_left_out(report, f"in no class of {folders[part]}/", len(inner.direct))
    if not inner.filled:
        report.warnings.append(
            f"{folders[part]}/ has {len(inner.direct):,} images and no folders of classes: they"
            " are left out, and some of the training images take their place"
        )
        return []
    for name in list(inner.filled):
        if name not in classes and chosen is not None:
            count_left_out(report, NOT_CHOSEN, len(inner.folders.pop(name)))
        elif name not in classes:
            near = get_close_matches(name, classes, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            raise DataError(
                "path", f"{inner.root} has a class `{name}`, which is not among {classes}{hint}"
            )
    lacking = [name for name in classes if name not in inner.filled]
    if lacking:
        report.warnings.append(
            f"{folders[part]}/ has no images of {quoted_list(lacking)}:"
            f" no metric of {part} tells of it"
        )
    return without_masks(inner, classes, report)


def layout_of_classes(
    tree: FolderTree, chosen: Sequence[str] | None, report: DataReport
) -> FolderLayout:
    """The layout of a folder that holds classes."""
    classes = classes_of(tree, chosen)
    count_left_out(report, f"in no class of {tree.root.name}/", len(tree.direct))
    for name, images in tree.filled.items():
        count_left_out(report, NOT_CHOSEN, len(images) if name not in classes else 0)
        if chosen is None and (part := split_in_name(name)) and split_named(name) is None:
            report.warnings.append(
                f"the folder `{name}` is taken as a class, not as the part {part}"
            )
    return FolderLayout(tree.root, classes, {"train": without_masks(tree, classes, report)}, {})


def classes_of(tree: FolderTree, chosen: Sequence[str] | None) -> list[str]:
    """The names of the classes.

    Raises:
        DataError: There are fewer than two, a folder gives no image, or what the folders are is
            not certain and the user does not say it.
    """
    if chosen is not None:
        for name in chosen:
            if name not in tree.folders:
                there = quoted_list(tree.filled) or "none"
                raise DataError("classes", f"{tree.root} has no folder `{name}`; it has {there}")
        tree = tree.only(chosen)
    classes = list(tree.filled)
    if len(classes) < 2:
        number = "1 folder" if classes else "no folders"
        message = f"{tree.root} has {number} with images; one folder a class is needed"
        if not classes:
            files = [file for files in tree.others.values() for file in files]
            message += f", not {len(tree.direct):,} images in one" if tree.direct else ""
            raise DataError("path", message + list_endings(files))
        inner = tree.root / classes[0]
        if len(tree.inner(classes[0]).filled) > 1:
            message += (
                f"; if the folders in {inner} are the classes, type {override('path', str(inner))}"
            )
        raise DataError("path", message)
    for name, images in tree.folders.items():
        if not images:
            raise without_images(tree, name, "no images")
    if chosen is None:
        require_classes(tree)
    return classes


def without_images(tree: FolderTree, name: str, what: str) -> DataError:
    """The error for a folder without images that can be used."""
    return DataError(
        "path",
        f"{tree.root / name} has {what}{list_endings(tree.others[name])}; if it is no class, rename"
        f" it to `.{name}` or move it",
    )


def list_endings(files: Sequence[Path]) -> str:
    """The endings of files in brackets, for a message; empty without files."""
    counts = by_ending(files)
    if not counts:
        return ""
    return f" ({', '.join(f'{count:,} with {what}' for what, count in counts.most_common(4))})"


def count_left_out(report: DataReport, reason: str, count: int) -> None:
    """Counts images that are not used."""
    if count:
        report.files_left_out[reason] = report.files_left_out.get(reason, 0) + count
