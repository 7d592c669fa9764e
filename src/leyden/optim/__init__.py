"""Optimizers and learning-rate schedules: pure torch.

An optimizer is a function of the network, which it sorts into parameter groups; a schedule is a
function of the optimizer and of the run's number of steps. Adding one: a function here and a YAML
in `conf/optimizer/` or `conf/scheduler/`.
"""

from leyden.optim.adamw import adamw
from leyden.optim.groups import decay_groups, hidden_matrices
from leyden.optim.muon import Muon, muon
from leyden.optim.schedules import constant, cosine, wsd
from leyden.optim.sgd import sgd

__all__ = [
    "Muon",
    "adamw",
    "constant",
    "cosine",
    "decay_groups",
    "hidden_matrices",
    "muon",
    "sgd",
    "wsd",
]
