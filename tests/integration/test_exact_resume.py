"""A run that was killed and gone on with is, to the bit, the run that was not."""

import csv
import json
from pathlib import Path

import pytest
import torch
from torchvision import models

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.distributed.job import JobProcesses
from leyden.planning.resolve import resolve_config
from leyden.run.checkpoints import find_checkpoint
from leyden.run.sharded import is_sharded, read_whole
from leyden.testing.faults import faulty
from leyden.training.run_work import RunWork
from leyden.training.train import prepare

EPOCHS = ("trainer.max_epochs=3",)  # of seven steps
STEPS = ("trainer.max_epochs=null", "trainer.max_steps=21", "trainer.val_check_interval=7")
FAMILIES = {
    "by steps": (
        *("model.width=16", "model.dropout=0.2", "trainer.max_epochs=null", "trainer.max_steps=21"),
        *("trainer.check_val_every_n_epoch=null", "trainer.val_check_interval=5"),
    ),
    "mlp": ("model.width=16", "model.dropout=0.2", "data.translate=1", *EPOCHS),
    "cnn": ("model=cnn", "model.width=4", "model.norm=batch", "model.dropout=0.1", *EPOCHS),
    "rnn": ("model=rnn", "model.width=8", "model.depth=2", "model.dropout=0.2", *EPOCHS),
    "gpt": (
        "model=gpt",
        "data=stdlib_text",
        "model.width=16",
        "model.depth=1",
        "model.dropout=0.1",
        "model.head_dim=8",
        "data.context=16",
        "data.max_bytes=60000",
        *STEPS,
    ),
}
FINE_TUNED = (
    *("model=torchvision", "data.batch_size=16", "trainer.overfit_samples=64", "optimizer=adamw"),
    *("trainer.max_epochs=null", "trainer.max_steps=8", "trainer.val_check_interval=4"),
    *("freeze={conv1: null, bn1: null, layer1: 5, layer2: 2}", "optimizer.layer_decay=0.7"),
    "optimizer.lr_multipliers={fc: 3}",
)
BATCH = {"gpt": "data.batch_size=8"}
QUIET = (
    "trainer.accelerator=cpu",
    "trainer.log_every_n_steps=1",
    "callbacks.graph=null",
    "callbacks.predictions=null",
    "callbacks.samples=null",
    "callbacks.throughput=null",
    "baselines=null",
)
# Seven windows of 16 characters in each of the 200 rows.
STREAM = ("data.max_bytes=28000", "data.context=16")
KILLS = {
    "in an epoch": (9, ["SIGKILL@step:12"]),
    "at an epoch's end": (7, ["SIGKILL@step:9"]),
    "after the last step": (21, ["SIGKILL@test"]),
    "twice in an epoch": (2, ["SIGKILL@step:10", "SIGKILL@step:13"]),
}


def prepared(folder, family, *words):
    batch = BATCH.get(family, "data.batch_size=200")
    return prepared_by(folder, *FAMILIES[family], batch, *words)


def prepared_by(folder, *words):
    (job,) = compose_request(Request((*words, *QUIET))).jobs
    return prepare(job, resolve_config(job.cfg), command=[], folder=folder)


def run(folder, *faults, devices=1):
    with faulty(*faults):
        return JobProcesses(RunWork(folder), world_size=devices).wait()


def outcome(folder):
    """All that is to be the same."""
    path = find_checkpoint(folder, "last")
    checkpoint = read_whole(path) if is_sharded(path) else torch.load(path, weights_only=True)
    record = json.loads((folder / "run.json").read_text())
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    rows[-1].pop(
        "epoch"
    )  # beside test metrics Lightning counts an epoch that was cut short, or not
    return {
        "weights": bytes_of(checkpoint["state_dict"]),
        "optimizer": bytes_of(checkpoint["optimizer_states"]),
        "generators": bytes_of(checkpoint["leyden_resume"]["ranks"]),
        "rows": rows,
        "losses": record["losses"],
        "monitored": record["monitored"],
        "best": record["best"],
        "test": {name: value for name, value in record["metrics"].items() if "test/" in name},
        "status": record["status"],
        "steps": record["steps"],
    }


def bytes_of(state):
    if isinstance(state, torch.Tensor):
        return state.flatten().view(torch.uint8).numpy().tobytes()
    if isinstance(state, dict):
        return {key: bytes_of(value) for key, value in state.items()}
    return [bytes_of(value) for value in state] if isinstance(state, list | tuple) else state


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What a run that nobody killed came to."""
    made = {}

    def come_to(*case, devices=1):
        if case not in made:
            folder = tmp_path_factory.mktemp("undisturbed")
            prepared(folder, *case)
            assert run(folder, devices=devices) == 0
            made[case] = outcome(folder)
        return made[case]

    return come_to


# The first family meets each kill, the others every second; accumulation and workers meet each
# family and each kill.
CASES = [
    (family, kill, 1 + (row // 2 + column // 2) % 2, 2 * (((row + 1) // 2 + column // 2) % 2))
    for row, family in enumerate(FAMILIES)
    for column, kill in enumerate(KILLS)
    if row == 0 or (row + column) % 2
]


@pytest.mark.slow
@pytest.mark.parametrize(("family", "kill", "accumulate", "workers"), CASES)
def test_a_killed_run_ends_as_one_that_was_not(
    family, kill, accumulate, workers, undisturbed, tmp_path
):
    case = (family, f"trainer.accumulate_grad_batches={accumulate}")
    every, faults = KILLS[kill]
    folder = tmp_path / "run"
    prepared(folder, *case, f"data.num_workers={workers}", f"resume.every_steps={every}")
    for fault in faults:
        assert run(folder, fault) == -9
    assert run(folder) == 0
    assert outcome(folder) == undisturbed(*case)


OTHERS = {
    "mean of weights": ("mlp", "callbacks.weight_averaging.decay=0.9"),
    "plateau": ("mlp", "scheduler=plateau", "callbacks.early_stopping.patience=5"),
    "mixed images": ("cnn", "task.mixup=0.3", "task.label_smoothing=0.1"),
    "schedule-free": ("mlp", "optimizer=schedule_free_adamw", "scheduler=constant"),
    "half precision": ("mlp", "trainer.precision=bf16-mixed"),
    "16-bit weights": ("cnn", "trainer.precision=bf16-true"),
    "64-bit weights": ("mlp", "trainer.precision=64-true"),
    "limited epochs": ("mlp", "data.batch_size=100", "trainer.limit_train_batches=7"),
    "stream": ("rnn", "data=stdlib_text", "data.stream=true", "data.context=16", *STREAM),
    "lstm stream": ("rnn", "model.cell=lstm", "data=stdlib_text", "data.stream=true", *STREAM),
}


AT_AN_END = ("plateau", "mean of weights", "stream", "limited epochs")
"""What has a state that changes, or ends, with an epoch."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "kill"),
    [
        *((case, "in an epoch") for case in OTHERS),
        *((case, "at an epoch's end") for case in AT_AN_END),
    ],
)
def test_a_killed_run_with_a_state_of_its_own_ends_as_one_that_was_not(
    case, kill, undisturbed, tmp_path
):
    every, faults = KILLS[kill]
    folder = tmp_path / "run"
    prepared(folder, *OTHERS[case], f"resume.every_steps={every}")
    for fault in faults:
        assert run(folder, fault) == -9
    assert run(folder) == 0
    assert outcome(folder) == undisturbed(*OTHERS[case])


# A strategy restores what one process does, by its own way of reading weights; a family's own state
# is that of the tests above.
PAIRS = [("cnn", "ddp"), ("gpt", "ddp"), ("by steps", "fsdp"), ("rnn", "fsdp")]


@pytest.mark.slow
@pytest.mark.parametrize(("family", "strategy"), PAIRS)
def test_two_killed_processes_end_as_two_that_were_not(family, strategy, undisturbed, tmp_path):
    case = (family, f"strategy={strategy}", "trainer.devices=2")
    folder = tmp_path / "run"
    prepared(folder, *case, "resume.every_steps=3")
    assert run(folder, "SIGKILL@step:12", devices=2) == -9
    assert run(folder, devices=2) == 0
    assert outcome(folder) == undisturbed(*case, devices=2)


@pytest.mark.slow
def test_a_sharded_run_whose_one_process_is_killed_ends_as_one_that_was_not(undisturbed, tmp_path):
    case = ("gpt", "strategy=fsdp", "trainer.devices=2", "trainer.sharded_checkpoints=true")
    folder = tmp_path / "run"
    prepared(folder, *case, "resume.every_steps=3")
    assert run(folder, "SIGKILL@step:12:on:1", devices=2) != 0
    assert run(folder, devices=2) == 0
    assert is_sharded(find_checkpoint(folder, "last"))
    assert outcome(folder) == undisturbed(*case, devices=2)


def test_a_signal_at_a_step_costs_nothing(undisturbed, tmp_path):
    folder = tmp_path / "run"
    prepared(folder, "mlp")
    assert run(folder, "SIGTERM@step:12") == 1
    assert json.loads((folder / "run.json").read_text())["status"] == "interrupted"
    assert Path(find_checkpoint(folder, "last")).name == "step-12.ckpt"
    assert run(folder) == 0
    assert outcome(folder) == undisturbed("mlp")


@pytest.mark.slow
def test_a_fine_tuning_that_is_killed_before_and_after_each_unfreezing_ends_as_one_that_is_not(
    tmp_path,
):
    torch.manual_seed(5)
    file = tmp_path / "resnet18.pth"
    torch.save(models.resnet18().state_dict(), file)
    words = (*FINE_TUNED, f"model.weights={file}")
    one, other = tmp_path / "one", tmp_path / "other"
    prepared_by(one, *words)
    assert run(one) == 0
    prepared_by(other, *words, "resume.every_steps=1")
    for step in (1, 2, 4, 5, 7):
        assert run(other, f"SIGKILL@step:{step}") == -9
    file.unlink()
    assert run(other) == 0
    assert outcome(other) == outcome(one)
    content = json.loads((other / "run.json").read_text())["initial_weights"]
    assert set(content["not_taken"]) == {"fc.weight", "fc.bias"}
