"""The trainer's options do what they are named for."""

import csv
import json

import pytest

from leyden.config.location import EXPERIMENTS

FEW = ("data.batch_size=8", "trainer=overfit", "scheduler=constant")


def last_loss(folder):
    return json.loads((folder / "run.json").read_text())["metrics"]["train/loss"]


def test_an_mlp_learns_eight_samples_by_heart(leyden):
    assert last_loss(leyden("train", *FEW, "trainer.max_steps=60").folder) < 0.01


def test_a_gpt_learns_eight_samples_by_heart(leyden):
    text = ("model=gpt", "data=stdlib_text", "data.context=16", "data.max_bytes=60000")
    size = ("model.width=64", "model.depth=2", "callbacks.samples.num_tokens=5")
    result = leyden("train", *FEW, *text, *size, "trainer.max_steps=150")
    assert last_loss(result.folder) < 0.05


GPT2 = ("model.width=64", "model.depth=2", "data.context=64", "data.eval_batch_size=2")
SMALLER = {
    **dict.fromkeys(("gpt2_hello", "gpt2_small_ddp", "gpt2_small_fsdp"), GPT2),
    **dict.fromkeys(("resnet_cifar10", "vgg_cifar10"), ("model.width=8",)),
}
"""Overrides of experiments whose steps, as typed, take half a minute on a core, or 6 GB."""
FILES = sorted(EXPERIMENTS.rglob("*.yaml"))


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_experiment_passes_its_smoke_run(file, leyden):
    text = file.read_text()
    few = [*SMALLER.get(file.stem, ())]
    few += ["sweep.repeat.seed=1"] if "repeat:" in text else []
    few += ["hydra.sweeper.n_trials=4"] if "n_trials:" in text else []
    few += ["baselines=null"]  # those of text take ten seconds
    result = leyden("train", f"experiment={file.stem}", "trainer=smoke", *few)
    assert result.status == 0
    records = [json.loads(path.read_text()) for path in result.folder.glob("**/run.json")]
    assert {(record["status"], record["steps"]) for record in records} == {("completed", 2)}
    assert all(record["best"]["value"] is not None for record in records)


def test_a_smoke_run_of_data_that_is_not_here_stands_in_and_says_so(leyden, tmp_path, user_package):
    user_package(
        "far_data",
        "from leyden.data import DataModule, Spec\n"
        "class Far(DataModule):\n"
        "    kind = 'image'\n"
        "    def is_here(self): return False\n"
        "    def expected_spec(self): return Spec('image', (3, 4, 4), 5)\n"
        "    def load(self): raise AssertionError('must not be read')\n"
        "    def fetch(self): raise AssertionError('must not be fetched')\n",
    )
    (tmp_path / "mine" / "data").mkdir(parents=True)
    (tmp_path / "mine" / "data" / "far.yaml").write_text("_target_: far_data.Far\nbatch_size: 8\n")
    result = leyden("train", "--config-dir", "mine", "data=far", "trainer=smoke")
    assert result.status == 0
    assert "not on this machine" in result.err


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_a_share_of_one_is_all_there_is(part, leyden):
    words = ("trainer.max_epochs=1", "model.width=4", "trainer.log_every_n_steps=1")
    whole, limited = (
        json.loads((leyden("train", *words, *more).folder / "run.json").read_text())["metrics"]
        for more in ((), (f"trainer.limit_{part}_batches=1.0",))
    )
    names = ("train/loss", "val/loss", "test/loss")
    assert [limited[name] for name in names] == [whole[name] for name in names]


def test_a_run_of_steps_validates_at_its_end(leyden):
    result = leyden("train", "trainer.max_steps=30", "model.width=8")  # an epoch has 22
    with (result.folder / "metrics.csv").open() as file:
        validated = [int(row["step"]) for row in csv.DictReader(file) if row["val/loss"]]
    assert validated == [21, 29]  # counted from 0


@pytest.mark.parametrize("length", ["trainer.max_steps=30", "trainer.max_epochs=2"])
@pytest.mark.parametrize(
    "interval",
    [
        ("trainer.check_val_every_n_epoch=50",),
        ("trainer.val_check_interval=7",),
        ("trainer.val_check_interval=0.4",),
        ("trainer.val_check_interval=00:01:00:00",),
        ("trainer.check_val_every_n_epoch=null", "trainer.val_check_interval=25"),
        ("trainer.limit_train_batches=12", "trainer.accumulate_grad_batches=2"),
    ],
    ids=" ".join,
)
def test_a_run_validates_at_its_end_where_none_was_due(length, interval, leyden):
    quiet = ("callbacks.predictions=null", "callbacks.graph=null", "logger.tensorboard=null")
    result = leyden("train", length, *interval, "model.width=8", "optimizer=sgd", *quiet)
    record = json.loads((result.folder / "run.json").read_text())
    assert record["monitored"][-1][0] == record["steps"]


def test_tokens_say_the_length_of_a_run(leyden):
    text = ("model=gpt", "data=stdlib_text", "data.max_bytes=60000", "model.width=8")
    size = ("data.batch_size=4", "data.context=16", "callbacks.samples=null")
    result = leyden("train", *text, *size, "trainer.max_tokens=300")  # 64 a step
    assert json.loads((result.folder / "run.json").read_text())["steps"] == 5


def test_early_stopping_is_off_unless_patience_is_given(leyden):
    common = ("optimizer=sgd", "optimizer.lr=1e-9", "trainer.max_epochs=4", "model.width=4")
    whole = leyden("train", *common)
    stopped = leyden(
        "train",
        *common,
        "callbacks.early_stopping.patience=1",
        "callbacks.early_stopping.min_delta=1.0",
    )
    steps = [json.loads((r.folder / "run.json").read_text())["steps"] for r in (whole, stopped)]
    assert steps == [4 * 22, 2 * 22]


def test_bf16_trains_an_mlp(leyden):
    result = leyden("train", "trainer.precision=bf16-mixed", "trainer.max_epochs=3")
    assert json.loads((result.folder / "run.json").read_text())["metrics"]["test/acc"] > 0.8


def test_fused_optimizers_clip_under_mixed_precision(leyden):
    arguments = ("trainer.precision=bf16-mixed", "trainer.max_steps=2", "optimizer=adamw")
    assert leyden("train", *arguments, "trainer.gradient_clip_val=0.1").status == 0


def test_a_profile_of_lightnings_says_how_often_a_step_was_taken(leyden):
    result = leyden("train", "trainer.profiler=simple", "trainer.max_steps=3")
    report = (result.folder / "fit-profile.txt").read_text().splitlines()
    (row,) = [line for line in report if "run_training_batch" in line]
    assert row.split("|")[3].strip() == "3"


def test_a_callback_can_be_removed(leyden):
    result = leyden("train", "trainer=smoke", "callbacks.best=null", "resume.keep=0")
    assert result.status == 0
    assert not (result.folder / "checkpoints").exists()


def test_deep_logging_adds_histograms_and_update_ratios(leyden):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    arguments = ("logger=tensorboard_deep", "callbacks.histograms.every_n_steps=1")
    result = leyden("train", "trainer=smoke", *arguments)
    tags = EventAccumulator(str(result.folder)).Reload().Tags()
    assert {"weights/head.weight", "gradients/head.weight"} <= set(tags["histograms"])
    assert "update_ratio/head.weight" in tags["scalars"]
