"""What a module holds besides its `state_dict` is kept, loads without pickle, and is restored."""

from collections import OrderedDict, deque
from io import BytesIO

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_lightning import LightningModule, Trainer
from torch import nn
from torch.utils.data import DataLoader
from torchmetrics import MaxMetric, MeanMetric, MetricCollection, MinMaxMetric
from torchmetrics.aggregation import CatMetric, RunningMean
from torchmetrics.classification import (
    BinaryAccuracy,
    BinaryAUROC,
    BinaryPrecision,
    BinaryRecall,
)

from leyden.callbacks import ResumeState
from leyden.callbacks.module_state import restore_state, results_of, state_of
from leyden.compat.lightning import running_results

NUMBERS = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=8)


def written_and_read(state):
    file = BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def copied(make, module):
    """Another module of the kind, with what the first one's checkpoint would hold."""
    other = make()
    other.load_state_dict(module.state_dict())
    restore_state(other, written_and_read(state_of(module)))
    return other


class Holds(LightningModule):
    """Attributes of all kinds, set by name."""

    def __init__(self, **held):
        super().__init__()
        self.layer = nn.Linear(1, 1)
        for name, value in held.items():
            setattr(self, name, value)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(value=plain)
def test_a_plain_attribute_is_restored_as_it_was(value):
    other = copied(lambda: Holds(value=0), Holds(value=value))
    assert other.value == value
    assert type(other.value) is type(value)


def test_an_attribute_that_only_training_makes_is_restored():
    assert copied(Holds, Holds(step=3)).step == 3


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool])
def test_a_tensor_is_restored_with_its_type_at_any_depth(dtype):
    tensor = torch.tensor([0, 1, 2]).to(dtype)
    other = copied(Holds, Holds(queue=[tensor, {"a": (tensor,)}]))
    found = [other.queue[0], other.queue[1]["a"][0]]
    assert all(one.dtype == dtype and torch.equal(one, tensor) for one in found)


def test_a_kept_state_does_not_change_with_the_module():
    module = Holds(memory=torch.zeros(2), steps=[1])
    state = state_of(module)
    module.memory += 1
    module.steps.append(2)
    assert torch.equal(state["attributes"][""]["memory"], torch.zeros(2))
    assert state["attributes"][""]["steps"] == [1]


@pytest.mark.parametrize(
    "value",
    [
        deque([1]),
        {1, 2},
        OrderedDict(a=1),
        object(),
        len,
        [object()],
        {"a": {1}},
        {(1,): 2},
        range(3),
    ],
    ids=[
        "deque",
        "set",
        "ordered",
        "object",
        "function",
        "objects",
        "set within",
        "tuple key",
        "range",
    ],
)
def test_what_is_no_plain_value_is_left_alone(value):
    module = Holds(value=value)
    assert "value" not in state_of(module)["attributes"][""]
    assert copied(lambda: Holds(value="other"), module).value == "other"


def test_what_begins_with_an_underscore_is_left_alone():
    module = Holds(_count=3)
    assert not any(name.startswith("_") for name in state_of(module)["attributes"][""])
    assert copied(lambda: Holds(_count=0), module)._count == 0


def test_whether_it_trains_is_no_part_of_the_state():
    module = Holds()
    state = state_of(module.eval())
    other = Holds().train()
    restore_state(other, state)
    assert other.training


def test_attributes_of_the_layers_are_restored():
    def make():
        return Holds(inner=nn.Sequential(Holds(count=0)))

    module = make()
    module.inner[0].count = 7
    assert copied(make, module).inner[0].count == 7


def test_a_property_of_the_class_is_not_written_over():
    class Derived(Holds):
        @property
        def double(self):
            return 2

    state = state_of(Holds(double=5))
    module = Derived()
    restore_state(module, state)
    assert module.double == 2


def test_a_state_of_parts_that_are_no_longer_there_is_passed_over():
    state = state_of(Holds(inner=Holds(count=1), metric=MeanMetric()))
    module = Holds()
    restore_state(module, state)
    assert not hasattr(module, "inner")


def test_a_tensor_that_requires_a_gradient_still_does():
    module = Holds(perturbation=torch.zeros(2, requires_grad=True))
    assert copied(Holds, module).perturbation.requires_grad


METRICS = {
    "mean": MeanMetric,
    "greatest": MaxMetric,
    "list of tensors": CatMetric,
    "running mean": lambda: RunningMean(window=3),
}


@pytest.mark.parametrize("name", METRICS)
@given(before=NUMBERS, after=NUMBERS)
def test_a_metric_goes_on_from_its_state(name, before, after):
    def make():
        return Holds(metric=METRICS[name]())

    whole, first = make(), make()
    for value in before:
        whole.metric.update(value)
        first.metric.update(value)
    second = copied(make, first)
    for value in after:
        whole.metric.update(value)
        second.metric.update(value)
    torch.testing.assert_close(second.metric.compute(), whole.metric.compute(), rtol=0, atol=0)
    assert second.metric.update_count == whole.metric.update_count


def collection():
    members = {
        "accuracy": BinaryAccuracy(),
        "precision": BinaryPrecision(),
        "recall": BinaryRecall(),
        "auroc": BinaryAUROC(),
    }
    return Holds(metrics=MetricCollection(members, prefix="train/"))


def scored(module, seed, updates):
    drawn = torch.Generator().manual_seed(seed)
    for _ in range(updates):
        scores = torch.rand(5, generator=drawn)
        module.metrics.update(scores, (torch.rand(5, generator=drawn) > 0.5).int())


@given(before=st.integers(1, 3), after=st.integers(0, 3), was_used=st.booleans())
def test_a_collection_with_groups_goes_on_from_its_state(before, after, was_used):
    """Of the three that count right and wrong ones, only the first is updated."""
    whole, first, second = collection(), collection(), collection()
    for module in (whole, first):
        scored(module, 1, before)
    if was_used:  # as by a validation before the training
        scored(second, 3, 2)
    restore_state(second, written_and_read(state_of(first)))
    scored(whole, 2, after)
    scored(second, 2, after)
    assert second.metrics.compute() == whole.metrics.compute()


def test_a_collection_of_which_the_state_was_kept_goes_on_itself():
    kept, other = collection(), collection()
    scored(kept, 1, 2)
    state_of(kept)
    scored(other, 1, 2)
    scored(kept, 2, 2)
    scored(other, 2, 2)
    assert kept.metrics.compute() == other.metrics.compute()


def test_a_metric_that_was_never_updated_stays_so():
    module = copied(lambda: Holds(metric=MeanMetric()), Holds(metric=MeanMetric()))
    assert module.metric.update_count == 0


def test_the_least_and_greatest_value_of_a_metric_are_restored():
    def make():
        return Holds(metric=MinMaxMetric(MeanMetric()))

    module = make()
    module.metric.update(5.0)
    module.metric.compute()
    assert copied(make, module).metric.max_val == 5.0


class ByHand(Holds):
    def __init__(self):
        super().__init__()
        self.automatic_optimization = False


def test_gradients_are_kept_under_manual_optimization():
    module = ByHand()
    module.layer(torch.tensor([[3.0]])).sum().backward()
    other = copied(ByHand, module)
    assert other.layer.weight.grad.item() == 3.0
    assert other.layer.bias.grad.item() == 1.0


def test_gradients_are_left_alone_under_automatic_optimization():
    module = Holds()
    module.layer(torch.tensor([[3.0]])).sum().backward()
    assert state_of(module)["gradients"] == {}
    assert copied(Holds, module).layer.weight.grad is None


@given(flags=st.tuples(st.booleans(), st.booleans()))
def test_which_parameters_are_trained_is_restored(flags):
    module = Holds()
    module.layer.weight.requires_grad_(flags[0])
    module.layer.bias.requires_grad_(flags[1])
    layer = copied(Holds, module).layer
    assert (layer.weight.requires_grad, layer.bias.requires_grad) == flags


class Logs(LightningModule):
    """Logs what its batches are, reduced in all ways."""

    def __init__(self, reduce):
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.reduce = reduce

    def training_step(self, batch, index):
        self.log("value", batch.mean(), on_step=False, on_epoch=True, reduce_fx=self.reduce)
        return self.layer(batch).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.mark.parametrize(
    ("reduce", "expected"), [("mean", 12 / 5), ("sum", 6.5), ("max", 4.5), ("min", 2.0)]
)
@pytest.mark.filterwarnings("ignore:.*does not have many workers.*")
def test_what_is_logged_is_added_up_as_lightning_does(reduce, expected):
    """Batches of two and of one: [1, 3] and [4.5]; a mean counts samples, [2, 2, 4.5]."""
    kept = {}

    class Keeps(ResumeState):
        def on_train_batch_end(self, trainer, *_):
            kept.clear()
            kept.update(results_of(trainer))
            assert running_results(trainer)

        def on_save_checkpoint(self, *_):
            pass

        def on_train_start(self, *_):
            pass

        def on_train_epoch_start(self, *_):
            pass

    trainer = Trainer(
        accelerator="cpu",
        max_epochs=1,
        logger=False,
        callbacks=[Keeps()],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Logs(reduce), DataLoader([torch.tensor([v]) for v in (1.0, 3.0, 4.5)], 2))
    (result,) = written_and_read(kept).values()
    size = result.get("cumulated_batch_size", 1)
    expected = (2 * 2 + 4.5) / 3 if reduce == "mean" else expected
    assert result["value"] / size == trainer.callback_metrics["value"] == pytest.approx(expected)
    assert result["name"] == "value"
