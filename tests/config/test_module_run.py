"""What of a config does not act on the user's own model or data is left out, or refused."""

import pytest
from pytorch_lightning import LightningModule
from torch.utils.data import TensorDataset

from leyden.config.compose import compose_request
from leyden.config.module_run import (
    adapted,
    has_leyden_data,
    is_module_run,
    is_passed,
    named_in_vain,
)
from leyden.config.request import Request

HERE = __name__


class Plain(LightningModule):
    def __init__(self, lr: float = 0.1):
        super().__init__()


class Takes(LightningModule):
    def __init__(self, optimizer=None, scheduler=None):
        super().__init__()


class Needs(LightningModule):
    def __init__(self, optimizer):
        super().__init__()


def make_plain(lr: float = 0.1) -> Plain:
    return Plain(lr)


def says_nothing(lr=0.1):
    return Plain(lr)


def datasets():
    return TensorDataset(), TensorDataset()


@pytest.fixture(autouse=True)
def mine(monkeypatch, tmp_path):
    """The user's configs."""
    monkeypatch.setenv("LEYDEN_PACKAGES", HERE)
    for group, names in {
        "model": ("Plain", "Takes", "Needs", "make_plain", "says_nothing"),
        "data": ("datasets",),
    }.items():
        (tmp_path / group).mkdir()
        for name in names:
            (tmp_path / group / f"{name}.yaml").write_text(f"_target_: {HERE}.{name}\n")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def job(tmp_path):
    def composed(*words):
        (one,) = compose_request(Request(words, config_dir=tmp_path)).jobs
        return one

    return composed


def keys(job):
    return [problem.key for problem in named_in_vain(job)]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("Plain", True),
        ("Takes", True),
        ("make_plain", True),
        ("says_nothing", False),
        ("mlp", False),
    ],
)
def test_a_module_run_is_one_whose_target_says_to_make_a_module(job, name, is_one):
    assert is_module_run(job(f"model={name}").cfg) == is_one


@pytest.mark.parametrize(
    "cfg", [{}, {"model": None}, {"model": {}}, {"model": {"_target_": "nowhere.X"}}, {"model": 3}]
)
def test_a_config_without_a_right_model_is_no_module_run(cfg):
    assert not is_module_run(cfg)
    assert not has_leyden_data({"data": cfg.get("model")})


def test_data_is_leydens_by_its_target(job):
    assert has_leyden_data(job("data=digits").cfg)
    assert not has_leyden_data(job("data=datasets").cfg)


def test_a_module_is_given_the_groups_that_its_constructor_takes(job):
    cfg = job("model=Takes").cfg
    assert is_passed(cfg, "optimizer")
    assert is_passed(cfg, "scheduler")
    assert not is_passed(job("model=Plain").cfg, "optimizer")


def test_a_group_that_the_model_names_itself_is_not_passed(job):
    assert not is_passed(job("model=Takes", "+model.optimizer=null").cfg, "optimizer")


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("optimizer=sgd", "optimizer"),
        ("optimizer.lr=0.3", "optimizer"),
        ("scheduler=constant", "scheduler"),
        ("params=1e5", "params"),
        ("compile=true", "compile"),
    ],
)
def test_what_is_named_in_vain_is_refused(job, word, key):
    assert keys(job("model=Plain", word)) == [key]


def test_the_message_says_why_and_what_was_typed(job):
    (problem,) = named_in_vain(job("model=Plain", "optimizer=sgd"))
    assert "Plain takes no `optimizer`" in problem.message
    assert problem.value == "sgd"


def test_a_group_that_is_passed_may_be_named(job):
    assert keys(job("model=Takes", "optimizer=sgd", "scheduler=constant")) == []


def test_a_group_that_the_model_has_itself_is_named_as_such(job):
    (problem,) = named_in_vain(job("model=Takes", "+model.optimizer=null", "optimizer=sgd"))
    assert "model.optimizer" in problem.message


@pytest.mark.parametrize("name", ["Plain", "Takes", "make_plain"])
def test_what_nobody_names_is_not_refused(job, name):
    assert keys(job(f"model={name}", "data=datasets")) == []


def test_leydens_own_networks_have_nothing_in_vain(job):
    assert keys(job("model=mlp", "optimizer=sgd", "params=1e5", "compile=true")) == []


def test_groups_that_are_not_passed_become_null(job):
    cfg = adapted(job("model=Plain"))
    assert (cfg.optimizer, cfg.scheduler, cfg.task) == (None, None, None)
    taken = adapted(job("model=Takes", "optimizer=sgd", "scheduler=constant"))
    assert taken.optimizer is not None
    assert taken.scheduler is not None
    assert taken.task is None


def test_a_default_of_the_module_holds_unless_the_group_is_named(job):
    cfg = adapted(job("model=Takes", "optimizer=sgd"))
    assert cfg.optimizer is not None
    assert cfg.scheduler is None


def test_a_parameter_without_a_default_is_given_the_group(job):
    cfg = adapted(job("model=Needs"))
    assert cfg.optimizer is not None
    assert cfg.scheduler is None


def test_lightnings_defaults_hold_unless_a_key_is_named(job):
    cfg = adapted(job("model=Plain", "data=datasets"))
    assert (cfg.trainer.gradient_clip_val, cfg.trainer.num_sanity_val_steps) == (None, 2)
    words = ("trainer.gradient_clip_val=0.3", "trainer.num_sanity_val_steps=0")
    named = adapted(job("model=Plain", *words))
    assert (named.trainer.gradient_clip_val, named.trainer.num_sanity_val_steps) == (0.3, 0)


def test_leydens_own_networks_keep_the_catalogues_values(job):
    one = job("model=mlp")
    assert adapted(one) == one.cfg
    assert adapted(one).optimizer is not None


def test_synthetic_data_is_for_leydens_data_alone(job):
    smoke = job("model=mlp", "data=datasets", "trainer=smoke")
    assert not adapted(smoke).trainer.allow_synthetic
    assert adapted(job("model=mlp", "trainer=smoke")).trainer.allow_synthetic


def test_the_config_of_a_job_is_not_changed(job):
    one = job("model=Plain", "data=datasets")
    before = one.cfg.copy()
    adapted(one)
    assert one.cfg == before
