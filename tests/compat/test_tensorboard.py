"""Summaries and events that are made already reach the event file."""

import time

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from torch.utils.tensorboard import SummaryWriter

from leyden.compat.tensorboard import add_event, add_summary


def summary(value):
    return Summary(value=[Summary.Value(tag="mine", simple_value=value)])


def test_they_are_written(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        add_summary(writer, summary(1.0))
        add_event(writer, Event(step=7, wall_time=time.time(), summary=summary(2.0)))
    read = EventAccumulator(str(tmp_path))
    read.Reload()
    assert [(one.step, one.value) for one in read.Scalars("mine")] == [(0, 1.0), (7, 2.0)]
