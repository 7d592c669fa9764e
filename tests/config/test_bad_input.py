"""Thirty kinds of bad input: exit 2, the key is named, what to type instead is said, nothing is
written."""

from pathlib import Path

import pytest

# arguments, what the message names, what it suggests
BAD_INPUT = {
    "misspelt key": (["model.widht=3"], "model.widht=3", "`model.width`"),
    "misspelt key behind +": (["+model.widht=3"], "model.widht=3", "`model.width`"),
    "misspelt trainer key": (["trainer.max_step=5"], "trainer.max_step=5", "`trainer.max_steps`"),
    "misspelt callback key": (
        ["callbacks.best.kep=2"],
        "callbacks.best.kep=2",
        "`callbacks.best.keep`",
    ),
    "misspelt root key": (["sed=3"], "sed=3", "`seed`"),
    "misspelt group": (["modle=mlp"], "modle=mlp", "`model`"),
    "unknown option": (["model=gtp"], "model=gtp", "`model=gpt`"),
    "unknown option in a sweep": (["-m", "optimizer=sgd,adamm"], "adamm", "`optimizer=adam`"),
    "unknown experiment": (["experiment=quickstrat"], "quickstrat", "`experiment=quickstart`"),
    "text for a number": (["model.width=wide"], "model.width=wide", "a whole number"),
    "fraction for a whole number": (["model.depth=1.5"], "model.depth=1.5", "a whole number"),
    "true for a number": (["model.width=true"], "model.width=True", "a whole number"),
    "null for a number": (["seed=null"], "seed=null", "a whole number"),
    "too small": (["optimizer.lr=0"], "optimizer.lr=0", "more than 0"),
    "too large": (["model.dropout=1.5"], "model.dropout=1.5", "less than 1"),
    "a list that is too long": (
        ["optimizer.adamw_betas=[0.9,0.95,0.99]"],
        "optimizer.adamw_betas",
        "a list of 2",
    ),
    "unknown activation": (["model.activation=rellu"], "model.activation=rellu", "relu"),
    "unknown precision": (["trainer.precision=bf16-mixd"], "trainer.precision", "bf16-mixed"),
    "GPT on images": (["model=gpt"], "GPT reads text", "`model=mlp`"),
    "CNN on text": (["model=cnn", "data=stdlib_text"], "CNN reads image or series", "`model=gpt`"),
    "a table to a recurrent network": (
        ["model=rnn", "data=blobs"],
        "RNN reads image or series or text",
        "`model=mlp`",
    ),
    "a depth that a ResNet has not": (
        ["model=resnet", "model.depth=20"],
        "model.depth=20",
        "18, 34, 50",
    ),
    "a file that is not there": (
        ["data=text", "data.path=nowhere.txt"],
        "data.path=nowhere.txt",
        "neither a file nor a folder",
    ),
    "a file that is not named": (["data=text"], "data.path=???", "must be given"),
    "a set that can't be fetched": (["data=mnist"], "could not be fetched", "into"),
    "a metric of another task": (
        ["data=sunspots", "monitor.metric=val/acc"],
        "monitor.metric=val/acc",
        "`val/mae`",
    ),
    "mixup of text": (
        ["model=gpt", "data=stdlib_text", "task.mixup=0.2"],
        "task.mixup=0.2",
        "leave it out",
    ),
    "smoothed labels of numbers": (
        ["data=line", "task.label_smoothing=0.1"],
        "task.label_smoothing=0.1",
        "leave it out",
    ),
    "a misspelt task key": (["task.mixupp=0.2"], "task.mixupp=0.2", "`task.mixup`"),
    "a stream for a model without a state": (
        ["model=gpt", "data=stdlib_text", "data.stream=true"],
        "data.stream=true",
        "`model=rnn`",
    ),
    "a stream that is accumulated": (
        [
            *("model=rnn", "data=stdlib_text", "data.stream=true"),
            "trainer.accumulate_grad_batches=2",
        ],
        "data.stream=true",
        "accumulate_grad_batches=1",
    ),
    "batch norm of text": (
        ["model=mlp", "data=stdlib_text", "model.norm=batch"],
        "model.norm=batch",
        "`layer`",
    ),
    "batch norm of one sample": (
        ["model=resnet", "data.batch_size=1"],
        "data.batch_size=1",
        "2 or more",
    ),
    "a group's key at the root": (["width=3"], "width=3", "`model.width`"),
    "a folder without text": (["data=text", "data.path=."], "data.path=", "holds no text"),
    "windows longer than the series": (["data=sunspots", "data.lags=400"], "data.lags=400", "few"),
    "rotary positions of odd heads": (
        ["model=gpt", "data=stdlib_text", "model.positions=rotary", "model.width=33"],
        "pairs",
        "odd",
    ),
    "half precision on a CPU": (
        ["trainer.precision=16-mixed", "trainer.accelerator=cpu"],
        "trainer.precision=16-mixed",
        "bf16-mixed",
    ),
    "an accelerator that is not here": (
        ["trainer.accelerator=tpu"],
        "trainer.accelerator=tpu",
        "auto",
    ),
    "a share of an epoch that is less than a step": (
        ["trainer.limit_train_batches=0.001"],
        "trainer.limit_train_batches=0.001 (command line)",
        "22 steps of an epoch",
    ),
    "a share of a validation that is less than a batch": (
        ["trainer.limit_val_batches=0.1"],
        "trainer.limit_val_batches=0.1 (command line)",
        "1 val batches",
    ),
    "no step at all": (["trainer.limit_train_batches=0"], "trainer.limit_train_batches=0", "1"),
    "more steps between validations than an epoch has": (
        ["trainer.val_check_interval=23"],
        "trainer.val_check_interval=23 (command line)",
        "`trainer.check_val_every_n_epoch=null`",
    ),
    "a share of an epoch across epochs": (
        ["trainer.val_check_interval=0.5", "trainer.check_val_every_n_epoch=null"],
        "trainer.val_check_interval=0.5",
        "a number of steps",
    ),
    "a time that is none": (
        ["+trainer.max_time=soon"],
        "trainer.max_time=soon (command line)",
        "DD:HH:MM:SS",
    ),
    "a word that only Lightning knows to be wrong": (
        ["+trainer.gradient_clip_algorithm=max"],
        "trainer.gradient_clip_algorithm=max",
        "norm",
    ),
    "a callback that changes what a step is": (
        ["+callbacks.x={_target_:pytorch_lightning.callbacks.BatchSizeFinder}"],
        "callbacks.x._target_=",
        "`trainer.micro_batch=auto`",
    ),
    "devices without a strategy": (["trainer.devices=2"], "trainer.devices=2", "`strategy=fsdp`"),
    "a mean of weights that are split": (
        ["strategy=fsdp", "trainer.devices=2", "callbacks.weight_averaging.decay=0.9"],
        "callbacks.weight_averaging.decay=0.9",
        "strategy=ddp",
    ),
    "an optimizer of whole parameters on split ones": (
        ["strategy=fsdp", "trainer.devices=2", "optimizer=soap"],
        "optimizer",
        "`optimizer=adamw`",
    ),
    "64 bits of split parameters": (
        ["strategy=fsdp", "trainer.devices=2", "trainer.precision=64-true"],
        "trainer.precision=64-true",
        "32-true",
    ),
    "synchronised batch norm on a CPU": (
        ["+trainer.sync_batchnorm=true", "trainer.accelerator=cpu"],
        "trainer.sync_batchnorm=true",
        "model.norm=group",
    ),
    "several machines without torchrun": (
        ["strategy=ddp", "trainer.num_nodes=2"],
        "trainer.num_nodes=2",
        "torchrun",
    ),
    "a micro-batch that does not divide the batch": (
        ["trainer.micro_batch=24"],
        "data.batch_size=64",
        "48, 72",
    ),
    "tokens that are no whole samples": (
        ["model=gpt", "data=stdlib_text", "data.batch_tokens=1000"],
        "data.batch_tokens=1000",
        "896, 1024",
    ),
    "a misspelt key of the compiler": (
        ["compile={mod: default}"],
        "compile.mod=default",
        "`compile.mode`",
    ),
    "documents that a model can't hide": (
        ["model=rnn", "data=tokens", "data.path=.", "data.mask_documents=true"],
        "data.mask_documents=true",
        "`model=gpt`",
    ),
    "a batch that can't be cut": (
        ["trainer.accumulate_grad_batches=3"],
        "data.batch_size=64",
        "63, 66",
    ),
    "a batch larger than the data": (["data.batch_size=9999"], "data.batch_size=9999", "1437"),
    "a metric that is never logged": (
        ["monitor.metric=val/accuracy"],
        "monitor.metric=val/accuracy",
        "`val/acc`",
    ),
    "selection by the test part": (
        ["monitor.metric=test/acc"],
        "monitor.metric=test/acc (command line): is of the test part",
        "type `val/acc`",
    ),
    "a search by the test part": (
        [
            "-m",
            "hydra/sweeper=optuna",
            "model.width=8,16",
            "hydra.sweeper.objectives={test/acc:max}",
        ],
        "hydra.sweeper.objectives=test/acc",
        "type `val/acc`",
    ),
    "a wrong mode": (["monitor.mode=maximum"], "monitor.mode=maximum", "min, max"),
    "a target that is not allowed": (
        ["model._target_=os.system"],
        "model._target_=os.system",
        "leyden.models.*",
    ),
    "a misspelt target": (["model._target_=leyden.models.MPL"], "leyden.models.MPL", "`MLP`"),
    "a target of the wrong group": (
        ["model._target_=torch.optim.SGD"],
        "model._target_=torch.optim.SGD",
        "torch.nn.Module",
    ),
    "no length": (["trainer.max_epochs=null"], "trainer.max_epochs=null", "trainer.max_steps"),
    "tokens of images": (["trainer.max_tokens=1e6"], "trainer.max_tokens", "whole number"),
    "warm-up said twice": (["scheduler.warmup_steps=5"], "scheduler.warmup_steps=5", "null"),
    "Nesterov without momentum": (
        ["optimizer=sgd", "optimizer.nesterov=true"],
        "optimizer.nesterov",
        "`optimizer.momentum=0.9`",
    ),
    "a name with a path": (["name=../up"], "name='../up'", "a folder's name"),
    "initial weights that are not there": (["init_from=nowhere"], "init_from=nowhere", "run's"),
    "a sweep without -m": (["optimizer=sgd,adamw"], "optimizer=sgd,adamw", "`-m`"),
    "a range that only a search can take": (
        ["-m", "optimizer.lr=interval(0.1,1)"],
        "optimizer.lr=interval(0.1,1)",
        "a list such as 0.1,0.2",
    ),
    "a context shorter than the data's": (
        ["model=gpt", "data=stdlib_text", "+model.context=64"],
        "128 tokens",
        "context=64",
    ),
    "a group set to null": (["scheduler=null"], "scheduler=null", "cosine"),
    "a width beside a size": (
        ["params=1e5", "model.width=64"],
        "model.width=64",
        "give only one of the two",
    ),
    "a run folder that can't be made": (["run_dir=/dev/null/x"], "run_dir", "/dev/null"),
    "not an override": (["model.width"], "model.width", "key=value"),
    "a broken interpolation": (["seed=${sead}"], "seed", "sead"),
    "a broken interpolation in a list": (
        ["optimizer.adamw_betas=[0.9,${bta}]"],
        "optimizer.adamw_betas",
        "bta",
    ),
    "a config folder that is not there": (["--config-dir", "here"], "--config-dir=here", "folder"),
    "a size no width can reach": (["params=10"], "params=10", "nearest"),
    "a width that can't be split": (
        ["model=gpt", "data=stdlib_text", "model.width=129"],
        "width=129",
        "128, 130",
    ),
}

DROPPED = tuple(
    f"~model.{key}" for key in ("width", "depth", "activation", "norm", "dropout", "window")
)
UNSHARED = ("~data.crop", "~data.translate", "~data.flip", "~data.cutout")


@pytest.mark.parametrize("kind", BAD_INPUT)
def test_bad_input_is_refused_with_what_to_type_instead(kind, leyden, tmp_path):
    arguments, named, suggested = BAD_INPUT[kind]
    result = leyden("train", *arguments)
    assert result.status == 2
    assert named in result.err
    assert suggested in result.err
    assert "Traceback" not in result.err
    assert result.out == ""
    assert list(tmp_path.iterdir()) == []


def test_the_table_has_thirty_kinds():
    assert len(BAD_INPUT) >= 30


def test_all_problems_are_reported_at_once(leyden):
    result = leyden("train", "model.widht=3", "trainer.max_step=5", "optimizer.lr=-1", "sed=1")
    assert result.err.count("error:") == 4


def test_a_message_says_that_the_command_line_set_the_key(leyden):
    assert "model.widht=3 (command line)" in leyden("train", "model.widht=3").err


def test_a_message_names_the_file_that_set_the_key(leyden, tmp_path):
    (tmp_path / "mine" / "model").mkdir(parents=True)
    file = tmp_path / "mine" / "model" / "wrong.yaml"
    file.write_text("_target_: leyden.models.MLP\nwidth: 8\ndepht: 2\n")
    result = leyden("train", "--config-dir", "mine", "model=wrong")
    assert f"model.depht=2 ({file})" in result.err
    assert "`model.depth`" in result.err


def test_a_message_names_the_experiment_that_set_the_key(leyden, tmp_path):
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    file = tmp_path / "mine" / "experiment" / "wrong.yaml"
    file.write_text("# @package _global_\ntrainer:\n  max_stesp: 3\n")
    result = leyden("train", "--config-dir", "mine", "experiment=wrong")
    assert f"trainer.max_stesp=3 ({file})" in result.err


def test_a_bad_job_of_a_sweep_is_named_and_none_starts(leyden, tmp_path):
    result = leyden("train", "-m", "model.width=8,0")
    assert result.status == 2
    assert "[in the job model.width=0]" in result.err
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_does_not_fit_its_data_stops_the_sweep_before_its_first(leyden, tmp_path):
    result = leyden("train", "-m", "params=1e4,10")
    assert result.status == 2
    assert "[in the job params=10]" in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("nn.Linear(7, num_outputs)", "forward pass fails on a sample of shape (1, 8, 8)"),
        ("nn.Linear(64, 3)", "gives 3 outputs; the data needs 10"),
        ("nn.Linear(64, 64)", "gives 64 outputs; the data needs 10"),
        ("nn.LSTM(64, num_outputs)", "forward pass gives an object of the class tuple"),
        ("nn.Linear(64, num_outputs, bis=1)", "can't be built"),
    ],
)
def test_a_users_model_that_does_not_fit_the_data_is_refused(body, named, leyden, user_package):
    package = f"unfit_{sum(map(ord, body))}"
    user_package(
        package,
        "from torch import nn\n"
        "def Unfit(*, input_shape, num_outputs):\n"
        f"    return nn.Sequential(nn.Flatten(), {body})\n",
    )
    result = leyden("train", f"model._target_={package}.Unfit", *DROPPED)
    assert result.status == 2
    assert named in result.err


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("    kind = 'video'", "'video'; it must be one of image, table, series, text"),
        ("    pass", "None; it must be one of image, table, series, text"),
        ("    kind = 'image'", "can't give a batch"),
    ],
)
def test_a_users_data_that_is_not_as_it_says_is_refused(body, named, leyden, user_package):
    package = f"odd_{sum(map(ord, body))}"
    user_package(
        package,
        "from leyden.data import DataModule, DataSplits, Spec\n"
        "class Odd(DataModule):\n"
        f"{body}\n"
        "    def load(self): return DataSplits(Spec('image', (1, 2, 2), 10), [1, 2], [1], [1])\n",
    )
    result = leyden("train", f"data._target_={package}.Odd", *UNSHARED)
    assert result.status == 2
    assert named in result.err


@pytest.mark.parametrize(
    ("spec", "targets", "named"),
    [
        ("Spec('table', (2,), 1)", "1", "task='classification' or task='regression'"),
        ("Spec('table', (2,), 1, task='regression')", "n", "targets of shape ()"),
        ("Spec('table', (2,), 1, task='classification')", "n", "two classes or more"),
    ],
)
def test_a_users_table_that_is_not_as_its_spec_says_is_refused(
    spec, targets, named, leyden, user_package
):
    package = f"tables_{sum(map(ord, spec + targets))}"
    shape = "(n, 1)" if targets == "1" else "(n,)"
    user_package(
        package,
        "import torch\n"
        "from leyden.data import DataModule, DataSplits, Spec\n"
        "class Rows:\n"
        "    def __len__(self): return 200\n"
        "    def __getitem__(self, draw):\n"
        f"        n = len(draw.index); return torch.ones(n, 2), torch.ones{shape}\n"
        "class Table(DataModule):\n"
        "    kind, task = 'table', 'regression'\n"
        f"    def load(self): return DataSplits({spec}, Rows(), Rows(), Rows())\n",
    )
    result = leyden("train", f"data._target_={package}.Table", *UNSHARED)
    assert result.status == 2
    assert named in result.err


@pytest.mark.parametrize(
    "text",
    [
        "defaults:\n  - override /optimizer: adamw\n",
        "# @package _global_\ndefaults:\n  - optimizer: adamw\n",
    ],
)
def test_an_experiment_without_its_two_forms_is_told_of_them(text, leyden, tmp_path):
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    Path("mine/experiment/bare.yaml").write_text(text)
    result = leyden("train", "--config-dir", "mine", "experiment=bare")
    assert result.status == 2
    assert "`# @package _global_`" in result.err
    assert "`override /optimizer: ...`" in result.err


def test_a_misspelt_option_in_an_experiment_names_the_nearest(leyden, tmp_path):
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    text = "# @package _global_\ndefaults:\n  - override /optimizer: adamx\n"
    Path("mine/experiment/near.yaml").write_text(text)
    result = leyden("train", "--config-dir", "mine", "experiment=near")
    assert "optimizer=adamx (" in result.err
    assert "`adam`" in result.err


def test_a_broken_experiment_file_is_one_line(leyden, tmp_path):
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    Path("mine/experiment/broken.yaml").write_text("# @package _global_\ntrainer: [unclosed\n")
    result = leyden("train", "--config-dir", "mine", "experiment=broken")
    assert result.status == 2
    assert "broken.yaml" in result.err
    assert "Traceback" not in result.err


def test_control_characters_do_not_reach_the_terminal(leyden):
    assert "\x1b" not in leyden("train", "model.activation='\x1b[2J'").err
