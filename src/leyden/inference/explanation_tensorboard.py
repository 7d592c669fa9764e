"""The pictures of an explanation in TensorBoard, as a run of its own beside that of the metrics."""

from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from leyden.inference.explanation_content import Content, png_of
from leyden.inference.explanation_page import METHOD_WORDS

FOLDER = "explanation"


def write_to_tensorboard(content: Content, run: Path) -> Path:
    """Writes an event file into the folder `explanation` of a run.

    Args:
        content: What was found.
        run: Folder of the run.

    Returns:
        The folder. Its steps count the explanations, so that earlier ones can be seen again.
    """
    from torch.utils.tensorboard import SummaryWriter

    folder, taken = run / FOLDER, Counter[str]()
    step = len([*folder.glob("events.out.*")])
    with SummaryWriter(str(folder)) as writer:
        words = [f"By {METHOD_WORDS[content.method]}.", *content.lines, *content.notes]
        writer.add_text(content.method, "\n\n".join(words), step)
        for section in content.sections:
            for name, figure in {**section.pictures, **section.folded}.items():
                with Image.open(BytesIO(png_of(figure))) as image:
                    pixels = np.asarray(image.convert("RGB"))
                taken[name] += 1  # files of several folders may have one name
                number = f" ({taken[name]})" if taken[name] > 1 else ""
                tag = f"{content.method}/{name}{number}"
                writer.add_image(tag, pixels, step, dataformats="HWC")
    return folder
