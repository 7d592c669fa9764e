"""Fine-tuning from the command line: weights of files, frozen parts, rates by layer."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from leyden.api import load
from leyden.callbacks.freezing import freeze
from leyden.data.batches import BatchIndices
from leyden.models import ResNet
from leyden.run.checkpoints import find_checkpoint, read_weights

SHAPE = (1, 8, 8)
SAMPLES = 64
ALL = BatchIndices(0, torch.arange(SAMPLES))
STEPS = 6
RATE = 0.05
QUIET = (
    "trainer.accelerator=cpu",
    "callbacks.graph=null",
    "callbacks.predictions=null",
    "callbacks.throughput=null",
    "baselines=null",
)
NET = ("model=resnet", "model.width=4", "data=digits")
SHORT = (*QUIET, *NET, "trainer.max_steps=2")


def resnet(seed, *, classes=10, width=4):
    torch.manual_seed(seed)
    return ResNet(input_shape=SHAPE, num_outputs=classes, width=width)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(resnet(7).state_dict(), path)
    return path


def folder_of(result):
    assert result.status == 0, result.err
    return Path(result.out.splitlines()[-1])


def record_of(folder):
    return json.loads((folder / "run.json").read_text())


def weights_after(folder):
    return read_weights(find_checkpoint(folder, "last"))


def saved(state, path, form):
    if form == "safetensors":
        save_file(state, path.with_suffix(".safetensors"))
        return path.with_suffix(".safetensors")
    held = {
        "alone": state,
        "beside other things": {"epoch": 3, "state_dict": state},
        "behind a wrapper": {f"module.{name}": one for name, one in state.items()},
        "of a LightningModule": {"state_dict": {f"net.{name}": one for name, one in state.items()}},
        "of a training script": {"model": state, "optimizer": {}, "epoch": 3},
    }
    torch.save(held[form], path)
    return path


@pytest.mark.parametrize(
    "form",
    [
        *("alone", "beside other things", "behind a wrapper", "of a LightningModule"),
        *("of a training script", "safetensors"),
    ],
)
def test_a_run_begins_with_the_weights_of_a_file_of_any_usual_form(form, leyden, tmp_path):
    path = saved(resnet(7).state_dict(), tmp_path / "weights.pth", form)
    words = (*SHORT, f"init_from={path}", "freeze=[stem,start,blocks]")
    folder = folder_of(leyden("train", *words))
    content = record_of(folder)["initial_weights"]
    assert content["not_taken"] == {}
    assert content["taken"] == len(resnet(7).state_dict())
    after = weights_after(folder)
    for name, tensor in resnet(7).state_dict().items():
        assert torch.equal(after[name], tensor) is not name.startswith("head.")


def test_what_does_not_fit_is_refused_by_name_and_with_strict_false_left_and_listed(
    leyden, tmp_path
):
    state = resnet(7, classes=5).state_dict()
    torch.save({**state, "extra": torch.ones(2)}, tmp_path / "a.pth")
    words = (*SHORT, f"init_from={tmp_path / 'a.pth'}")
    refused = leyden("train", *words)
    assert refused.status == 2
    assert "the shape of `head.weight` is (5, 32) in it, (10, 32) in this config" in refused.err
    assert "`strict=false` takes what fits" in refused.err
    assert not Path("outputs").exists()
    taken = leyden("train", *words, "strict=false")
    assert record_of(folder_of(taken))["initial_weights"]["not_taken"] == {
        "head.weight": [[5, 32], [10, 32]],
        "head.bias": [[5], [10]],
        "extra": [[2], None],
    }
    assert "head.weight" in taken.err
    assert "5 x 32" in taken.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("strict=false",), "strict=false (command line): has no effect"),
        (("init_from=nothing.pth",), "is neither a run's folder with a checkpoint nor a file of"),
        (("freeze=[blocsk]",), "freeze=blocsk (command line): no parameter of the model has such"),
        (("freeze=[stem,stem.weight]",), "names `stem.weight`, as `stem` does"),
        (("freeze='*'",), "names all parameters"),
        (("freeze={s*: 1, blocks: null, head: 1}",), "leaves nothing to train before step 1"),
        (("freeze={stem: -1}",), "must be at least 1, and `stem` is -1"),
        (("optimizer.layer_decay=0",), "optimizer.layer_decay=0 (command line): must be more"),
        (("optimizer.lr_multipliers={stem: 0}",), "must be more than 0, and `stem` is 0"),
        (("optimizer.lr_multipliers={nix: 2}",), "lr_multipliers=nix (command line): no parameter"),
        (
            ("freeze=stem", "optimizer.lr_multipliers={stem: 2}"),
            "lr_multipliers.stem (command line): has no effect: `freeze` names",
        ),
        (
            ("model=gpt", "data=stdlib_text", "freeze=[head,token_embedding]"),
            "names `token_embedding.weight`, as `head` does",
        ),
        (
            ("privacy=dp_sgd", "privacy.epsilon=3", "model.norm=group", "freeze={stem: 1}"),
            "freeze={'stem': 1} (command line): does not go with privacy=dp_sgd; leave out the",
        ),
    ],
)
def test_a_request_without_effect_or_sense_is_refused_by_its_key(words, said, leyden):
    result = leyden("train", *SHORT, *words)
    assert result.status == 2
    assert said in result.err.replace("\n", " ")
    assert not Path("outputs").exists()


def by_hand(net, x, y, *, until):
    """The same fine-tuning in plain PyTorch, over one batch."""
    loss_of = nn.CrossEntropyLoss()
    stages = [("stem", "start"), *((f"blocks.{n}",) for n in range(8)), ("head",)]
    groups = [
        {
            "params": [p for name, p in net.named_parameters() if name.startswith(stage)],
            "lr": RATE * 0.5 ** (len(stages) - 1 - place) * (3 if stage == ("head",) else 1),
        }
        for place, stage in enumerate(stages)
    ]
    optimizer = torch.optim.SGD(groups, lr=RATE)
    frozen = [net.stem, net.start, net.blocks[0]]
    for step in range(STEPS):
        net.train()
        held = frozen if step < until else frozen[:2]
        for module in frozen:
            module.requires_grad_(module not in held)
        for module in held:
            module.eval()
        optimizer.zero_grad()
        loss_of(net(x), y).backward()
        optimizer.step()
    return net


def test_steps_are_those_of_a_loop_by_hand(leyden, file):
    words = (
        *(*QUIET, *NET, f"trainer.overfit_samples={SAMPLES}", f"data.batch_size={SAMPLES}"),
        *(f"trainer.max_steps={STEPS}", f"init_from={file}", "trainer.gradient_clip_val=null"),
        *("optimizer=sgd", f"optimizer.lr={RATE}", "scheduler=constant"),
        *("optimizer.layer_decay=0.5", "optimizer.lr_multipliers={head: 3}"),
        *("freeze={stem: null, start: null, blocks.0: 3}", "trainer.precision=64-true"),
    )
    folder = folder_of(leyden("train", *words))
    x, y = load(folder).data().splits.train[ALL]
    wanted = by_hand(resnet(7).double(), x.double(), y, until=3).state_dict()
    found = weights_after(folder)
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-9, atol=1e-12)


def test_frozen_parts_and_their_running_statistics_stay_as_they_are(leyden, file):
    words = (*SHORT, f"init_from={file}", "freeze={stem: null, start: null, blocks.0: 1}")
    result = leyden("train", *words)
    after, before = weights_after(folder_of(result)), resnet(7).state_dict()
    for name, tensor in before.items():
        is_frozen = name.startswith(("stem", "start"))
        assert torch.equal(after[name], tensor) is is_frozen, name
    trained = sum(p.numel() for name, p in resnet(7).named_parameters() if name[:2] != "st")
    total = sum(p.numel() for p in resnet(7).parameters())
    assert f"trained {trained:,} of {total:,} parameters" in result.err
    assert record_of(folder_of(result))["params"]["trainable"] == trained


def test_layers_of_a_sequential_are_named_by_their_numbers(leyden, user_package):
    user_package("mine", SEQUENTIAL)
    Path("conf/model").mkdir(parents=True)
    Path("conf/model/numbered.yaml").write_text("_target_: mine.Numbered\n")
    words = (*QUIET, "--config-dir", "conf", "model=numbered", "data=blobs", "trainer.max_steps=3")
    more = ("optimizer=sgd", "freeze={0: null, 1: 2}", "optimizer.lr_multipliers={2: 3}")
    after = weights_after(folder_of(leyden("train", *words, *more)))
    assert torch.equal(after["0.weight"], torch.full((4, 2), 0.5))
    assert not torch.equal(after["1.weight"], torch.full((4, 4), 0.5))


def test_a_step_after_the_last_one_is_told(leyden):
    result = leyden("train", *SHORT, "freeze={stem: 2, start: 1}")
    assert result.status == 0
    assert "the run has 2 steps: stem stays frozen" in result.err


def test_only_patterns_without_a_step_are_frozen_for_good():
    net = resnet(0)
    freeze(net, {"stem": None, "blocks.1": 5})
    assert not net.stem.weight.requires_grad
    assert net.blocks[1].residual[0].weight.requires_grad


def test_a_run_is_gone_on_with_without_the_file_of_its_first_weights(leyden, file):
    words = (*SHORT, f"init_from={file}", "run_dir=run")
    folder_of(leyden("train", *words))
    file.unlink()
    longer = leyden("train", *words, "trainer.max_steps=4")
    assert record_of(folder_of(longer))["steps"] == 4
    assert leyden("eval", "run").status == 0


def test_a_run_is_reproduced_from_the_same_weights_and_not_from_others(leyden, file):
    folder = folder_of(leyden("train", *SHORT, f"init_from={file}"))
    assert leyden("reproduce", str(folder)).status == 0
    torch.save(resnet(8).state_dict(), file)
    refused = leyden("reproduce", str(folder))
    assert refused.status == 2
    assert "holds other weights" in refused.err


def test_a_sweep_takes_no_results_of_a_run_that_began_with_other_weights(leyden, file):
    words = ("train", *SHORT, f"init_from={file}", "--multirun", "seed=1,2")
    leyden(*words, "name=first")
    again = leyden(*words, "name=second")
    assert "taken from earlier runs" in again.err
    torch.save(resnet(8).state_dict(), file)
    other = leyden(*words, "name=third")
    assert other.status == 0
    assert "taken from earlier runs" not in other.err


def test_a_module_of_the_users_freezes_by_its_own_names_and_takes_rates(leyden, user_package):
    user_package("mine", MODULE)
    Path("conf/model").mkdir(parents=True)
    Path("conf/model/mine.yaml").write_text("_target_: mine.Mine\n")
    words = (
        *(*QUIET, "--config-dir", "conf", "model=mine", "data=blobs", "trainer.max_steps=3"),
        *("optimizer=sgd", "freeze=[backbone]", "optimizer.lr_multipliers={head.bias: 2}"),
    )
    result = leyden("train", *words)
    after = read_weights(find_checkpoint(folder_of(result), "last"), "")
    torch.manual_seed(0)
    assert torch.equal(after["backbone.weight"], torch.full((4, 2), 0.5))
    assert not torch.equal(after["head.weight"], torch.full((3, 4), 0.5))
    assert "head.bias" in result.err


MODULE = """
import torch
from torch import nn
import pytorch_lightning as pl


class Mine(pl.LightningModule):
    def __init__(self, optimizer):
        super().__init__()
        self.backbone, self.head, self.optimizer = nn.Linear(2, 4), nn.Linear(4, 3), optimizer
        for layer in (self.backbone, self.head):
            nn.init.constant_(layer.weight, 0.5)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = nn.functional.cross_entropy(self.head(self.backbone(x)), y)
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        self.log("val/loss", nn.functional.cross_entropy(self.head(self.backbone(x)), y))

    def configure_optimizers(self):
        return self.optimizer(self.parameters())
"""


SEQUENTIAL = """
from torch import nn


class Numbered(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(2, 4), nn.Linear(4, 4), nn.Linear(4, 3))
        for layer in self:
            nn.init.constant_(layer.weight, 0.5)
"""
