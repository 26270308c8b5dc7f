"""Figures of every epoch as TensorBoard reads them; written by the `tensorboard` package, under any Keras backend.

tensorboard --logdir var/training/tensorboard
"""

import time
from collections.abc import Mapping
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter


def add(folder: Path, figures: Mapping[str, float], *, epoch: int) -> None:
    """Adds one epoch's figures, by name, to the curves in `folder`."""
    values = [Summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
    writer = EventFileWriter(str(folder), filename_suffix=f".{epoch}")
    writer.add_event(Event(wall_time=time.time_ns() / 1e9, step=epoch, summary=Summary(value=values)))
    writer.close()
