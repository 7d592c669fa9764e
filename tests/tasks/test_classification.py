import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import precision_recall_fscore_support, top_k_accuracy_score
from torch import nn

from leyden.data import Spec
from leyden.optim import constant, sgd
from leyden.tasks import Classification
from leyden.tasks.classification import scores

SPEC = Spec("image", (1, 2, 2), 6)


def make_task(**options):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 6))
    return Classification(net, spec=SPEC, optimizer=sgd, schedule=constant, **options)


def make_batch(n=12):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, 1, 2, 2, generator=generator), torch.arange(n) % 6


def test_the_training_loss_is_the_mean_of_the_labels_negative_log_shares():
    task, (inputs, labels) = make_task(), make_batch()
    shares = task(inputs).softmax(-1)[torch.arange(12), labels]
    torch.testing.assert_close(task.training_step((inputs, labels), 0), -shares.log().mean())


def test_smoothing_spreads_its_share_of_a_label_over_all_classes():
    task, (inputs, labels) = make_task(label_smoothing=0.3), make_batch()
    targets = 0.7 * F.one_hot(labels, 6) + 0.3 / 6
    expected = -(targets * task(inputs).log_softmax(-1)).sum(-1).mean()
    torch.testing.assert_close(task.training_step((inputs, labels), 0), expected)


def test_mixup_mixes_inputs_and_labels_alike():
    task, (inputs, labels) = make_task(mixup=0.4), make_batch()
    torch.manual_seed(7)
    share = torch.distributions.Beta(torch.tensor(0.4), torch.tensor(0.4)).sample()
    partner = torch.randperm(12)
    mixed = share * inputs + (1 - share) * inputs[partner]
    targets = share * F.one_hot(labels, 6) + (1 - share) * F.one_hot(labels[partner], 6)
    expected = -(targets * task(mixed).log_softmax(-1)).sum(-1).mean()
    torch.manual_seed(7)
    torch.testing.assert_close(task.training_step((inputs, labels), 0), expected)


def test_evaluation_neither_smooths_nor_mixes():
    plain, regular = make_task(), make_task(label_smoothing=0.5, mixup=1.0)
    for task in (plain, regular):
        task._evaluate(make_batch(), task.val_loss, task.val_scores)
    torch.testing.assert_close(plain.val_loss.compute(), regular.val_loss.compute())


@pytest.fixture
def answers():
    generator = torch.Generator().manual_seed(2)
    return torch.randn(200, 6, generator=generator), torch.randint(6, (200,), generator=generator)


def test_precision_recall_and_f1_are_the_means_of_scikit_learns_over_the_classes(answers):
    logits, labels = answers
    found = scores(6, prefix="val/")
    for part in torch.arange(200).split(64):
        found.update(logits[part], labels[part])
    expected = precision_recall_fscore_support(labels, logits.argmax(-1), average="macro")
    values = [float(found.compute()[f"val/{name}"]) for name in ("precision", "recall", "f1")]
    assert values == pytest.approx(expected[:3], rel=1e-5)


def test_top5_counts_a_label_among_the_five_likeliest(answers):
    logits, labels = answers
    found = scores(6, prefix="val/")
    found.update(logits, labels)
    expected = top_k_accuracy_score(labels, logits, k=5)
    assert float(found.compute()["val/top5"]) == pytest.approx(expected)
