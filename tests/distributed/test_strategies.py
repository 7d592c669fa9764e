"""Two processes compute what one does."""

import pytest
import torch

from leyden.config.location import CONF
from leyden.run.checkpoints import read_step, read_weights

TEXT = ("data=stdlib_text", "data.max_bytes=60000", "data.context=16", "data.batch_size=8")
FAMILIES = {
    "mlp": ("model.width=16",),
    "cnn": ("model=cnn", "model.width=4"),
    "resnet": ("model=resnet", "model.width=4", "model.norm=group"),
    "vgg": ("model=vgg", "model.width=4", "model.norm=none"),
    "rnn": ("model=rnn", "model.width=8"),
    "char_rnn": ("model=rnn", "model.width=8", *TEXT, "data.stream=true"),
    "gpt": ("model=gpt", "model.width=16", "model.depth=2", "model.head_dim=8", *TEXT),
}
GPT = (*FAMILIES["gpt"], "optimizer=adamw")
OPTIMIZERS = sorted(
    {file.stem for file in (CONF / "optimizer").glob("*.yaml")} - {"adafactor", "soap"}
)


def same(ours, theirs, *, rtol=1e-5):
    ours, theirs = (torch.tensor(one, dtype=torch.float64) for one in (ours, theirs))
    torch.testing.assert_close(ours, theirs, rtol=rtol, atol=0.0)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_two_processes_give_the_losses_of_one(run, losses, family):
    words = (*FAMILIES[family], "optimizer=adamw", "trainer.gradient_clip_val=0.5")
    one, two = (losses(run(by, *words, "trainer.precision=64-true")) for by in ("one", "ddp"))
    assert len(one) == 10
    same(two, one, rtol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_two_processes_with_half_of_each_parameter_give_the_losses_of_one(run, losses, family):
    """With plain SGD: AdamW turns rounding errors of tiny gradients into whole steps, and FSDP
    has no 64-bit precision."""
    words = (*FAMILIES[family], "optimizer=sgd", "trainer.gradient_clip_val=0.5")
    same(losses(run("fsdp", *words)), losses(run("one", *words)))


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_step_on_split_parameters_as_on_whole_ones(run, losses, optimizer):
    words = (*FAMILIES["gpt"], f"optimizer={optimizer}")
    same(losses(run("fsdp", *words)), losses(run("one", *words)))


@pytest.mark.slow
@pytest.mark.parametrize("first", ["one", "ddp", "fsdp", "fsdp_full"])
def test_every_strategy_goes_on_from_the_checkpoints_of_every_other(run, losses, first):
    undisturbed = losses(run("one", *GPT))
    checkpoint = run(first, *GPT) / "checkpoints" / "step-5.ckpt"
    assert checkpoint.is_dir() == (first == "fsdp")
    assert read_step(checkpoint) == 5
    for second in ("one", "ddp", "fsdp"):
        same(losses(run(second, *GPT, start=checkpoint)), undisturbed[5:])


UNFROZEN = {"before": 3, "after": 7}
# Each strategy writes a checkpoint and goes on from one, before and after the unfreezing.
FINE_TUNED = [
    *(("one", "fsdp", "before"), ("ddp", "one", "before"), ("fsdp", "ddp", "before")),
    *(("fsdp_full", "fsdp", "before"), ("one", "ddp", "after"), ("ddp", "fsdp", "after")),
    *(("fsdp", "one", "after"), ("fsdp_full", "ddp", "after")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second", "unfrozen"), FINE_TUNED)
def test_fine_tuning_is_the_same_by_every_strategy_and_goes_on(
    run, losses, first, second, unfrozen
):
    step = UNFROZEN[unfrozen]  # the checkpoint is of step 5
    words = (*GPT, f"freeze={{token_embedding: null, blocks.0: {step}}}")
    words = (*words, "optimizer.layer_decay=0.5", "optimizer.lr_multipliers={*.bias: 3}")
    undisturbed = losses(run("one", *words))
    same(losses(run(first, *words)), undisturbed)
    checkpoint = run(first, *words) / "checkpoints" / "step-5.ckpt"
    same(losses(run(second, *words, start=checkpoint)), undisturbed[5:])


@pytest.mark.slow
def test_a_sharded_checkpoint_holds_the_weights_of_one_process(run):
    ours, theirs = (
        read_weights(run(strategy, *GPT) / "checkpoints" / "step-10.ckpt")
        for strategy in ("fsdp", "one")
    )
    assert ours.keys() == theirs.keys()
    for name, weight in theirs.items():
        torch.testing.assert_close(ours[name], weight, rtol=1e-4, atol=1e-6)
