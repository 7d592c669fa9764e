"""What a job decides when its time in Slurm is up, and how it is found again there."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.sweeps.launchers.slurm import Slurm, reject_own_parameters
from leyden.sweeps.launchers.slurm_job import Submitted
from leyden.sweeps.launchers.slurm_queue import QueuedJob, SlurmQueue, slurm_name
from leyden.sweeps.launchers.supervise import Supervised, newest_step
from leyden.training.run_work import RunWork


def job(tmp_path, *, requeues=0):
    supervised = Supervised(RunWork(tmp_path), devices=1)
    return Submitted(supervised, minutes=60, max_requeues=2, requeues=requeues)


@pytest.mark.parametrize(
    ("requeues", "begin", "end", "reason"),
    [
        (0, 0, 5, None),
        (1, 5, 6, None),
        (2, 6, 7, "its time was up .* 3 times .*max_requeues=2.; it is at step 7"),
        (0, 0, 0, "no checkpoint since its start when its time was up .*timeout_min=60.*3500 s"),
        (1, 5, 5, "no checkpoint since step 5 .* once more it would get no further"),
    ],
)
def test_a_job_asks_for_more_time_while_it_comes_further(requeues, begin, end, reason, tmp_path):
    said = job(tmp_path, requeues=requeues)._reason_to_give_up(begin, end, seconds=3500)
    assert said is None if reason is None else re.search(reason, said)


@pytest.mark.parametrize("is_outrun", [True, False])
def test_only_times_that_were_up_are_counted_not_those_when_it_gave_way(is_outrun, tmp_path):
    before = job(tmp_path, requeues=1)
    before.is_outrun = is_outrun
    assert before.checkpoint().function.requeues == 1 + is_outrun


@given(st.lists(st.integers(0, 10**9), max_size=4))
def test_the_newest_step_is_the_greatest(tmp_path_factory, steps):
    run = tmp_path_factory.mktemp("run")
    (run / "checkpoints").mkdir()
    for step in steps:
        (run / "checkpoints" / f"step-{step}.json").touch()
    (run / "checkpoints" / "best-99999999999.json").touch()
    assert newest_step(run) == max(steps, default=0)


@given(st.text(min_size=1).filter(lambda text: not set(text) & set("/\0") and text not in "..."))
def test_names_in_slurm_are_plain_and_tell_folders_apart(text):
    name = slurm_name(Path("/a") / text)
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
    assert name != slurm_name(Path("/b") / text)


def test_a_job_that_is_over_is_not_found_again():
    queue = SlurmQueue()
    queue.jobs = {
        "1": QueuedJob("1", "a", "CANCELLED", "None"),
        "2": QueuedJob("2", "a", "PENDING", "Resources"),
        "3": QueuedJob("3", "b", "COMPLETED", "None"),
    }
    assert queue.find("a") == queue.jobs["2"]
    assert queue.find("b") is None
    assert queue.state("4") == "FORGOTTEN"


@pytest.mark.parametrize("name", ["name", "nodes", "slurm_ntasks_per_node", "slurm_time"])
def test_parameters_that_leyden_sets_are_refused(name):
    with pytest.raises(ValueError, match=rf"`hydra.launcher.parameters.{name}` can't be given: "):
        reject_own_parameters({name: 1})


def test_the_parameters_that_the_config_documents_are_taken():
    reject_own_parameters({"slurm_partition": "gpu", "gpus_per_node": 1, "mem_gb": 32})
    assert Slurm(cluster="local").max_requeues == 3
