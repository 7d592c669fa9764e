"""What `leyden plan` says, beside what the same jobs then write, recomputed without Leyden."""

import json
from pathlib import Path

import pytest
import torch

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

JOBS = ("-m", "model=mlp,cnn", "model.width=8,96", "optimizer=sgd,adamw")
LENGTH = ("trainer.max_steps=150", "trainer.accelerator=cpu")


def leyden(warm, *words):
    status, out, err = warm.run(*words)
    assert status == 0, err
    return out


def planned(warm):
    return json.loads(leyden(warm, "plan", *JOBS, *LENGTH, "--json"))


@pytest.fixture(scope="module")
def both(tmp_path_factory, warm):
    """Each job's row of the plan, made before the sweep and after it, and its folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("plan"))
        before = planned(warm)
        sweep = Path(leyden(warm, "train", *JOBS, *LENGTH).splitlines()[-1]).absolute()
        after = planned(warm)
    folders = {
        frozenset(job["overrides"]): sweep / job["folder"]
        for job in json.loads((sweep / "sweep.json").read_text())["jobs"]
    }
    found = []
    for row, again in zip(before, after, strict=True):
        own = frozenset(row["overrides"]) - frozenset(LENGTH)
        found.append((row, again, folders[own]))
    return found


def record(folder):
    return json.loads((folder / "run.json").read_text())


def weights(folder):
    (path,) = (folder / "checkpoints").glob("best-*.ckpt")
    state = torch.load(path, weights_only=True)["state_dict"]
    return [tensor for name, tensor in state.items() if name.startswith("net.")]


def test_the_parameters_are_those_of_the_checkpoint(both):
    for row, _, folder in both:
        assert row["params"]["total"] == sum(tensor.numel() for tensor in weights(folder))


def test_the_steps_are_those_of_the_run(both):
    for row, _, folder in both:
        assert row["steps"] == record(folder)["steps"] == 150


def test_an_mlps_operations_are_six_a_weight_and_sample_but_four_of_the_first_layer(both):
    """Forward 2, back to weights 2, back to inputs 2, which the first layer does not need."""
    for row, _, folder in both:
        if row["model"] != "mlp":
            continue
        matrices = [tensor.numel() for tensor in weights(folder) if tensor.ndim == 2]
        assert row["flops"]["per_step"] == 64 * (6 * sum(matrices) - 2 * matrices[0])
        assert row["flops"]["total"] == record(folder)["flops"]["total"]


def test_all_jobs_take_within_half_and_twice_the_time_that_was_planned(both):
    """A machine that others use too changes its speed: the plan is made before and after."""
    took = sum(record(folder)["seconds"] for _, _, folder in both)
    plans = [sum(pair[when]["seconds"] for pair in both) for when in (0, 1)]
    assert min(plans) / 2 < took < 2 * max(plans)


def test_the_likely_time_lies_in_the_range_that_is_printed(both):
    for row, _, _ in both:
        low, high = row["seconds_range"]
        assert low < row["seconds"] < high
