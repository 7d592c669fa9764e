"""A module makes the config's optimizer of a network or of parameters, and its schedule."""

from functools import partial

import pytest
import torch
from pytorch_lightning import LightningModule, Trainer
from torch import nn
from torch.utils.data import DataLoader

from leyden.callbacks import ModuleReport
from leyden.optim import adamw, cosine, muon
from leyden.run.record import Record
from leyden.tasks.factories import OptimizerFactory, ScheduleFactory

ADAMW = partial(torch.optim.AdamW, lr=0.3)
OURS = partial(adamw, lr=0.3)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 2)


def chosen(optimizer):
    return {id(one) for group in optimizer.param_groups for one in group["params"]}


def ids(*parameters):
    return set(map(id, parameters))


@pytest.mark.parametrize("make", [ADAMW, OURS], ids=["torch", "leyden"])
@pytest.mark.parametrize("form", ["net", "params", "a list", "params="])
def test_each_form_optimizes_all_parameters(make, form):
    net, factory = Net(), OptimizerFactory(make)
    optimizer = {
        "net": lambda: factory(net),
        "params": lambda: factory(net.parameters()),
        "a list": lambda: factory([*net.parameters()]),
        "params=": lambda: factory(params=net.parameters()),
    }[form]()
    assert isinstance(optimizer, torch.optim.AdamW)
    assert chosen(optimizer) == ids(*net.parameters())
    assert optimizer.param_groups[0]["lr"] == 0.3


@pytest.mark.parametrize("make", [ADAMW, OURS], ids=["torch", "leyden"])
def test_some_parameters_are_optimized_alone(make):
    net = Net()
    assert chosen(OptimizerFactory(make)(net.last.parameters())) == ids(*net.last.parameters())


def test_groups_are_for_torchs_classes():
    net = Net()
    groups = [{"params": net.first.parameters(), "lr": 0.1}, {"params": net.last.parameters()}]
    optimizer = OptimizerFactory(ADAMW)(groups)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.3]


def test_groups_are_refused_by_leydens_which_make_their_own():
    net = Net()
    with pytest.raises(TypeError, match="makes its own parameter groups"):
        OptimizerFactory(OURS)([{"params": net.parameters()}])


def test_named_parameters_are_for_torchs_classes():
    net = Net()
    assert chosen(OptimizerFactory(ADAMW)(net.named_parameters())) == ids(*net.parameters())


def test_biases_do_not_decay_whether_a_net_or_its_parameters_are_given():
    net, factory = Net(), OptimizerFactory(partial(adamw, lr=0.1, weight_decay=0.5))
    for optimizer in (factory(net), factory(net.parameters())):
        decayed = [g["params"] for g in optimizer.param_groups if g["weight_decay"]]
        assert ids(*(one for group in decayed for one in group)) == ids(
            net.first.weight, net.last.weight
        )


class Holder(LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 2))


def test_muon_tells_hidden_matrices_of_a_module_by_its_layers():
    """As of the network itself: the same parameters in as many groups."""
    module, factory = Holder(), OptimizerFactory(partial(muon, lr=0.1))
    factory.module = module

    def groups(optimizer):
        return sorted(sorted(ids(*group["params"])) for group in optimizer.param_groups)

    assert groups(factory(module.net.parameters())) == groups(factory(module.net))


def test_a_schedule_that_takes_the_number_of_steps_is_given_it():
    optimizer = ADAMW(Net().parameters())
    schedule = ScheduleFactory(partial(cosine, warmup_steps=0))(optimizer, total_steps=5)
    rates = []
    for _ in range(5):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates[0] == pytest.approx(0.3)
    assert rates[2] == pytest.approx(0.3 * 0.55)  # half way from 1 to 0.1
    assert rates[4] == pytest.approx(0.3 * 0.1)


def test_a_schedule_of_torch_is_made_of_the_optimizer_alone():
    factory = ScheduleFactory(partial(torch.optim.lr_scheduler.StepLR, step_size=3))
    schedule = factory(ADAMW(Net().parameters()), total_steps=5)
    assert (type(schedule).__name__, schedule.step_size) == ("StepLR", 3)


def test_a_number_of_steps_that_a_config_names_is_kept():
    factory = ScheduleFactory(
        partial(torch.optim.lr_scheduler.OneCycleLR, max_lr=1.0, total_steps=7)
    )
    assert factory(ADAMW(Net().parameters()), total_steps=50).total_steps == 7


class Stepped(LightningModule):
    """Returns its schedule as Lightning takes it: to be stepped each epoch."""

    def __init__(self, scheduler):
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.scheduler, self.rates, self.planned = scheduler, [], None

    def training_step(self, batch, index):
        self.rates.append(self.optimizers().param_groups[0]["lr"])
        return self.layer(batch).mean()

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.3)
        return [optimizer], [self.scheduler(optimizer)]


def fitted(make, tmp_path, *, of_config=True):
    factory = ScheduleFactory(make)
    module = Stepped(factory)
    if of_config:
        factory.module = module
    said = []
    report = ModuleReport(Record(tmp_path, None, [], {}, "", 0, [], {}, {"per_step": None}))
    report.observer = said.append
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=2,
        logger=False,
        callbacks=[report],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(torch.ones(3, 1)))
    return module, [one.text for one in said]


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*")
def test_a_schedule_of_the_config_is_stepped_each_step_and_it_is_said(tmp_path):
    module, said = fitted(partial(torch.optim.lr_scheduler.StepLR, step_size=2), tmp_path)
    assert module.rates == pytest.approx([0.3, 0.3, 0.03, 0.03, 0.003, 0.003])
    assert any("counts optimizer steps" in text and "each epoch" in text for text in said)
    assert any("SGD" in text and "StepLR each step" in text for text in said)


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*")
def test_a_schedule_of_a_module_knows_the_steps_of_its_trainer(tmp_path):
    """Two epochs of three batches: the sixth step has a tenth of the rate."""
    module, _ = fitted(partial(cosine, warmup_steps=0), tmp_path)
    assert module.rates[0] == pytest.approx(0.3)
    assert module.rates[5] == pytest.approx(0.03)


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*")
def test_a_schedule_that_is_none_of_the_configs_is_stepped_as_the_module_says(tmp_path):
    make = partial(torch.optim.lr_scheduler.StepLR, step_size=1)
    module, said = fitted(make, tmp_path, of_config=False)
    assert module.rates == pytest.approx([0.3, 0.3, 0.3, 0.03, 0.03, 0.03])
    assert not any("counts optimizer steps" in text for text in said)
