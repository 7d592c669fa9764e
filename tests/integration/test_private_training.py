"""`privacy=dp_sgd`: runs, their record, their end at the budget, their resumption, refusals."""

import json
import subprocess
import sys

import pytest
from pytorch_lightning import Callback

import leyden as leyden_package
from leyden.privacy.accounting import SampledGaussian, epsilon_after

pytest.importorskip("opacus")

PRIVATE = (
    *("privacy=dp_sgd", "privacy.delta=1e-4", "data.batch_size=128", "optimizer=adam"),
    *("model.width=16", "trainer.max_epochs=3", "logger=null", "baselines=null"),
)
STEPS = 33
RATE = 128 / 1437


def record_of(folder):
    return json.loads((folder / "run.json").read_text())


def spent(noise, steps, accountant="rdp"):
    return epsilon_after(steps, SampledGaussian(RATE, noise), delta=1e-4, accountant=accountant)


def test_a_run_keeps_its_budget_and_records_what_its_epsilon_means(leyden):
    done = leyden("train", *PRIVATE, "privacy.epsilon=3", "run_dir=run")
    record = record_of(done.folder)
    private = record["privacy"]
    noise = private["noise_multiplier"]
    assert record["steps"] == private["steps"] == STEPS
    assert private["epsilon"] == pytest.approx(spent(noise, STEPS))
    assert 2.98 < private["epsilon"] <= 3
    assert private["by_accountant"]["prv"] == pytest.approx(spent(noise, STEPS, "prv"))
    assert private["sample_rate"] == pytest.approx(RATE)
    assert "Balle et al. 2020" in private["conversion"]
    assert record["metrics"]["privacy/epsilon"] == private["epsilon"]
    assert 0.3 < private["membership"]["auc"] < 0.7
    assert "epsilon" in done.out
    assert "Balle et al. 2020" in done.out


def test_a_run_stops_at_its_budget_and_says_so_before(leyden):
    words = (*PRIVATE, "privacy.noise_multiplier=1.2", "privacy.epsilon=2", "run_dir=run")
    done = leyden("train", *words)
    steps = record_of(done.folder)["steps"]
    assert f"the budget is spent after step {steps} of {STEPS}" in done.err
    assert spent(1.2, steps) <= 2 < spent(1.2, steps + 1)
    longer = leyden("resume", str(done.folder), "trainer.max_epochs=9")
    assert record_of(done.folder)["steps"] == steps
    assert longer.status == 0


@pytest.mark.parametrize("step", [1, 9, 12, 32])
def test_a_killed_run_goes_on_to_the_same_bits_and_the_same_epsilon(step, leyden, monkeypatch):
    words = (*PRIVATE, "privacy.noise_multiplier=1.5", "resume.every_steps=4")
    whole = leyden("train", *words, "run_dir=whole").folder
    monkeypatch.setenv("LEYDEN_FAULT", f"SIGKILL@step:{step}")
    command = [sys.executable, "-m", "leyden", "train", *words, "run_dir=killed"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -9
    monkeypatch.delenv("LEYDEN_FAULT")
    killed = leyden("train", *words, "run_dir=killed").folder
    one, other = record_of(whole), record_of(killed)
    for key in ("losses", "privacy", "steps", "best"):
        assert one[key] == other[key]
    assert one["metrics"]["test/loss"] == other["metrics"]["test/loss"]


def test_a_text_model_trains_in_private(leyden):
    words = (
        *("privacy=dp_sgd", "privacy.noise_multiplier=1", "model=gpt", "model.positions=rotary"),
        *("model.width=16", "model.depth=1", "data=stdlib_text", "data.batch_size=32"),
        *("data.context=16", "trainer.max_steps=4", "trainer.limit_val_batches=1"),
        *("trainer.limit_test_batches=1", "logger=null", "baselines=null", "privacy.delta=1e-6"),
    )
    done = leyden("train", *words, "run_dir=run")
    assert record_of(done.folder)["privacy"]["steps"] == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("privacy.epsilon=null", "privacy.epsilon=8"),
        ("privacy.delta=0.001", "must be below 1 / 1,437"),
        ("privacy.epsilon=1e-6", "no noise keeps"),
        ("privacy.epsilon=1 privacy.noise_multiplier=0.3", "is spent by one step"),
        ("data.batch_size=16", "must be 32 or more"),
        ("model=cnn model.norm=batch", "model.norm=group"),
        ("model=rnn", "no gradients of samples of"),
        ("trainer.devices=2 strategy=fsdp", "strategy=auto trainer.devices=1"),
        ("trainer.devices=2 strategy=ddp", "strategy=auto trainer.devices=1"),
        ("trainer.accumulate_grad_batches=2", "trainer.accumulate_grad_batches=null"),
        ("trainer.micro_batch=auto", "trainer.micro_batch=null"),
        ("trainer.gradient_clip_val=1", "trainer.gradient_clip_val=null"),
        ("trainer.on_nonfinite=skip", "trainer.on_nonfinite=raise"),
        ("trainer.precision=bf16-mixed", "trainer.precision=32-true"),
        ("task.mixup=0.2", "task.mixup=0"),
        ("task.class_weights=balanced", "list the weights"),
        ("optimizer=schedule_free_adamw", "optimizer=adamw"),
        ("compile=true", "compile=false"),
        ("privacy.accountant=gdp", "must be one of prv, rdp, rdp_classic"),
        ("privacy.noise=3", "no such key"),
    ],
)
def test_what_privacy_cannot_do_is_refused_with_the_way_out(words, message, leyden, tmp_path):
    done = leyden("train", *PRIVATE, "privacy.epsilon=3", *words.split(), "run_dir=run")
    assert done.status == 2
    assert message in done.err.replace("\n", " ")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("key", ["privacy.noise_multiplier", "data.batch_size"])
def test_the_mechanism_can_not_change_in_a_resumed_run(key, leyden):
    run = leyden("train", *PRIVATE, "privacy.noise_multiplier=1.5", "run_dir=run").folder
    words = (f"resume.allow_change=[{key}]", f"{key}=64", "trainer.micro_batch=null")
    done = leyden("resume", str(run), "trainer.max_epochs=9", *words)
    assert done.status == 2
    assert "its epsilon is of all steps alike" in done.err.replace("\n", " ")


def test_eval_tells_what_an_attack_reaches_of_any_run(leyden):
    words = ("model.width=64", "trainer.overfit_samples=64", "trainer.max_epochs=30")
    rest = ("data.batch_size=32", "logger=null", "baselines=null", "run_dir=run")
    run = leyden("train", *words, *rest).folder
    before = (run / "run.json").read_bytes()
    found = json.loads(leyden("eval", str(run), "--membership", "--json").out)
    assert found["auc"] == pytest.approx(0.5)  # it is tested on the same samples
    assert found["samples"] == [64, 64]
    assert (run / "run.json").read_bytes() == before
    assert leyden("eval", str(run), "--membership", "--on", "x.csv").status == 2


@pytest.mark.parametrize("is_private", [False, True])
def test_batches_differ_in_size_only_where_privacy_asks_for_poisson_samples(is_private, leyden):
    sizes = []

    class Sizes(Callback):
        def on_train_batch_end(self, trainer, task, outputs, batch, batch_idx):
            sizes.append(len(batch[0]))

    words = PRIVATE if is_private else PRIVATE[2:]
    leyden_package.train(
        *words, "privacy.noise_multiplier=1" if is_private else "seed=0", callbacks=[Sizes()]
    )
    assert len(sizes) == STEPS
    assert (len(set(sizes)) > 10) == is_private
    assert abs(sum(sizes) / STEPS - 128) < 10


def test_a_task_of_the_users_is_refused(leyden, user_package):
    code = "from leyden.tasks import Classification\n\n\nclass Mine(Classification):\n    pass\n"
    user_package("mine", code)
    words = ("privacy.epsilon=3", "+task._target_=mine.Mine")
    done = leyden("train", *PRIVATE, *words)
    assert done.status == 2
    assert "a loss of your own may compare samples of a batch" in done.err.replace("\n", " ")
