"""The group `task` and further metrics, as commands of a user's."""

import csv

import pytest

from leyden.run.record import Record

AUROC = "metrics.auroc._target_=torchmetrics.classification.MulticlassAUROC"
HALVED = ("task._target_=own_tasks.Halved",)
SMOKE = ("trainer=smoke", "trainer.max_steps=2")


def trained(leyden, *words):
    result = leyden("train", *SMOKE, *words)
    assert result.status == 0, result.err
    return Record.read(result.folder)


def measured(record):
    return {name: value for name, value in record.metrics.items() if name != "throughput"}


@pytest.mark.parametrize(
    "words",
    [
        ("task.loss=focal", "task.class_weights=balanced"),
        ("task=classification", "task.loss=focal", "task.focal_gamma=0.5", "task.mixup=0.2"),
        ("task=regression", "task.loss=huber", "data=sine", "model=rnn"),
        ("task.loss=mae", "data=line"),
        ("task=language_modeling", "task.loss_chunk=64", "model=gpt", "data=stdlib_text"),
    ],
    ids=" ".join,
)
def test_a_task_trains_as_it_is_asked_to(leyden, words):
    record = trained(leyden, *words)
    assert record.status == "completed"
    assert "test/loss" in record.metrics


def test_a_task_that_is_named_is_the_one_of_the_data(leyden):
    of_data, named = trained(leyden), trained(leyden, "task=classification")
    assert of_data.losses == named.losses
    assert measured(of_data) == measured(named)


def test_a_further_metric_selects_and_is_recorded(leyden):
    record = trained(leyden, AUROC, "monitor.metric=val/auroc", "monitor.mode=max")
    assert 0 < record.metrics["test/auroc"] < 1
    assert "val/auroc" in (record.folder / "metrics.csv").read_text().splitlines()[0]
    again = leyden("eval", str(record.folder))
    assert f"{record.metrics['test/auroc']:.4g}" in again.out


def test_a_run_with_a_further_metric_resumes_to_the_same_end(leyden, monkeypatch):
    words = ("train", AUROC, "task.class_weights=balanced", "trainer.max_epochs=3")
    whole = leyden(*words, "run_dir=whole")
    monkeypatch.setenv("LEYDEN_FAULT", "raise@step:30")
    assert leyden(*words, "resume.every_steps=10", "run_dir=stopped").status != 0
    monkeypatch.delenv("LEYDEN_FAULT")
    assert leyden("resume", "stopped").status == 0
    stopped = Record.read(whole.folder.parent / "stopped")
    assert measured(stopped) == measured(Record.read(whole.folder))


def test_an_evaluation_counts_the_classes_of_the_run(leyden):
    record = trained(leyden, "data=blobs", "task.class_weights=balanced")
    assert leyden("eval", str(record.folder)).status == 0


@pytest.mark.parametrize("part", ["train", "val"])
def test_each_epoch_of_a_stream_begins_without_a_state(leyden, part):
    """Of a network that does not learn, each epoch has the losses of the first."""
    result = leyden(
        *("train", "model=rnn", "model.width=8", "data=stdlib_text", "data.max_bytes=20000"),
        *("data.stream=true", "data.context=32", "data.batch_size=64", "trainer.max_epochs=3"),
        *("optimizer=sgd", "optimizer.lr=1e-30", "trainer.log_every_n_steps=1"),
        *("trainer.max_steps=null", "callbacks.samples=null"),
    )
    assert result.status == 0, result.err
    with (result.folder / "metrics.csv").open() as file:
        found = [row[f"{part}/loss"] for row in csv.DictReader(file) if row[f"{part}/loss"]]
    per_epoch = len(found) // 3
    assert per_epoch >= (3 if part == "train" else 1)
    assert found[:per_epoch] == found[per_epoch : 2 * per_epoch] == found[2 * per_epoch :]
    assert len(set(found)) == per_epoch


TASK = """
import torch
from torchmetrics import MeanMetric
from leyden.tasks import Classification, Task


class Halved(Classification):
    def __init__(self, net, *, share: float = 0.5, **parts) -> None:
        super().__init__(net, **parts)
        self.share = share

    def training_step(self, batch, batch_index):
        return self.share * super().training_step(batch, batch_index)


class Silent(Task):
    @staticmethod
    def target_shape(spec):
        return ()

    def training_step(self, batch, batch_index):
        return self(batch[0]).sum()

    def evaluate(self, batch, evaluation):
        pass


class Answerless(Classification):
    def evaluate(self, batch, evaluation):
        evaluation.update(self(batch[0]).sum(), len(batch[0]))


class Unfinished(Task):
    metrics = ("val/loss",)
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "own_tasks.py").write_text(TASK)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("LEYDEN_PACKAGES", "own_tasks")


@pytest.mark.usefixtures("own")
def test_a_task_of_the_users_computes_the_step(leyden):
    plain = trained(leyden, "optimizer=sgd")
    halved = trained(leyden, "optimizer=sgd", *HALVED, "task.share=0.5")
    assert float.fromhex(halved.losses["1"]) == pytest.approx(
        float.fromhex(plain.losses["1"]) / 2, rel=1e-6
    )
    assert halved.metrics.keys() == plain.metrics.keys()


@pytest.mark.usefixtures("own")
def test_metrics_of_a_task_without_predictions_are_refused_and_leave_nothing(leyden, tmp_path):
    result = leyden("train", "task._target_=own_tasks.Answerless", AUROC)
    assert result.status == 2
    assert "metrics.auroc: has nothing to read" in result.err
    assert [*tmp_path.rglob("run.json")] == []


REFUSED = {
    "another task than the data's": (["task=regression"], "task", "type `task=auto`"),
    "a loss of another task": (["task.loss=mae"], "task.loss=mae", "cross_entropy, focal"),
    "a key of another task": (
        ["data=line", "task.class_weights=balanced"],
        "task.class_weights=balanced",
        "no meaning for Regression",
    ),
    "an exponent of another loss": (
        ["task.focal_gamma=3"],
        "task.focal_gamma=3",
        "task.loss=focal",
    ),
    "too few weights": (["task.class_weights=[1,2]"], "task.class_weights=[1", "10 weights"),
    "a weight below 0": (["task.class_weights=[1,-2]"], "task.class_weights", "at least 0"),
    "a misspelt key": (
        ["task=classification", "task.focal_gama=2"],
        "task.focal_gama=2",
        "`task.focal_gamma`",
    ),
    "a task that is none": (
        ["task._target_=leyden.models.MLP"],
        "task._target_=leyden.models.MLP",
        "must be a leyden.tasks.Task",
    ),
    "a task that is abstract": (["task._target_=leyden.tasks.Task"], "task._target_", "abstract"),
    "a user's that is unfinished": (
        ["task._target_=own_tasks.Unfinished"],
        "task._target_",
        "does not define evaluate, target_shape, training_step",
    ),
    "a user's without names": (
        ["task._target_=own_tasks.Silent"],
        "task",
        "no attribute `metrics`",
    ),
    "a user's with a misspelt key": (
        [*HALVED, "task.shar=1"],
        "task.shar=1",
        "`task.share`",
    ),
    "a metric that is misspelt": (
        ["metrics.a._target_=torchmetrics.classification.MulticlassAUROCC"],
        "metrics.a._target_",
        "`MulticlassAUROC`",
    ),
    "a metric that is none": (["metrics.a._target_=torch.nn.Linear"], "metrics.a", "Metric"),
    "a metric of two classes": (
        ["metrics.a._target_=torchmetrics.classification.BinaryAUROC"],
        "metrics.a",
        "name MulticlassAUROC",
    ),
    "a metric of other answers": (
        ["metrics.a._target_=torchmetrics.text.WordErrorRate"],
        "metrics.a",
        "can't read the classes' probabilities and labels",
    ),
    "a metric of each class": (
        ["metrics.a={_target_: torchmetrics.classification.MulticlassF1Score, average: null}"],
        "metrics.a",
        "gives 10 values",
    ),
    "a metric with a name that is taken": (
        ["metrics.acc._target_=torchmetrics.classification.MulticlassAccuracy"],
        "metrics.acc",
        "`my_acc`",
    ),
    "a metric of text": (
        ["model=gpt", "data=stdlib_text", "metrics.a._target_=torchmetrics.text.Perplexity"],
        "metrics.a",
        "keeps no predictions",
    ),
    "a metric with a wrong argument": (
        ["metrics.a={_target_: torchmetrics.classification.MulticlassAUROC, average: best}"],
        "metrics.a.average=best",
        "macro",
    ),
    "a mean of what is predicted": (
        ["data=line", "metrics.a._target_=torchmetrics.MeanMetric"],
        "metrics.a",
        "does not compare predictions with targets",
    ),
    "a metric of classes for numbers": (
        ["data=line", "metrics.a._target_=torchmetrics.classification.MulticlassAUROC"],
        "metrics.a",
        "is for classes, and the data is for regression",
    ),
    "a metric with a misspelt key": (
        ["metrics.a={_target_: torchmetrics.classification.MulticlassAUROC, num_class: 5}"],
        "metrics.a.num_class=5",
        "`metrics.a.num_classes`",
    ),
    "a metric under a misspelt root": (
        ["metric.a._target_=torchmetrics.classification.MulticlassAUROC"],
        "metric",
        "did you mean `metrics`",
    ),
    "a metric of which more is better": (
        [AUROC, "monitor.metric=val/auroc"],
        "monitor.mode=min",
        "`monitor.mode=max`",
    ),
    "a number for metrics": (["metrics=5"], "metrics=5", "must be"),
    "a number for a metric": (["metrics.a=5"], "metrics.a=5", "_target_"),
    "a metric that nobody logs": (
        [AUROC, "monitor.metric=val/aurok"],
        "monitor.metric=val/aurok",
        "`val/auroc`",
    ),
}


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_is_refused_with_what_to_type(leyden, tmp_path, name):
    words, key, hint = REFUSED[name]
    result = leyden("train", *words)
    assert result.status == 2
    assert key in result.err
    assert hint in result.err
    assert "Traceback" not in result.err
    lines = result.err.splitlines()
    assert len(lines) == len(set(lines))
    assert not (tmp_path / "outputs").exists()
