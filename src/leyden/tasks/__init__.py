"""Tasks: the LightningModules. What is computed and logged in a step; no layers.

The data's kind decides the task. All of them derive from `Task`, as a task of a user's own does.
"""

from leyden.data.spec import TaskName
from leyden.tasks.classification import Classification
from leyden.tasks.language_modeling import LanguageModeling
from leyden.tasks.regression import Regression
from leyden.tasks.task import Task

__all__ = ["TASKS", "Classification", "LanguageModeling", "Regression", "Task"]

TASKS: dict[TaskName, type[Task]] = {
    "classification": Classification,
    "regression": Regression,
    "language_modeling": LanguageModeling,
}
