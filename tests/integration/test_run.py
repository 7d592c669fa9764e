"""What a finished run leaves, and what it can be used for."""

import csv
import json
import shutil
from math import exp, log

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from leyden.data import Spec
from leyden.run.test_uses import read_test_uses
from leyden.tasks import Classification

DESIGN_KEYS = """
    schema status experiment overrides config_digest seed command started ended seconds
    train_seconds params flops steps samples tokens throughput peak_memory_bytes metrics best
    git versions device error
"""


@pytest.fixture(params=["mlp_run", "gpt_run"])
def run(request):
    return request.getfixturevalue(request.param)


def record_of(folder):
    return json.loads((folder / "run.json").read_text())


def losses_of(folder, column="train/loss"):
    with (folder / "metrics.csv").open() as file:
        return [float(row[column]) for row in csv.DictReader(file) if row[column]]


def test_the_folder_holds_what_the_design_says(run):
    files = {path.name.split(".tfevents")[0] for path in run.iterdir()}
    assert files == {
        "config.yaml",
        "overrides.yaml",
        ".lock",
        ".execution.lock",
        "code.json",
        "preparation.json",
        *(["tokenizer"] if "gpt" in run.parent.name else []),
        "run.json",
        "metrics.csv",
        "events.out",
        "train.log",
        "checkpoints",
        "test_uses.jsonl",
        *(["test_details.json"] if "digits" in run.parent.name else []),
    }


def test_the_record_has_every_key_of_the_design(run):
    assert record_of(run).keys() >= set(DESIGN_KEYS.split())


def test_the_record_says_completed(run):
    assert record_of(run)["status"] == "completed"


def test_an_epoch_of_digits_has_22_steps_of_64_samples(mlp_run):
    record = record_of(mlp_run)
    assert (record["steps"], record["samples"]) == (2 * 22, 2 * 22 * 64)


def test_the_tokens_of_text_are_counted(gpt_run):
    assert record_of(gpt_run)["tokens"] == 10 * 8 * 32


def test_total_flops_are_those_of_all_steps(run):
    record = record_of(run)
    assert record["flops"]["total"] == record["steps"] * record["flops"]["per_step"]


def test_the_best_value_is_the_least_that_was_logged(mlp_run):
    assert record_of(mlp_run)["best"]["value"] == min(losses_of(mlp_run, "val/loss"))


def test_perplexity_and_bits_per_byte_follow_from_the_loss(gpt_run):
    metrics = record_of(gpt_run)["metrics"]
    assert metrics["test/ppl"] == pytest.approx(exp(metrics["test/loss"]), rel=1e-5)
    assert metrics["test/bpb"] == pytest.approx(metrics["test/loss"] / log(2), rel=0.01)


def test_eval_gives_the_metrics_of_the_run(run, leyden):
    evaluated = json.loads(leyden("eval", str(run), "--json").out)
    recorded = record_of(run)["metrics"]
    assert evaluated == {name: recorded[name] for name in recorded if name.startswith("test/")}


def test_eval_writes_that_the_test_part_was_used_and_nothing_else(mlp_run, leyden, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(mlp_run, run)
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    leyden("eval", "run", "data.eval_batch_size=50")
    now = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    assert {path.name for path in now if now[path] != before.get(path)} == {"test_uses.jsonl"}
    first, *_, second = read_test_uses(run)
    assert (first["by"], second["by"]) == ("train", "eval")
    assert first["checkpoint"] == second["checkpoint"] == record_of(run)["best"]["checkpoint"][12:]
    assert second["overrides"] == ["data.eval_batch_size=50"]


def test_a_run_in_a_folder_that_can_not_be_written_is_evaluated(mlp_run, leyden, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(mlp_run, run)
    (run / "test_uses.jsonl").unlink()
    (run / "test_uses.jsonl").mkdir()
    result = leyden("eval", "run")
    assert result.status == 0
    assert "the use of the test part could not be recorded" in result.err


def test_a_moved_run_can_be_evaluated(mlp_run, leyden, tmp_path):
    shutil.copytree(mlp_run, tmp_path / "moved")
    assert leyden("eval", "moved").status == 0


def test_checkpoints_load_without_running_code(run):
    for path in (run / "checkpoints").glob("*.ckpt"):
        assert "state_dict" in torch.load(path, weights_only=True)


def test_best_and_last_checkpoints_are_kept(run):
    names = {path.name.partition("-")[0] for path in (run / "checkpoints").iterdir()}
    assert names == {"best", "step"}


def test_initial_weights_come_from_a_run(mlp_run, leyden):
    result = leyden(
        "train",
        "model.width=16",
        f"init_from={mlp_run}",
        "optimizer=sgd",
        "optimizer.lr=1e-12",
        "trainer.max_steps=1",
    )
    mine, theirs = record_of(result.folder)["metrics"], record_of(mlp_run)["metrics"]
    assert mine["test/loss"] == pytest.approx(theirs["test/loss"], rel=1e-5)


def test_initial_weights_of_another_shape_are_refused(mlp_run, leyden):
    result = leyden("train", "model.width=17", f"init_from={mlp_run}")
    assert result.status == 2
    assert "holds another model" in result.err


def test_tensorboard_has_stable_names(mlp_run):
    events = EventAccumulator(str(mlp_run)).Reload().Tags()
    assert set(events["scalars"]) == {
        *("train/loss", "lr", "grad_norm", "throughput", "best/val_loss"),
        *Classification.metrics_for(Spec("image", (1, 8, 8), 10)),
    }
    pictures = {"val/predictions", "val/mistakes", "val/confusion", "val/calibration"}
    assert set(events["images"]) == pictures
    assert {"pr/all classes", "pr/0", "pr/9"} <= set(events["tensors"])
    assert events["graph"]


def test_tensorboard_has_a_sample_of_text(gpt_run):
    tags = EventAccumulator(str(gpt_run)).Reload().Tags()["tensors"]
    layout = "custom_scalars__config__"
    assert set(tags) == {"config/text_summary", "sample/text_summary", layout}


def test_no_placeholder_metric_is_written(run):
    assert "hp_metric" not in EventAccumulator(str(run)).Reload().Tags()["scalars"]


def test_runs_lists_the_run(mlp_run, leyden):
    (row,) = json.loads(leyden("runs", str(mlp_run.parent), "--json").out)
    assert row["status"] == "completed"
    assert row["folder"] == str(mlp_run)


@pytest.mark.parametrize("family", ["mlp", "gpt"])
def test_the_same_seed_gives_the_same_run(family, tiny, leyden, request):
    again = leyden("train", *tiny[family]).folder
    assert losses_of(again) == losses_of(request.getfixturevalue(f"{family}_run"))


def test_another_seed_gives_another_run(mlp_run, tiny, leyden):
    assert losses_of(leyden("train", *tiny["mlp"], "seed=1").folder) != losses_of(mlp_run)


def test_worker_processes_change_nothing(mlp_run, tiny, leyden):
    result = leyden("train", *tiny["mlp"], "data.num_workers=2")
    assert losses_of(result.folder) == losses_of(mlp_run)


def test_accumulation_changes_nothing_but_rounding(tiny, leyden):
    whole, parts = (
        losses_of(
            leyden("train", *tiny["mlp"], f"trainer.accumulate_grad_batches={n}").folder, "val/loss"
        )
        for n in (1, 4)
    )
    assert parts == pytest.approx(whole, rel=1e-3)


def test_the_size_of_an_evaluation_batch_changes_nothing(run, leyden):
    evaluated = json.loads(leyden("eval", str(run), "data.eval_batch_size=7", "--json").out)
    recorded = record_of(run)["metrics"]
    assert evaluated == pytest.approx({name: recorded[name] for name in evaluated}, rel=1e-5)


def test_eval_of_another_model_than_the_checkpoints_is_refused(mlp_run, leyden):
    result = leyden("eval", str(mlp_run), "model.width=7")
    assert result.status == 2
    assert "holds another model" in result.err


def test_the_test_accuracy_is_the_share_of_right_answers(mlp_run):
    from leyden.data import BatchIndices
    from leyden.planning.building import build_data, build_net
    from leyden.run.checkpoints import find_checkpoint, read_weights
    from leyden.run.folder import read_frozen

    cfg = read_frozen(mlp_run)
    data = build_data(cfg)
    net = build_net(cfg, data.spec).eval()
    net.load_state_dict(read_weights(find_checkpoint(mlp_run)))
    inputs, labels = data.splits.test[BatchIndices(0, torch.arange(180))]
    right = sum(int(net(inputs[i : i + 1]).argmax() == labels[i]) for i in range(180))
    assert record_of(mlp_run)["metrics"]["test/acc"] == pytest.approx(right / 180)
