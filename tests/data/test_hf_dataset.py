"""Data sets of Hugging Face give what the package `datasets` gives."""

import json

import numpy as np
import pytest
from datasets import Array2D, ClassLabel, Dataset, DatasetDict, Features, Image, List, Value
from PIL import Image as Picture

from leyden.data import DataError, HFDataset
from leyden.run.record import Record

COLUMNS = Features(
    {
        "image": Image(),
        "label": ClassLabel(names=["cat", "dog"]),
        "window": Array2D((5, 2), "float32"),
        "text": Value("string"),
        "price": Value("float64"),
        "ids": List(Value("int64")),
    }
)


def rows(count, seed):
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 255, (count, 6, 8), dtype=np.uint8)
    return Dataset.from_dict(
        {
            "image": [Picture.fromarray(one) for one in pixels],
            "label": [one % 2 for one in range(count)],
            "window": random.normal(size=(count, 5, 2)).astype("float32"),
            "text": [f"row {one}" for one in range(count)],
            "price": 100 + 7 * random.normal(size=count),
            "ids": [[one, 2 * one] for one in range(count)],
        },
        features=COLUMNS,
    )


@pytest.fixture
def saved(tmp_path):
    whole = DatasetDict({"train": rows(40, 0), "validation": rows(10, 1), "extra": rows(5, 2)})
    whole.save_to_disk(tmp_path / "pets")
    return tmp_path / "pets"


def test_a_batch_maps_columns_to_their_values(saved):
    data = HFDataset(path=str(saved), batch_size=4)
    (batch, *_) = data.val_dataloader()
    expected = rows(10, 1)
    assert batch["text"] == expected["text"][:4]
    assert batch["ids"].tolist() == expected["ids"][:4]
    assert batch["label"].tolist() == [0, 1, 0, 1]
    np.testing.assert_array_equal(batch["image"][1, 0], np.asarray(expected[1]["image"]))
    np.testing.assert_allclose(batch["price"], expected["price"][:4], rtol=1e-6)


def test_only_the_columns_that_are_named_are_read(saved):
    (batch, *_) = HFDataset(path=str(saved), columns=("label", "ids")).train_dataloader()
    assert batch.keys() == {"label", "ids"}


def test_a_split_that_is_not_used_is_reported(saved):
    report = HFDataset(path=str(saved)).report
    assert report.parts == {"train": 40, "val": 10}
    assert report.notes == ["the split `extra` is not used"]


def test_a_split_may_be_named_otherwise(saved):
    data = HFDataset(path=str(saved), test="extra")
    assert data.rows == {"train": 40, "val": 10, "test": 5}


@pytest.mark.parametrize("form", ["parquet", "jsonl", "json"])
def test_files_are_read_as_the_package_reads_them(tmp_path, form):
    plain = {
        name: rows(8, seed).remove_columns(["image", "window"])
        for name, seed in (("train", 0), ("dev", 1))
    }
    for name, part in plain.items():
        file = tmp_path / f"{name}.{form}"
        if form == "parquet":
            part.to_parquet(file)
        else:
            part.to_json(file, lines=form == "jsonl")
    data = HFDataset(path=str(tmp_path), batch_size=8)
    (batch,) = data.val_dataloader()
    assert batch["text"] == plain["dev"]["text"]
    assert batch["ids"].tolist() == plain["dev"]["ids"]
    np.testing.assert_allclose(batch["price"], plain["dev"]["price"], rtol=1e-6)


def test_one_file_is_the_training_split(tmp_path):
    lines = [json.dumps({"x": one, "y": one % 3}) for one in range(6)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    assert HFDataset(path=str(tmp_path / "rows.jsonl")).rows == {"train": 6}


def test_a_drawn_validation_takes_its_rows_from_the_training_split_alike_in_every_run(tmp_path):
    lines = [json.dumps({"x": one}) for one in range(50)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    found = []
    for _ in range(2):
        data = HFDataset(path=str(tmp_path / "rows.jsonl"), val_share=0.2, batch_size=100)
        (train,), (val,) = data.train_dataloader(), data.val_dataloader()
        assert sorted(train["x"].tolist() + val["x"].tolist()) == list(range(50))
        assert len(val["x"]) == 10
        found.append(val["x"].tolist())
    assert found[0] == found[1]


def test_the_fingerprint_tells_changed_rows(saved, tmp_path):
    before = HFDataset(path=str(saved)).fingerprint()
    assert before == HFDataset(path=str(saved)).fingerprint()
    DatasetDict({"train": rows(40, 7), "validation": rows(10, 1)}).save_to_disk(tmp_path / "other")
    assert HFDataset(path=str(tmp_path / "other")).fingerprint() != before


def write(folder, content, name="train.jsonl"):
    (folder / name).write_text(content)
    return str(folder)


GOOD = '{"x": 1, "y": 0}\n{"x": 2, "y": 1}\n'
REFUSED = {
    "no such folder": (lambda folder: str(folder / "nowhere"), {}, "path", "neither a file"),
    "no file of that kind": (lambda f: write(f, "x", "notes.txt"), {}, "path", "has no file of"),
    "a damaged file": (lambda f: write(f, '{"x": 1'), {}, "path", "can't be read"),
    "a damaged Parquet file": (
        lambda f: write(f, "nothing", "train.parquet"),
        {},
        "path",
        "can't be read",
    ),
    "rows that are none": (lambda f: write(f, "1\n2\n"), {}, "path", "has no rows"),
    "rows that lack a column": (
        lambda f: write(f, '{"x": 1, "y": 0}\n{"x": 2}\n'),
        {},
        "path",
        "some rows lack `y`",
    ),
    "a split that is not there": (
        lambda f: write(f, GOOD),
        {"val": "dev"},
        "val",
        "there is: train",
    ),
    "no training split": (
        lambda f: write(f, GOOD, "a.jsonl") and write(f, GOOD, "b.jsonl"),
        {},
        "train",
        "name one of a, b",
    ),
    "a column that is not there": (
        lambda f: write(f, GOOD),
        {"columns": ("z",)},
        "columns",
        "there is: x, y",
    ),
    "a validation split beside a share": (
        lambda f: write(f, GOOD) and write(f, GOOD, "val.jsonl"),
        {"val_share": 0.5},
        "val_share",
        "there is a validation split",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_read_is_refused_with_its_key(tmp_path, name):
    make, options, key, message = REFUSED[name]
    with pytest.raises(DataError, match=message) as caught:
        HFDataset(path=make(tmp_path), **options)
    assert caught.value.key == key


MODULE = """
import torch
from pytorch_lightning import LightningModule


class Rating(LightningModule):
    def __init__(self, rate: float = 0.1):
        super().__init__()
        self.rate = rate
        self.layer = torch.nn.Linear(2, 2)

    def loss(self, batch):
        x = torch.stack([batch["length"], batch["stars"]], 1).float()
        return torch.nn.functional.cross_entropy(self.layer(x), batch["label"])

    def training_step(self, batch, index):
        return self.loss(batch)

    def validation_step(self, batch, index):
        self.log("val_loss", self.loss(batch), batch_size=len(batch["label"]))

    def test_step(self, batch, index):
        self.log("test_loss", self.loss(batch), batch_size=len(batch["label"]))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.rate)
"""


def test_a_lightning_module_trains_and_resumes_on_mappings(
    leyden, user_files, user_package, monkeypatch
):
    user_package("rating", MODULE)
    conf = user_files / "conf" / "model"
    conf.mkdir(parents=True)
    (conf / "rating.yaml").write_text("_target_: rating.Rating\nrate: 0.1\n")
    words = (
        *("train", "--config-dir", "conf", "model=rating", "data=hf_dataset", "data.path=reviews"),
        *("data.val_share=0.1", "trainer.max_epochs=3"),
    )
    whole = leyden(*words, "run_dir=whole")
    assert whole.status == 0, whole.err
    monkeypatch.setenv("LEYDEN_FAULT", "raise@step:8")
    assert leyden(*words, "resume.every_steps=3", "run_dir=stopped").status != 0
    monkeypatch.delenv("LEYDEN_FAULT")
    assert leyden("resume", "stopped").status == 0
    stopped = Record.read(user_files / "stopped")
    assert stopped.losses == Record.read(user_files / "whole").losses


def test_a_network_is_told_what_to_type_instead(leyden, user_files):
    result = leyden("train", "data=hf_dataset", "data.path=reviews")
    assert result.status == 2
    assert "type `data=hf_images`" in result.err
