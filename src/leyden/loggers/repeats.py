"""Values that are logged twice."""

from collections.abc import Mapping


class Repeats:
    """Leaves out what was said of a step before.

    A step is logged at once where a checkpoint follows, and later again.
    """

    def __init__(self) -> None:
        self.step: int | None = None
        self.said: dict[str, float] = {}

    def new(self, metrics: Mapping[str, float], step: int | None) -> dict[str, float]:
        """Those of the values that were not said of this step before.

        Args:
            metrics: Values by name.
            step: Step that they belong to.
        """
        if step is None or step != self.step:
            self.step, self.said = step, {}
        new = {name: value for name, value in metrics.items() if self.said.get(name) != value}
        self.said |= new
        return new
