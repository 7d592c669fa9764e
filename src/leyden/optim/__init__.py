"""Optimizers and learning-rate schedules: pure torch.

An optimizer is a function of the network, which it sorts into parameter groups; a schedule is a
function of the optimizer and of the run's number of steps. Adding one: a function here and a YAML
in `conf/optimizer/` or `conf/scheduler/`.
"""

from leyden.optim.adam import adam, adamw, nadam
from leyden.optim.adaptive import adafactor, adagrad, rmsprop
from leyden.optim.groups import decay_groups, hidden_matrices
from leyden.optim.muon import Muon, muon
from leyden.optim.plateau import Plateau, plateau
from leyden.optim.schedules import constant, cosine, inverse_sqrt, linear, one_cycle, step, wsd
from leyden.optim.sgd import sgd
from leyden.optim.third_party import lion, schedule_free_adamw, soap

__all__ = [
    "Muon",
    "Plateau",
    "adafactor",
    "adagrad",
    "adam",
    "adamw",
    "constant",
    "cosine",
    "decay_groups",
    "hidden_matrices",
    "inverse_sqrt",
    "linear",
    "lion",
    "muon",
    "nadam",
    "one_cycle",
    "plateau",
    "rmsprop",
    "schedule_free_adamw",
    "sgd",
    "soap",
    "step",
    "wsd",
]
