"""Whether predicted probabilities can be believed: the calibration diagram."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from PIL import Image, ImageDraw
from torch import Tensor

from leyden.callbacks.drawing import BLACK, GAP, LINE, WHITE, axis_name, font

BINS = 15
"""As in Guo et al. 2017, "On Calibration of Modern Neural Networks"."""

SIDE, BELOW, LEFT = 400, 90, 90  # of the diagram, of the counts below it, and of the margin
BLUE, PALE, GREY = (31, 119, 180), (165, 201, 225), (150, 150, 150)


@dataclass(frozen=True)
class Calibration:
    """How often predictions of a probability are right.

    Attributes:
        samples: Number of predictions in each bin of the probability, from 0 to 1.
        probability: Mean probability of each bin; NaN where it is empty.
        accuracy: Share that is right in each bin; NaN where it is empty.
    """

    samples: Int[Tensor, " bins"]
    probability: Float[Tensor, " bins"]
    accuracy: Float[Tensor, " bins"]

    @property
    def error(self) -> float:
        """Expected calibration error: mean distance of probability and accuracy over samples."""
        gaps = (self.probability - self.accuracy).abs().nan_to_num()
        return float((gaps * self.samples).sum() / self.samples.sum())


def calibration_of(
    shares: Float[Tensor, "n classes"], labels: Int[Tensor, " n"], bins: int = BINS
) -> Calibration:
    """Calibration of the likeliest class."""
    likeliest, guesses = shares.double().max(-1)
    place = (likeliest * bins).ceil().long().sub(1).clamp(0, bins - 1)
    samples = torch.bincount(place, minlength=bins)
    sums = (torch.bincount(place, weights, bins) for weights in (likeliest, guesses == labels))
    probability, accuracy = (one.double() / samples for one in sums)
    return Calibration(samples, probability, accuracy)


def calibration_diagram(found: Calibration) -> Image.Image:
    """Accuracy over probability, on a line where both are the same; below it the samples."""
    height = LINE + SIDE + LINE + BELOW + 2 * LINE + GAP
    picture = Image.new("RGB", (LEFT + SIDE + 3 * GAP, height), WHITE)
    draw = ImageDraw.Draw(picture)
    title = f"expected calibration error {found.error:.3f}"
    draw.text((LEFT + SIDE / 2, LINE / 2), title, fill=BLACK, font=font(), anchor="mm")
    low, floor = LINE + SIDE, LINE + SIDE + LINE + BELOW  # where both diagrams begin
    wide = SIDE / len(found.samples)
    most = int(found.samples.max())
    for place in found.samples.nonzero().flatten().tolist():
        left, right = LEFT + place * wide + 2, LEFT + (place + 1) * wide - 2
        count, accuracy = int(found.samples[place]), float(found.accuracy[place])
        draw.rectangle((left, low - SIDE * accuracy, right, low), fill=PALE)
        tall = max(2.0, BELOW * count / most)
        draw.rectangle((left, floor - tall, right, floor), fill=GREY)
        x, y = LEFT + SIDE * float(found.probability[place]), low - SIDE * accuracy
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=BLUE)
    draw.line((LEFT, low, LEFT + SIDE, low - SIDE), fill=BLACK, width=2)
    draw.rectangle((LEFT, low - SIDE, LEFT + SIDE, low), outline=BLACK)
    draw.line((LEFT, floor, LEFT + SIDE, floor), fill=BLACK)
    for tick in (0, 0.25, 0.5, 0.75, 1):
        text, here = f"{tick:g}", SIDE * tick
        draw.text((LEFT - GAP, low - here), text, fill=BLACK, font=font(), anchor="rm")
        draw.text((LEFT + here, floor + LINE / 2), text, fill=BLACK, font=font(), anchor="mm")
    for count, y in ((most, floor - BELOW), (0, floor)):
        draw.text((LEFT - GAP, y), str(count), fill=BLACK, font=font(), anchor="rm")
    below = axis_name("probability of the likeliest class", SIDE)
    picture.paste(below, (LEFT, floor + LINE))
    for name, length, top in (("share that is right", SIDE, LINE), ("samples", BELOW, low + LINE)):
        beside = axis_name(name, length).transpose(Image.Transpose.ROTATE_90)
        picture.paste(beside, (0, top))
    return picture
