"""Imported once by the process that jobs are forked from: what a run needs, and nothing done yet.

Neither threads nor CUDA may be touched here: both do not survive a fork.
"""

from importlib import import_module

NEEDED = (
    "leyden.execution",
    "matplotlib.backends.backend_agg",
    "matplotlib.font_manager",
    "PIL.PngImagePlugin",
    "sklearn.datasets",
    "tensorboard.plugins.hparams.summary_v2",
    "torch.utils.tensorboard.summary",
)

for name in NEEDED:
    import_module(name)
