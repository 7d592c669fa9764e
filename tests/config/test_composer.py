"""Jobs are composed as Hydra composes them, from files as they were when the sweep began."""

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf, open_dict

from leyden.config.catalogue import register
from leyden.config.composer import Composer
from leyden.config.location import CONF
from leyden.config.request import Request
from leyden.config.sweep_space import Assignment

OVERRIDES = [
    (),
    ("model.width=32", "seed=3"),
    ("optimizer=sgd", "optimizer.lr=0.5"),
    ("optimizer.lr=0.5", "optimizer=sgd"),
    ("model=gpt/tiny", "data=stdlib_text", "scheduler=wsd", "trainer=smoke"),
    ("~callbacks.best",),
    ("~scheduler",),
    ("+trainer.max_time=1",),
    ("++model.width=8", "++trainer.max_time=2"),
    ("experiment=quickstart", "seed=7"),
    ("logger=tensorboard_deep", "callbacks.progress=null"),
    ("optimizer.adamw_betas=[0.8,0.9]", "task={label_smoothing:0.1}"),
    ("name='a, b = c'", "model.activation=${model._target_}"),
]


def plain(cfg):
    with open_dict(cfg):
        cfg.pop("hydra", None)
    return OmegaConf.to_container(cfg)


@pytest.mark.parametrize("overrides", OVERRIDES, ids=" ".join)
def test_a_config_is_composed_as_hydra_does_it(overrides):
    ours = Composer(Request()).config(overrides)
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        hydras = compose("config", list(overrides))
    assert plain(ours) == plain(hydras)


def test_a_second_composition_does_not_see_the_first():
    composer = Composer(Request())
    composer.job((), Assignment({"model.width": "8", "optimizer.momentum": "0.1"}))
    again = composer.job((), Assignment({"seed": "1"})).cfg
    fresh = Composer(Request()).job((), Assignment({"seed": "1"})).cfg
    assert again == fresh


@pytest.fixture
def optimizer_file(tmp_path):
    folder = tmp_path / "mine" / "optimizer"
    folder.mkdir(parents=True)
    path = folder / "own.yaml"
    path.write_text("_target_: leyden.optim.sgd\nlr: 0.1\n")
    return path


def test_an_edit_does_not_reach_jobs_with_options_that_were_composed_before(optimizer_file):
    composer = Composer(Request(config_dir=optimizer_file.parent.parent))
    composer.job(["optimizer=own"], Assignment({"seed": "1"}))
    optimizer_file.write_text("_target_: leyden.optim.sgd\nlr: 0.2\n")
    job = composer.job(["optimizer=own"], Assignment({"seed": "2"}))
    assert (job.cfg.optimizer.lr, job.cfg.seed) == (0.1, 2)


def test_an_edit_reaches_another_request(optimizer_file):
    request = Request(config_dir=optimizer_file.parent.parent)
    Composer(request).job(["optimizer=own"], Assignment())
    optimizer_file.write_text("_target_: leyden.optim.sgd\nlr: 0.2\n")
    assert Composer(request).job(["optimizer=own"], Assignment()).cfg.optimizer.lr == 0.2
