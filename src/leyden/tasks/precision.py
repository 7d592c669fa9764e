"""16-bit networks, and targets that keep their bits."""

from typing import Any

from pytorch_lightning.plugins.precision import HalfPrecision

HALF = ("bf16-true", "16-true")


class HalfInputs(HalfPrecision):
    """Lightning's 16-bit precision, which leaves the targets of a batch as they are.

    Lightning converts targets too: numbers to be predicted would be rounded to three digits, and so
    would be the losses and errors that are measured by them.
    """

    def convert_input(self, data: Any) -> Any:
        inputs, targets = data
        return super().convert_input(inputs), targets
