import json

import pytest

SHORT = ("model.width=8", "callbacks.graph=null", "callbacks.predictions=null", "baselines=null")
GPT = ("model=gpt", "data=stdlib_text", "model.width=16", "model.depth=1", "data.max_bytes=60000")


def record_of(leyden, *words):
    result = leyden("train", *SHORT, *words)
    assert result.status == 0, result.err
    return json.loads((result.folder / "run.json").read_text())


def test_steps_are_steps(leyden):
    assert record_of(leyden, "budget.steps=7")["steps"] == 7


def test_flops_are_not_exceeded_and_less_than_a_step_is_left(leyden):
    record = record_of(leyden, "budget.flops=2e6")
    per_step, total = record["flops"]["per_step"], record["flops"]["total"]
    assert 2e6 - per_step < total <= 2e6


def test_models_of_other_sizes_have_the_same_flops(leyden):
    result = leyden("plan", "-m", "model.width=8,64", "budget.flops=1e9", "--json")
    small, large = json.loads(result.out)
    assert small["steps"] > large["steps"]
    for row in (small, large):
        assert row["flops"]["total"] == pytest.approx(1e9, rel=0.02)


def test_tokens_are_tokens(leyden):
    words = (*GPT, "data.context=32", "data.batch_size=8", "callbacks.samples=null")
    record = record_of(leyden, *words, "budget.tokens=2560")
    assert record["tokens"] == 2560


def test_seconds_end_a_run_after_a_step_with_a_validation_and_a_test(leyden):
    record = record_of(leyden, "budget.seconds=1", "scheduler=constant")
    assert record["status"] == "completed"
    assert record["steps"] > 1
    assert 1 <= record["train_seconds"] < 30
    assert {"val/loss", "test/loss"} <= record["metrics"].keys()


@pytest.mark.parametrize("budget", ["budget.steps=7", "budget.seconds=1", "budget.flops=2e6"])
def test_a_run_with_a_budget_is_resumed_and_evaluated(budget, leyden):
    result = leyden("train", *SHORT, budget, "scheduler=constant")
    assert result.status == 0, result.err
    assert leyden("eval", str(result.folder)).status == 0
    assert leyden("resume", str(result.folder)).status == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["budget=5"], "says no unit; type one of `budget.steps`"),
        (["budget.stepz=5"], "did you mean `budget.steps`"),
        (["budget.steps=0"], "must be at least 1"),
        (["budget.flops=-1"], "must be more than 0"),
        (["budget.steps=3", "budget.flops=1e9"], "one of them decides"),
        (["budget.flops=10"], "is less than the"),
        (["budget.tokens=100"], "is for text"),
        (["budget.seconds=5"], "needs `scheduler=constant`"),
        (["budget.steps=3", "trainer.max_steps=4"], "is said by budget.steps, which gives 3"),
    ],
)
def test_budgets_that_can_not_be_are_refused(words, message, leyden, tmp_path):
    result = leyden("train", *words)
    assert result.status == 2
    assert message in " ".join(result.err.split())
    assert not (tmp_path / "outputs").exists()
