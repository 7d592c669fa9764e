"""Which folder a command's sweep has."""

import pytest

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.sweeps.folder import sweep_folder

SWEEP = ("optimizer=sgd,adamw", "model.width=8,16", "seed=1")


def folder_of(*words):
    plan = compose_request(Request(words, multirun=True))
    job = plan.jobs[0]
    experiment = job.choices.get("experiment")
    return sweep_folder(plan.sweep, cfg=job.cfg, experiment=experiment)


def test_it_is_named_by_what_is_swept():
    folder = folder_of(*SWEEP)
    assert folder.parent.as_posix() == "outputs/sweep"
    assert folder.name.startswith("optimizer-width-")


def test_a_name_takes_the_place_of_sweep():
    assert folder_of(*SWEEP, "name=mine").parent.as_posix() == "outputs/mine"


def test_a_folder_of_the_users_is_taken_as_it_is():
    assert folder_of(*SWEEP, "run_dir=here").as_posix() == "here"


def test_the_order_of_the_words_does_not_matter():
    optimizer, width, seed = SWEEP
    assert folder_of(seed, optimizer, width) == folder_of(optimizer, seed, width)


@pytest.mark.parametrize(
    "word",
    [
        "hydra/launcher=slurm",
        "hydra.launcher.slots=3",
        "sweep.retry=2",
        "sweep.fail_fast=true",
        "sweep.on_drift=continue",
        "sweep.report=false",
        "trainer.accelerator=cpu",
        "data.num_workers=2",
        "callbacks.predictions=null",
        "++trainer.devices=1",
    ],
)
def test_how_it_is_run_does_not_matter(word):
    assert folder_of(*SWEEP, word) == folder_of(*SWEEP)


@pytest.mark.parametrize("word", ["seed=2", "model.depth=3", "trainer.max_epochs=1"])
def test_what_is_computed_matters(word):
    words = [old for old in SWEEP if old.partition("=")[0] != word.partition("=")[0]]
    assert folder_of(*words, word) != folder_of(*SWEEP)


def test_the_order_of_the_swept_words_does_not_matter():
    optimizer, width, seed = SWEEP
    assert folder_of(width, optimizer, seed) == folder_of(optimizer, width, seed)


def test_more_seeds_belong_to_the_same_sweep_and_other_folds_do_not():
    seeds = [folder_of(*SWEEP[:2], f"sweep.repeat.seed={count}") for count in (2, 3)]
    assert seeds[0] == seeds[1]
    folds = [folder_of(*SWEEP[:2], f"sweep.repeat.fold={count}") for count in (2, 3)]
    assert folds[0] != folds[1]
