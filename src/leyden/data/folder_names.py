"""What the names of folders say of the images in them: a part, or masks that are no samples."""

import re

from leyden.data.splitting import Part, part_of_name

IMAGE_WORDS = {"image", "images", "img", "imgs", "photo", "photos", "picture", "pictures"}
IMAGE_WORDS |= {"jpegimages", "rgb", "color", "colour", "original", "originals", "raw"}
MASK_WORDS = {"mask", "masks", "label", "labels", "annotation", "annotations", "annot", "gt"}
MASK_WORDS |= {"segmentation", "segmentations", "segmentationclass", "segmentationobject"}
MASK_WORDS |= {"depth", "depths", "ground", "truth", "groundtruth", "trimap", "trimaps"}
FORMAT_WORDS = {"png", "jpg", "jpeg", "tif", "tiff", "bmp"}


def words_of(name: str) -> list[str]:
    """The words of a name in lower case: of `PublicTest`, `seg_train`, `train2017`, ..."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]+", name)]


def part_within(name: str) -> Part | None:
    """The part that one of the words of a name says: `seg_train`, `test-set`, `PublicTest`.

    `train_val` is to train on; a name with words of other two parts says none.
    """
    words = [word.removesuffix("set") or word for word in words_of(name)]
    parts = {part for word in words if (part := part_of_name(word))}
    if "trainval" in words or parts == {"train", "val"}:
        return "train"
    return parts.pop() if len(parts) == 1 else None


def is_of_images(name: str) -> bool:
    """Whether a folder's name says no more than that images are in it."""
    words = words_of(name)
    return bool(words) and set(words) <= IMAGE_WORDS | FORMAT_WORDS


def is_of_masks(name: str) -> bool:
    """Whether a folder's name says that its pictures belong to other images: masks, depths."""
    words = set(words_of(name))
    return bool(words & MASK_WORDS) and words <= MASK_WORDS | IMAGE_WORDS | FORMAT_WORDS
