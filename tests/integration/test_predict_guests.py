"""`leyden predict` on LightningModules of the user's: what they say of each input, as it is."""

import csv
import io
import json

import numpy as np
import pytest
import torch
from torch import nn

from leyden.data import Digits
from leyden.inference.load import load_run

GUEST = """
import torch
import torch.nn.functional as F
from pytorch_lightning import LightningDataModule, LightningModule
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Base(LightningModule):
    def __init__(self, num_outputs: int = 10):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(64, num_outputs))

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        return F.cross_entropy(self.net(x), y)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Plain(Base):
    pass


class Pairs(Base):
    def predict_step(self, batch, batch_idx):
        x, y = batch
        return {"digit": self(x).argmax(-1), "shares": self(x).softmax(-1)[:, :2]}


class First(Base):
    def predict_step(self, batch, batch_idx):
        return self(batch[0]).argmax(-1).tolist()


class Mixing(Base):
    def predict_step(self, batch, batch_idx):
        x, y = batch
        return self.net(x) - self.net(x).mean(0)

    def forward(self, x):
        return self.net(x).mean()


class Rows(LightningDataModule):
    def setup(self, stage):
        generator = torch.Generator().manual_seed(0)
        self.x = torch.randn(70, 64, generator=generator)

    def train_dataloader(self):
        return DataLoader(TensorDataset(self.x, torch.arange(70) % 10), batch_size=16)

    def predict_dataloader(self):
        return DataLoader(self.x, batch_size=16)


class NoPredict(Rows):
    predict_dataloader = LightningDataModule.predict_dataloader
"""
MODELS = ("Plain", "Pairs", "First", "Mixing")
QUICK = ("trainer.max_epochs=1", "logger=null", "baselines=null", "monitor.metric=null")
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture
def run_of(leyden, tmp_path, user_package):
    user_package("mine", GUEST)

    for group, name in (
        *(("model", one) for one in MODELS),
        ("data", "Rows"),
        ("data", "NoPredict"),
    ):
        (tmp_path / "conf" / group).mkdir(parents=True, exist_ok=True)
        (tmp_path / "conf" / group / f"{name}.yaml").write_text(f"_target_: mine.{name}\n")

    def train(model, data="digits"):
        words = ("--config-dir", "conf", f"model={model}", f"data={data}", *QUICK, "run_dir=run")
        result = leyden("train", *words)
        assert result.status == 0, result.err
        return result.folder

    return train


@pytest.fixture
def images(tmp_path):
    """Pixels of test images, and the file that holds them."""
    pixels = Digits(batch_size=8).splits.test.pixels[:9]
    np.save(tmp_path / "images.npy", pixels[:, 0].numpy())
    return pixels


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def logits(folder, pixels):
    run = load_run(folder)
    with torch.no_grad():
        return run.net(run.preparation.inputs(pixels.float()))


def test_a_module_with_forward_alone_has_its_outputs_as_columns(run_of, images, leyden):
    folder = run_of("Plain")
    found = rows(leyden("predict", str(folder), "images.npy").out)
    told = [[float(row[f"output {k}"]) for k in range(1, 11)] for row in found]
    torch.testing.assert_close(torch.tensor(told), logits(folder, images), rtol=1e-5, atol=1e-5)


def test_a_step_that_unpacks_a_pair_gives_its_own_names(run_of, images, leyden):
    folder = run_of("Pairs")
    wanted = logits(folder, images)
    for count in (9, 2, 1):  # two inputs are no pair
        np.save("some.npy", images[:count, 0].numpy())
        found = rows(leyden("predict", str(folder), "some.npy").out)
        assert [int(row["digit"]) for row in found] == wanted[:count].argmax(-1).tolist()
        shares = [[float(row["shares 1"]), float(row["shares 2"])] for row in found]
        np.testing.assert_allclose(shares, wanted[:count].softmax(-1)[:, :2], rtol=1e-5)


def test_a_step_that_takes_the_first_of_a_batch_is_given_a_pair(run_of, images, leyden):
    folder = run_of("First")
    found = rows(leyden("predict", str(folder), "images.npy").out)
    assert [int(row["output"]) for row in found] == logits(folder, images).argmax(-1).tolist()


def test_a_module_whose_answers_depend_on_the_batch_is_refused(run_of, images, leyden, tmp_path):
    folder = run_of("Mixing")
    done = leyden("predict", str(folder), "images.npy", "--out", "out.csv")
    assert done.status == 2
    words = " ".join(done.err.split())
    assert "answers depend on the other inputs of a batch" in words
    assert "output has the shape () for 3 inputs" in words
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_without_inputs_its_own_predict_dataloader_is_asked(format, run_of, leyden, tmp_path):
    folder = run_of("Plain", "Rows")
    done = leyden("predict", str(folder), "--out", f"out.{format}")
    assert done.status == 0, done.err
    assert "70 inputs" in done.err
    file = tmp_path / f"out.{format}"
    if format == "csv":
        told = [{key: float(value) for key, value in row.items()} for row in rows(file.read_text())]
    elif format == "jsonl":
        told = [json.loads(line) for line in file.read_text().splitlines()]
    else:
        told = __import__("pandas").read_parquet(file).to_dict("records")
    assert [row["row"] for row in told] == list(range(1, 71))
    module = load_run(folder).net
    inputs = torch.randn(70, 64, generator=torch.Generator().manual_seed(0))
    wanted = nn.Module.__call__(module, inputs).detach()
    given = torch.tensor([[row[f"output {k}"] for k in range(1, 11)] for row in told])
    torch.testing.assert_close(given.float(), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("images.npy",), "without INPUT its own predict_dataloader is asked"),
        ((), "NoPredict has no predict_dataloader"),
    ],
)
def test_what_a_run_on_other_data_cannot_do_is_said(words, message, run_of, images, leyden):
    folder = run_of("Plain", "NoPredict")
    done = leyden("predict", str(folder), *words)
    assert done.status == 2
    assert message in " ".join(done.err.split())


def test_ensembles_are_of_leydens_networks(run_of, images, leyden):
    folder = run_of("Plain")
    done = leyden("predict", str(folder), "images.npy", "--ensemble", str(folder))
    assert done.status == 2
    assert "RUN trains a LightningModule of its own" in " ".join(done.err.split())
