"""Tasks: the LightningModules. What is computed and logged in a step; no layers.

The data's kind decides the task. Each task says in `metrics` what it logs, and in `unit` what it
counts.
"""

from leyden.data.spec import Spec, TaskName
from leyden.tasks.classification import Classification
from leyden.tasks.language_modeling import LanguageModeling
from leyden.tasks.regression import Regression

__all__ = ["TASKS", "Classification", "LanguageModeling", "Regression", "Task", "task_of"]

Task = Classification | LanguageModeling | Regression

TASKS: dict[TaskName, type[Task]] = {
    "classification": Classification,
    "regression": Regression,
    "language_modeling": LanguageModeling,
}


def task_of(spec: Spec) -> type[Task]:
    """The task of a data set."""
    return TASKS[spec.task_name]
