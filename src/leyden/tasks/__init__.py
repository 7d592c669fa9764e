"""Tasks: the LightningModules. What is computed and logged in a step; no layers.

The data's kind decides the task. Each task says in `metrics` what it logs.
"""

from leyden.tasks.classification import Classification
from leyden.tasks.language_modeling import LanguageModeling

__all__ = ["TASKS", "Classification", "LanguageModeling", "Task"]

Task = Classification | LanguageModeling

TASKS: dict[str, type[Task]] = {"image": Classification, "text": LanguageModeling}
"""The task of each kind of data."""
