"""The loop over epochs: Lightning's own, with a look at the generators of random numbers."""

from leyden.compat import lightning
from leyden.compat.lightning import training_loaders
from leyden.tasks.log_values import loop_of


class FitLoop(lightning.FitLoop):
    """Keeps the generators as they are before the training loaders are made; see `data.replay`."""

    def setup_data(self) -> None:
        replay = loop_of(self.trainer).replay
        if replay is not None and not training_loaders(self.trainer):
            replay.note_start()
        super().setup_data()
