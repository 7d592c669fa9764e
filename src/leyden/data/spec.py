"""The spec of a data set: all that a model and a task have to know of it."""

from dataclasses import dataclass, field
from typing import Literal

DataKind = Literal["image", "table", "series", "text"]
TaskName = Literal["classification", "regression", "language_modeling"]

TASK_OF_KIND: dict[DataKind, TaskName] = {
    "image": "classification",
    "series": "regression",
    "text": "language_modeling",
}
"""The usual task of each kind. A table says itself whether it holds classes or numbers."""


@dataclass(frozen=True)
class Spec:
    """The shape of a data set. Networks are built to it, and it decides the task.

    Attributes:
        kind: Images, rows of a table, stretches of a series, or text.
        input_shape: Shape of one sample: (channels, height, width) of an image, (features,) of a
            row, (lags, features) of a series, (context,) of text.
        num_outputs: Classes, numbers to predict, or tokens of the vocabulary.
        task: Task of the data; None: the usual one of its kind.
        class_names: Names of the classes; empty where they have none.
        class_counts: Training samples of each class; empty where they are not counted.
        feature_names: Names of the features of a table, in their order; empty where they have none.
        target_name: Name of what is predicted, with its unit.
        target_mean: Numbers are predicted as (target - target_mean) / target_std, so that losses
            of all data sets are alike; metrics are in the target's own unit.
        target_std: Standard deviation of the target, see `target_mean`.
        baseline_rmse: Errors of simple forecasts of a series, by part and model.
        unigram_nats: Entropy of single tokens of text: the loss of a model that sees no context.
        bytes_per_token: UTF-8 bytes of a predicted token of text, the mean of each part, for bits
            per byte.
        is_stream: Whether each row of a batch of text continues the same row of the last batch.
        separator: The token before each document of text, where these are to be hidden from each
            other; None: a window is read as one text.
        num_tokens: Tokens of the vocabulary of text, where something else is predicted; None:
            `num_outputs`.
        padding: The token that fills up short texts; None: no text is filled up.
    """

    kind: DataKind
    input_shape: tuple[int, ...]
    num_outputs: int
    task: TaskName | None = None
    class_names: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = field(default=(), compare=False)
    feature_names: tuple[str, ...] = ()
    target_name: str = "target"
    target_mean: float = 0.0
    target_std: float = 1.0
    baseline_rmse: dict[str, dict[str, float]] = field(default_factory=dict)
    unigram_nats: float | None = None
    bytes_per_token: dict[str, float] = field(default_factory=dict)
    is_stream: bool = False
    separator: int | None = None
    num_tokens: int | None = None
    padding: int | None = None

    def __post_init__(self) -> None:
        if self.task is None and self.kind not in TASK_OF_KIND:
            raise ValueError("a table's Spec says task='classification' or task='regression'")
        if self.task_name == "classification" and self.num_outputs < 2:
            raise ValueError("a classification needs two classes or more in num_outputs")

    @property
    def task_name(self) -> TaskName:
        """What is done with the data."""
        return self.task or TASK_OF_KIND[self.kind]

    @property
    def vocab_size(self) -> int:
        """Number of different tokens of text."""
        return self.num_outputs if self.num_tokens is None else self.num_tokens
