"""What each guest goes through: all that Leyden does for a project that does not know it."""

import csv
import json
import os
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from leyden.cli import main
from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.distributed.job import JobProcesses
from leyden.inference.load import load_run
from leyden.planning.resolve import resolve_job
from leyden.run.checkpoints import find_checkpoint
from leyden.testing.faults import faulty
from leyden.training.run_work import RunWork
from leyden.training.train import prepare

HERE = Path(__file__).parent
CONF = ("--config-dir", str(HERE / "conf"))
NOT_COMPARED = {"throughput", "time/epoch"}
"""Metrics that are times."""


@dataclass(frozen=True)
class Guest:
    """A guest, and what is particular to it.

    Attributes:
        lr: Key of its learning rate.
        monitor: Metric that selects, by the name that it is logged under.
        words: Further overrides.
        epochs: Epochs of a run.
        kill: Step before which the run is killed.
        every: Steps from one checkpoint to the next.
        resumes: Whether a run that was killed within an epoch ends as one that was not: `exactly`;
            or `otherwise`, where batches depend on what no checkpoint can have.
        has_test: Whether it has a test.
    """

    lr: str
    monitor: str = "val/loss"
    words: tuple[str, ...] = ()
    epochs: int = 3
    kill: int = 30
    every: int = 7
    resumes: str = "exactly"
    has_test: bool = False


GUESTS = {
    "template": Guest("model.optimizer.lr", kill=60, has_test=True),
    "vae": Guest("model.lr", kill=70),
    "gan": Guest("model.g_optimizer.lr", "val/d_loss", kill=41),
    "simclr": Guest("model.lr", kill=25, every=5),
    "diffusion": Guest("model.lr", "val/loss_simple"),
    "unet": Guest("model.optimizer.lr", kill=12, every=5, epochs=1),
    "multilabel": Guest("model.lr", kill=40, has_test=True),
    "text_classifier": Guest("model.learning_rate", kill=40),
    "seq2seq": Guest("model.lr"),
    "metric_learning": Guest("model.lr", "val/triplet_loss"),
    "rl": Guest("model.lr", epochs=2, kill=60, resumes="otherwise"),
    "kfold": Guest("model.lr", has_test=True),
    "two_val": Guest("model.lr", "val_loss/dataloader_idx_0", has_test=True),
    "lbfgs": Guest("model.learning_rate", kill=6, every=2, has_test=True),
    "swa": Guest("model.lr", words=("callbacks=swa",), epochs=4, kill=25, has_test=True),
    "ema": Guest("model.optimizer.lr", words=("callbacks=ema",), has_test=True),
    "finetune": Guest("model.lr", words=("callbacks=finetune",), kill=45),
    "graph": Guest("model.lr", has_test=True),
    "plateau": Guest("model.learning_rate"),
    "no_val": Guest("model.optimizer.lr", kill=80),
    "hooks": Guest("model.lr"),
    "big_model": Guest("model.lr", has_test=True),
    "pinn": Guest("model.lr"),
    "distill": Guest("model.optimizer.lr"),
    "datasets_only": Guest("model.lr"),
    "manual_accumulation": Guest("model.optimizer.lr"),
    "recurrent": Guest("model.lr"),
    "unified": Guest("model.lr", has_test=True),
    "torchvision_net": Guest("model.optimizer.lr", kill=5, every=2, epochs=1),
}


def words_of(name: str) -> list[str]:
    """The overrides of a guest's run."""
    guest = GUESTS[name]
    return [
        *(f"model={name}", f"data={name}", f"monitor.metric={guest.monitor}"),
        *(f"trainer.max_epochs={guest.epochs}", "trainer.accelerator=cpu"),
        *("trainer.log_every_n_steps=1", f"resume.every_steps={guest.every}"),
        *("resume.every_minutes=null", *guest.words),
    ]


def leyden(*words: str) -> tuple[int, str, str]:
    """Exit status, output and messages of a command line."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(words)
    return status, out.getvalue(), err.getvalue()


def trained(name: str, folder: Path, *faults: str) -> int:
    """Prepares a guest's run if it is not there, and executes it in a process of its own."""
    if not folder.exists():
        config_dir = Path(CONF[1])
        (job,) = compose_request(Request(tuple(words_of(name)), config_dir=config_dir)).jobs
        prepare(job, resolve_job(job), command=[], folder=folder)
    with faulty(*faults):
        return JobProcesses(RunWork(folder), world_size=1).wait()


def outcome(folder: Path) -> dict[str, Any]:
    """All of a run that is to be the same to the bit."""
    path = find_checkpoint(folder, "last")
    checkpoint = torch.load(path, weights_only=True)
    record = json.loads((folder / "run.json").read_text())
    with (folder / "metrics.csv").open() as file:
        rows = [without_times(row) for row in csv.DictReader(file)]
    return {
        "weights": bytes_of(checkpoint["state_dict"]),
        "optimizer": bytes_of(checkpoint["optimizer_states"]),
        "rows": rows,
        "metrics": without_times(record["metrics"]),
        **{key: record[key] for key in ("status", "steps", "samples", "losses", "best")},
    }


def differences(whole: dict[str, Any], killed: dict[str, Any]) -> list[str]:
    """What differs between two outcomes."""
    found = [key for key in whole if key != "rows" and whole[key] != killed[key]]
    rows = list(zip(whole["rows"], killed["rows"], strict=False))
    cells = [
        f"row {place} {key} {row.get(key)} {other.get(key)}"
        for place, (row, other) in enumerate(rows)
        for key in row.keys() | other.keys()
        if row.get(key) != other.get(key)
    ]
    lengths = [len(one["rows"]) for one in (whole, killed)]
    return [*found, *cells[:5], *([f"rows {lengths}"] if len(set(lengths)) > 1 else [])]


def without_times(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in NOT_COMPARED}


def bytes_of(state: Any) -> Any:
    if isinstance(state, torch.Tensor):
        return state.flatten().contiguous().view(torch.uint8).numpy().tobytes()
    if isinstance(state, dict):
        return {key: bytes_of(value) for key, value in state.items()}
    return [bytes_of(value) for value in state] if isinstance(state, list | tuple) else state


def checks(name: str, folder: Path) -> str:
    """A misspelt key of the model is refused, with the right one."""
    key = GUESTS[name].lr
    wrong = f"{key}x"
    status, _, err = leyden("train", *CONF, *words_of(name), f"+{wrong}=1")
    assert status == 2, err
    assert f"{wrong}=1 (command line): no such key; did you mean `{key}`?" in err
    return "did you mean"


def plans(name: str, folder: Path) -> str:
    """A plan has parameters, operations, memory, and steps where loaders have a length."""
    status, out, err = leyden("plan", *CONF, *words_of(name), "--json")
    assert status == 0, err
    row = json.loads(out)
    row = row[0] if isinstance(row, list) else row
    assert row["params"]["total"] > 0
    assert row["memory_bytes"] > 0
    assert (row["steps"] is None) == (name == "rl")
    return f"{row['steps'] or '-'} steps, {row['resume']}"


def trains(name: str, folder: Path) -> str:
    """A run completes, and records what it did."""
    assert trained(name, folder / "whole") == 0
    record = json.loads((folder / "whole" / "run.json").read_text())
    assert record["status"] == "completed"
    assert record["steps"] > 0
    assert record["params"]["total"] > 0
    assert record["data"] is None
    return f"{record['steps']} steps"


def resumes(name: str, folder: Path) -> str:
    """A run that is killed and resumed ends as one that was not, or says that it can't."""
    guest = GUESTS[name]
    assert trained(name, folder / "killed", f"SIGKILL@step:{guest.kill}") == -9
    assert trained(name, folder / "killed") == 0
    whole, killed = outcome(folder / "whole"), outcome(folder / "killed")
    if guest.resumes == "exactly":
        assert not differences(whole, killed)
    assert (killed["status"], killed["steps"]) == ("completed", whole["steps"])
    grade = json.loads((folder / "killed" / "run.json").read_text())["resume"]["exactness"]
    return f"{grade}, ends {'equal' if killed == whole else 'otherwise'}"


def sweeps(name: str, folder: Path) -> str:
    """A sweep over its learning rate compares two jobs, and reports them."""
    guest = GUESTS[name]
    here = Path.cwd()
    os.chdir(folder)
    try:
        words = [word for word in words_of(name) if "max_epochs" not in word]
        status, out, err = leyden(
            *("train", *CONF, "-m", *words, "trainer.max_epochs=1"),
            *(f"{guest.lr}=1e-3,3e-3", "hydra.launcher.slots=1"),
        )
    finally:
        os.chdir(here)
    assert status == 0, err
    sweep = folder / out.splitlines()[-1]
    assert (sweep / "report" / "report.html").is_file()
    states = [job["state"] for job in json.loads((sweep / "sweep.json").read_text())["jobs"]]
    assert states == ["completed", "completed"]
    return "2 jobs"


def has_a_row(name: str, folder: Path) -> str:
    """TensorBoard's HPARAMS tab has its row, with the metric that selects."""
    events = EventAccumulator(str(folder / "whole"))
    events.Reload()
    tags = events.summary_metadata
    assert "_hparams_/session_start_info" in tags
    assert "_hparams_/session_end_info" in tags
    return "yes"


def evaluates(name: str, folder: Path) -> str:
    """Its test is repeated from the folder, with the same metrics; or there is none, and a line."""
    status, out, err = leyden("eval", str(folder / "whole"), "--json")
    if not GUESTS[name].has_test:
        assert (status, "has no test_step" in err) == (2, True), err
        return "no test"
    assert status == 0, err
    record = json.loads((folder / "whole" / "run.json").read_text())
    values = json.loads(out)
    values = values.get("metrics", values)
    for metric, value in values.items():
        if metric not in NOT_COMPARED:
            assert abs(record["metrics"][metric] - value) < 1e-6, metric
    return f"{len(values)} metrics"


def loads(name: str, folder: Path) -> str:
    """Its module is there in Python, with the weights of the best checkpoint."""
    loaded = load_run(folder / "whole")
    best = torch.load(find_checkpoint(folder / "whole"), weights_only=True)["state_dict"]
    assert bytes_of(dict(loaded.net.state_dict())) == bytes_of(best)
    return type(loaded.net).__name__


STATIONS: dict[str, Callable[[str, Path], str]] = {
    "check": checks,
    "plan": plans,
    "train": trains,
    "kill and resume": resumes,
    "sweep": sweeps,
    "HPARAMS": has_a_row,
    "eval": evaluates,
    "load": loads,
}
"""In their order: later ones look at what earlier ones have left."""
