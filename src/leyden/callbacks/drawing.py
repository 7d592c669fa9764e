"""What the pictures in TensorBoard share: their font, their colours, names of axes."""

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

BLACK, RED, WHITE = (0, 0, 0), (214, 39, 40), (255, 255, 255)
FONT_SIZE, LINE, GAP = 14, 24, 8


def show(writer: SummaryWriter, tag: str, picture: Image.Image, step: int) -> None:
    """Puts a picture into TensorBoard."""
    writer.add_image(tag, np.asarray(picture), step, dataformats="HWC")


@cache
def font() -> ImageFont.FreeTypeFont:
    """Matplotlib's, which knows more letters than Pillow's own."""
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(path, FONT_SIZE)


def axis_name(name: str, length: int) -> Image.Image:
    """A line with a name in its middle."""
    line = Image.new("RGB", (length, LINE), WHITE)
    ImageDraw.Draw(line).text((length / 2, LINE / 2), name, fill=BLACK, font=font(), anchor="mm")
    return line


def picture_of(image: Float[Tensor, "channels height width"]) -> Image.Image:
    """An image of any range, from black to white."""
    low, high = image.min(), image.max()
    pixels = (255 * (image - low) / (high - low).clamp_min(1e-6)).byte()
    pixels = pixels.expand(3, -1, -1) if len(pixels) == 1 else pixels[:3]
    return Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())
