"""What torch's TensorBoard writer keeps private and Leyden needs.

Its public `add_hparams` makes a run of its own for the hyperparameters, and its `add_*` write each
event from the caller's thread. `tests/compat/test_tensorboard.py` fails when it changes.
"""

from typing import Any

from torch.utils.tensorboard import SummaryWriter


def add_summary(writer: SummaryWriter, summary: Any) -> None:
    """Adds a summary that is made already, such as those of the HPARAMS tab."""
    writer._get_file_writer().add_summary(summary)  # type: ignore[no-untyped-call]


def add_event(writer: SummaryWriter, event: Any) -> None:
    """Hands an event to the thread that writes them."""
    writer._get_file_writer().event_writer.add_event(event)  # type: ignore[no-untyped-call]
