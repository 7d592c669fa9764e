"""Callbacks: one file, one job.

Those that `conf/callbacks/` names can be removed by `callbacks.NAME=null`; a run always has
those that `train.run_callbacks` names.
"""

from leyden.callbacks.best_checkpoint import BestCheckpoint
from leyden.callbacks.early_stopping import early_stopping
from leyden.callbacks.final_validation import FinalValidation
from leyden.callbacks.forecast import Forecast
from leyden.callbacks.gradient_norm import GradientNorm
from leyden.callbacks.graph import Graph
from leyden.callbacks.histograms import Histograms
from leyden.callbacks.hyperparameters import Hyperparameters
from leyden.callbacks.known_states import KnownStates
from leyden.callbacks.learning_rate import LearningRate
from leyden.callbacks.non_finite import NonFinite
from leyden.callbacks.optimizer_mode import OptimizerMode
from leyden.callbacks.parameter_values import ParameterValues
from leyden.callbacks.plateau_observer import PlateauObserver
from leyden.callbacks.predictions import Predictions
from leyden.callbacks.progress import Progress
from leyden.callbacks.pruning import Pruning
from leyden.callbacks.recorder import Recorder
from leyden.callbacks.resume_checkpoint import ResumeCheckpoint
from leyden.callbacks.resume_state import ResumeState
from leyden.callbacks.same_config import SameConfig
from leyden.callbacks.shared_buffers import SharedBuffers
from leyden.callbacks.step_loss import StepLoss
from leyden.callbacks.stop_after import StopAfter
from leyden.callbacks.summary import Summary
from leyden.callbacks.text_samples import TextSamples
from leyden.callbacks.throughput import Throughput
from leyden.callbacks.utilisation import Utilisation
from leyden.callbacks.weight_averaging import weight_averaging

__all__ = [
    "BestCheckpoint",
    "FinalValidation",
    "Forecast",
    "GradientNorm",
    "Graph",
    "Histograms",
    "Hyperparameters",
    "KnownStates",
    "LearningRate",
    "NonFinite",
    "OptimizerMode",
    "ParameterValues",
    "PlateauObserver",
    "Predictions",
    "Progress",
    "Pruning",
    "Recorder",
    "ResumeCheckpoint",
    "ResumeState",
    "SameConfig",
    "SharedBuffers",
    "StepLoss",
    "StopAfter",
    "Summary",
    "TextSamples",
    "Throughput",
    "Utilisation",
    "early_stopping",
    "weight_averaging",
]
