"""The folders below a folder of images: their names, and those that may be no classes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leyden.data.errors import DataError, override, quoted_list
from leyden.data.report import DataReport
from leyden.data.split_names import SplitName, split_in_name, split_named, words_of
from leyden.files.walk import is_debris

IMAGE_WORDS = {"image", "images", "img", "imgs", "photo", "photos", "picture", "pictures"}
IMAGE_WORDS |= {"jpegimages", "rgb", "color", "colour", "original", "originals", "raw"}
MASK_WORDS = {"mask", "masks", "label", "labels", "annotation", "annotations", "annot", "gt"}
MASK_WORDS |= {"segmentation", "segmentations", "segmentationclass", "segmentationobject"}
MASK_WORDS |= {"depth", "depths", "ground", "truth", "groundtruth", "trimap", "trimaps"}
FORMAT_WORDS = {"png", "jpg", "jpeg", "tif", "tiff", "bmp"}


def names_images(name: str) -> bool:
    """Whether the name of a folder names images in general, such as `images`."""
    words = words_of(name)
    return bool(words) and set(words) <= IMAGE_WORDS | FORMAT_WORDS


def names_masks(name: str) -> bool:
    """Whether the name of a folder names masks, depths or the like of other images."""
    words = set(words_of(name))
    return bool(words & MASK_WORDS) and words <= MASK_WORDS | IMAGE_WORDS | FORMAT_WORDS


@dataclass
class FolderTree:
    """The images below a folder.

    Attributes:
        root: Path of the folder.
        direct: Images directly in it.
        folders: Images below each of its folders, the empty ones too.
        others: Other files below each of its folders.
    """

    root: Path
    direct: list[Path] = field(default_factory=list)
    folders: dict[str, list[Path]] = field(default_factory=dict)
    others: dict[str, list[Path]] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path, images: Sequence[Path], others: Sequence[Path]) -> "FolderTree":
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

    def inner(self, name: str) -> "FolderTree":
        """The tree of one of the folders."""
        return FolderTree.of(self.root / name, self.folders[name], self.others[name])

    def without_wrapper(self) -> "FolderTree":
        """The tree below a single folder that repeats the name of this one, if there is one.

        `seg_train/seg_train/CLASS` is what unpacking an archive often leaves; `train/images/CLASS`
        is another form.
        """
        if len(self.filled) != 1 or self.direct:
            return self
        (name,) = self.filled
        part = split_in_name(name)
        repeats = name.lower() == self.root.name.lower() or names_images(name)
        if repeats or (part and part == split_in_name(self.root.name)):
            return self.inner(name).without_wrapper()
        return self

    def only(self, names: Collection[str]) -> "FolderTree":
        """The same tree with some of the folders."""
        folders = {name: self.folders[name] for name in self.folders if name in names}
        return FolderTree(
            self.root, self.direct, folders, {name: self.others[name] for name in folders}
        )


def exact_splits(tree: FolderTree) -> dict[str, SplitName]:
    """The folders with images that are called as a part is."""
    return {name: part for name in tree.filled if (part := split_named(name))}


def agreeing_splits(tree: FolderTree) -> dict[str, SplitName]:
    """The folders with a part as a word of their names, if their contents agree.

    The one to train on has folders of classes, and at least one other part has some of the same
    folders, or nothing else than images; `seg_train` and `seg_test` are an example.

    Raises:
        DataError: Several parts are named, and what is in the folders does not agree.
    """
    exact = exact_splits(tree)
    within = {
        name: part
        for name in tree.filled
        if name not in exact and (part := split_in_name(name)) and part not in exact.values()
    }
    if not within:
        return {}
    folders = {name: set(tree.inner(name).without_wrapper().filled) for name in {**exact, **within}}
    trains = [name for name, part in {**exact, **within}.items() if part == "train"]
    classes = {one for name in trains for one in folders[name]}
    others = [name for name in {**exact, **within} if name not in trains]
    if len(classes) > 1 and others:
        agreeing = [name for name in others if folders[name] and folders[name] <= classes]
        flat = [name for name in others if not folders[name]]
        is_whole = len(folders) == len(tree.filled) and len(agreeing) + len(flat) == len(others)
        if agreeing or is_whole:
            kept = {*trains, *agreeing, *flat}
            return {name: part for name, part in within.items() if name in kept}
    if len({*exact.values(), *within.values()}) > 1:
        names = sorted({**exact, **within})
        classes_typed = override("classes", list(tree.filled))
        raise DataError(
            "path",
            f"{tree.root} has {quoted_list(names)}, whose names say parts, and no folders of the"
            f" same classes in them; if they are classes, type {classes_typed}; else make folders"
            " train/CLASS and test/CLASS",
        )
    return {}


def holds_splits(tree: FolderTree) -> bool:
    """Whether a folder seems to hold parts of a data set."""
    parts = [split_in_name(name) for name in tree.filled]
    is_certain = "train" in exact_splits(tree).values()
    return is_certain or ("train" in parts and len({*parts} - {None}) > 1)


def require_classes(tree: FolderTree) -> None:
    """Requires that folders are not likely to be something else than classes.

    Raises:
        DataError: They hold the same folders, or one holds folders called like the others, or
            they are images and their masks.
    """
    classes = list(tree.filled)
    typed = f"type {override('classes', classes)}"
    if all(names_images(one) or names_masks(one) for one in classes) and any(
        map(names_masks, classes)
    ):
        images = next(filter(names_images, classes), None)
        below = images and len(tree.inner(images).filled) > 1
        there = f"{override('path', str(tree.root / str(images)))} reads its folders as classes; "
        raise DataError(
            "path",
            f"{tree.root} has {quoted_list(classes)}, which seem to be images and what belongs to"
            f" them, no classes; {there if below else ''}if they are classes, {typed}",
        )
    inner = {name: tree.inner(name).without_wrapper() for name in classes}
    for name, own in inner.items():
        same = [one for one in own.filled if one in classes]
        if len(same) > 1:
            others = [one for one in classes if one != name]
            raise DataError(
                "path",
                f"{own.root} has folders {quoted_list(same)}, which lie beside it too: type"
                f" {override('classes', others)} to leave it out, or"
                f" {override('path', str(own.root))} to read it alone; if it is a class, {typed}",
            )
    first = next(iter(inner.values()))
    held = [set(one.filled) for one in inner.values()]
    forms = {one for one in set.intersection(*held) if not (names_masks(one) or names_images(one))}
    if len(forms) > 1 and 2 * len(forms) > len(set.union(*held)):
        raise DataError(
            "path",
            f"{quoted_list(classes)} hold the same folders {quoted_list(sorted(forms))}: if these"
            f" are the classes, type {override('path', str(first.root))} to read one of"
            f" {len(classes)}; if {quoted_list(classes)} are, {typed}",
        )


def without_masks(
    tree: FolderTree, classes: Sequence[str], report: DataReport
) -> list[tuple[Path, str]]:
    """The images of the classes with the names of these; masks beside images are left out."""
    labelled: list[tuple[Path, str]] = []
    for name in classes:
        images = tree.filled.get(name, [])
        masks: dict[Path, str] = {}
        depth = len(tree.root.parts) + 1
        for file in images:
            between = file.parts[depth:-1]
            if word := next(filter(names_masks, between), None):
                masks[file] = word
        if len(masks) == len(images):
            masks = {}
        for word in sorted(set(masks.values())):
            count = sum(one == word for one in masks.values())
            reason = f"in folders {word}/ beside images"
            if reason not in report.files_left_out:
                report.warnings.append(
                    f"folders `{word}` within classes are taken for masks, and left out; rename"
                    " them if they hold images of the class"
                )
            report.files_left_out[reason] = report.files_left_out.get(reason, 0) + count
        labelled += [(file, name) for file in images if file not in masks]
    return labelled
