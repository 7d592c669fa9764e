"""Callbacks: one file, one job.

Those that `conf/callbacks/` names can be removed by `callbacks.NAME=null`; a run always has
those that `training.execute.required_callbacks` names.
"""

from leyden.callbacks.averaging import ScheduleFreeMode, weight_averaging
from leyden.callbacks.best_checkpoint import BestCheckpoint
from leyden.callbacks.embeddings import Embeddings
from leyden.callbacks.hyperparameters import Hyperparameters
from leyden.callbacks.known_states import CheckpointStateFilter
from leyden.callbacks.measurements import GradientNorm, LearningRate, ParameterValues, StepLoss
from leyden.callbacks.module_report import ModuleReport
from leyden.callbacks.monitor import MonitorName
from leyden.callbacks.non_finite import NonFinite
from leyden.callbacks.predictions import Forecast, Predictions
from leyden.callbacks.privacy import PrivacySpent
from leyden.callbacks.processes import BufferBroadcast, RequireSameConfig
from leyden.callbacks.progress import Progress
from leyden.callbacks.recorder import Recorder
from leyden.callbacks.resume_checkpoint import ResumeCheckpoint
from leyden.callbacks.resume_state import ResumeState
from leyden.callbacks.speed import Throughput, Utilisation
from leyden.callbacks.step_flops import StepFlops
from leyden.callbacks.stopping import Pruning, StopAfter, early_stopping
from leyden.callbacks.summary import Summary
from leyden.callbacks.tensorboard import Graph, Histograms
from leyden.callbacks.text_samples import TextSamples
from leyden.callbacks.validation import FinalValidation, PlateauMetric

__all__ = [
    "BestCheckpoint",
    "BufferBroadcast",
    "CheckpointStateFilter",
    "Embeddings",
    "FinalValidation",
    "Forecast",
    "GradientNorm",
    "Graph",
    "Histograms",
    "Hyperparameters",
    "LearningRate",
    "ModuleReport",
    "MonitorName",
    "NonFinite",
    "ParameterValues",
    "PlateauMetric",
    "Predictions",
    "PrivacySpent",
    "Progress",
    "Pruning",
    "Recorder",
    "RequireSameConfig",
    "ResumeCheckpoint",
    "ResumeState",
    "ScheduleFreeMode",
    "StepFlops",
    "StepLoss",
    "StopAfter",
    "Summary",
    "TextSamples",
    "Throughput",
    "Utilisation",
    "early_stopping",
    "weight_averaging",
]
