"""What a run's data is, told apart from any other content."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.data import Blobs, DataModule, DataSplits, ImageFolder, Spec, Text, Tokens
from leyden.data.batches import BatchIndices
from leyden.data.fingerprint import BLOCK_BYTES, MOST_BYTES, files_digest
from leyden.data.tables.csv_table import CSVTable
from leyden.planning.building import build_data

OPTIONS = {
    "blobs": (),
    "line": (),
    "digits": (),
    "mnist": ("trainer.allow_synthetic=true",),
    "cifar10": ("trainer.allow_synthetic=true",),
    "sunspots": (),
    "sine": (),
    "stdlib_text": ("model=gpt", "data.max_bytes=60000"),
    "shakespeare": ("model=gpt", "trainer.allow_synthetic=true"),
    "csv": ("data.path=houses.csv", "data.target=price"),
    "csv_series": ("data.path=sales.csv", "data.target=sold"),
    "image_folder": ("data.path=photos",),
    "image_arrays": ("data.path=digits.npz",),
    "text": ("model=gpt", "data.path=novel.txt"),
    "tokens": ("model=gpt", "data.path=shards"),
}
FILES = {
    "csv": "houses.csv",
    "csv_series": "sales.csv",
    "image_folder": "photos/dog/7.png",
    "text": "novel.txt",
}


def data_of(option, *overrides):
    (job,) = compose_request(Request((f"data={option}", *OPTIONS[option], *overrides))).jobs
    data = build_data(job.cfg)
    data.prepare_data()
    return data


@pytest.fixture(autouse=True)
def files(user_files, leyden):
    """A user's files, and shards of tokens."""
    assert leyden("tokenize", "novel.txt", "--output", "shards", "--val-share", "0.1").status == 0


@pytest.mark.parametrize("option", OPTIONS)
def test_the_same_data_has_the_same_fingerprint_however_it_is_drawn(option):
    first = data_of(option).fingerprint()
    again = data_of(option, "data.num_workers=2", "data.batch_size=3", "seed=7").fingerprint()
    assert first == again
    of_files = {"reader"} if first["files"] != "0" else set()
    assert set(first) == {"samples", "spec", "files", "content"} | of_files


def test_what_has_been_drawn_does_not_change_the_fingerprint():
    used, unused = data_of("digits"), data_of("digits")
    _ = used.splits.train[BatchIndices(0, torch.arange(2))]  # keeps the images normalised
    assert used.fingerprint() == unused.fingerprint()


@pytest.mark.parametrize("option", OPTIONS)
def test_a_fingerprint_draws_nothing_from_global_generators(option):
    data = data_of(option)
    _ = data.splits
    # Python's own are not looked at: the check of types at each call, in tests, draws from them.
    before = np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    data.fingerprint()
    assert before == (np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())


@pytest.mark.parametrize("option", FILES)
def test_an_appended_byte_is_seen(option):
    before = data_of(option).fingerprint()
    with open(FILES[option], "ab") as file:
        file.write(b"\n")
    assert data_of(option).fingerprint()["content"] != before["content"]


@pytest.mark.parametrize("option", ["csv", "csv_series", "text"])
def test_a_changed_byte_is_seen(option):
    before = data_of(option).fingerprint()
    content = bytearray(Path(FILES[option]).read_bytes())
    content[-3] = ord("4") if content[-3] != ord("4") else ord("5")
    Path(FILES[option]).write_bytes(content)
    after = data_of(option).fingerprint()
    assert after.pop("content") != before.pop("content")
    assert after == before


def test_a_changed_token_of_a_shard_is_seen():
    def tokens():
        return Tokens(path="shards", context=32, batch_size=4).fingerprint()

    before, shard = tokens(), sorted(Path("shards").glob("train-*.bin"))[0]
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    assert tokens()["content"] != before["content"]


def test_a_further_image_is_seen():
    def photos():
        return ImageFolder(path="photos", batch_size=4).fingerprint()

    before = photos()
    shutil.copy("photos/cat/1.png", "photos/cat/99.png")
    assert photos() == before | {
        "samples": "33 + 4 + 4",
        "files": "41",
        "content": photos()["content"],
    }
    assert photos()["content"] != before["content"]


def test_data_that_was_moved_or_touched_is_the_same():
    before = ImageFolder(path="photos", batch_size=4).fingerprint()
    shutil.move("photos", "elsewhere")
    os.utime("elsewhere/cat/1.png", (0, 0))
    assert ImageFolder(path="elsewhere", batch_size=4).fingerprint() == before


def test_a_saved_tokenizer_is_part_of_the_text():
    def text():
        path = "shards/tokenizer"
        return Text(path="novel.txt", tokenizer=path, context=8, batch_size=4).source_files()

    names = {file.name for file in text()}
    assert "novel.txt" in names
    assert len(names) > 1


def test_other_points_are_other_content():
    one, other = (Blobs(batch_size=4, std=std).fingerprint() for std in (0.35, 0.36))
    assert one["content"] != other["content"]
    assert one | {"content": ""} == other | {"content": ""}


def test_the_content_of_a_table_does_not_depend_on_threads():
    def table():
        return CSVTable(path="houses.csv", target="price", batch_size=4).fingerprint()

    before = table()
    torch.set_num_threads(2)
    try:
        assert table() == before
    finally:
        torch.set_num_threads(1)


class Held:
    """Samples of a user's, whose numbers lie in a list of NumPy arrays."""

    def __init__(self, numbers):
        self.inner = [np.array(numbers), "a name"]
        self.itself = self

    def __len__(self):
        return len(self.inner[0])

    def __getitem__(self, batch):
        return torch.zeros(len(batch.index), 2), batch.index


class Users(DataModule):
    kind = "table"

    def __init__(self, numbers):
        super().__init__(batch_size=1)
        self.numbers = numbers

    def load(self):
        part = Held(self.numbers)
        return DataSplits(Spec("table", (2,), 2, task="classification"), part, part, part)


def test_arrays_of_a_users_own_samples_count():
    one, same, other = (Users(n).fingerprint() for n in ([1, 2, 3], [1, 2, 3], [1, 2, 4]))
    assert one == same
    assert one["content"] != other["content"]


def test_of_large_files_the_size_and_some_blocks_count(tmp_path):
    file = tmp_path / "large.bin"
    size = MOST_BYTES + 5 * BLOCK_BYTES

    def digest_with(place, byte=b"x"):
        with file.open("wb") as opened:
            opened.truncate(size)
            opened.seek(place)
            opened.write(byte)
        return files_digest([file])

    plain = digest_with(0, b"\0")
    assert digest_with(0) != plain
    assert digest_with(size - 1) != plain
    assert digest_with(size) != plain  # a byte longer


def test_of_many_files_that_are_large_together_each_size_counts(tmp_path):
    files = [tmp_path / f"{number}.bin" for number in range(70)]
    for file in files:
        with file.open("wb") as opened:
            opened.truncate(2**20)
    plain = files_digest(files)
    with files[33].open("ab") as opened:
        opened.write(b"\0")
    assert files_digest(files) != plain
