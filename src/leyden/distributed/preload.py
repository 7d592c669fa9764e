"""Imported once by the process that jobs are forked from: what a run needs, and nothing done yet.

Neither threads nor CUDA may be touched here: both do not survive a fork.
"""

import gc
import os
from importlib import import_module

from leyden.compat import light_torchmetrics

NEEDED = (
    "leyden.training.execute",
    "leyden.cli.observer",
    "matplotlib.backends.backend_agg",
    "matplotlib.font_manager",
    "PIL.PngImagePlugin",
    "torch.utils.tensorboard.summary",
)

os.setsid()  # a signal to the group of the sweep is not for it
light_torchmetrics.install()
gc.disable()  # it would look through what is imported again and again, here and in each job
for name in NEEDED:
    import_module(name)
gc.freeze()
gc.enable()
