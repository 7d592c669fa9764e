import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data.loader import Draw, Loader, Order
from leyden.data.shards import Shards, mapped
from leyden.data.text import NO_TARGET, TokenWindows

few = settings(max_examples=40, derandomize=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shards")


def write(folder, lengths, dtype="uint16"):
    """Shards of the given lengths that together hold 0, 1, 2, ..."""
    mapped.cache_clear()
    start, files = 0, []
    for number, length in enumerate(lengths):
        files.append(folder / f"{number}.bin")
        np.arange(start, start + length, dtype=np.dtype(dtype).newbyteorder("<")).tofile(files[-1])
        start += length
    return Shards(files, lengths, dtype=dtype)


lengths = st.lists(st.integers(1, 12), min_size=1, max_size=6)


@few
@given(lengths=lengths, places=st.data())
def test_tokens_are_those_of_the_files_one_after_the_other(folder, lengths, places):
    shards = write(folder, lengths)
    assert len(shards) == sum(lengths)
    place = st.lists(st.integers(0, len(shards) - 1), min_size=3, max_size=3)
    wanted = torch.tensor(places.draw(st.lists(place, min_size=1, max_size=5)))
    assert torch.equal(shards[wanted], wanted)


@few
@given(lengths=lengths, context=st.integers(1, 9), is_whole=st.booleans())
def test_windows_over_the_borders_of_shards_are_those_of_a_plain_loop(
    folder, lengths, context, is_whole
):
    shards = write(folder, lengths)
    windows = TokenWindows(shards, context=context, is_whole=is_whole)
    tokens = list(range(sum(lengths)))
    expected = []
    for start in range(0, len(tokens) - 1, context):
        targets = tokens[start + 1 : start + context + 1]
        if is_whole or len(targets) == context:
            expected.append(targets + [NO_TARGET] * (context - len(targets)))
    assert len(windows) == len(expected)
    if expected:
        inputs, targets = windows[Draw(0, torch.arange(len(windows)))]
        assert targets.tolist() == expected
        assert torch.equal(inputs[targets != NO_TARGET] + 1, targets[targets != NO_TARGET])


@pytest.mark.parametrize("num_workers", [0, 2])
def test_an_epoch_predicts_each_token_once_whatever_reads_ahead(folder, num_workers):
    windows = TokenWindows(write(folder, [50, 1, 30, 20]), context=9)
    order = Order(len(windows), batch_size=1, shuffle=True, seed=0)
    targets = torch.cat([batch[1] for batch in Loader(windows, order, num_workers=num_workers)])
    assert sorted(targets.flatten().tolist()) == list(range(1, 100))
    assert targets.flatten().tolist() != list(range(1, 100))


def test_what_is_sent_to_another_process_holds_no_tokens(folder):
    shards = write(folder, [100_000], "uint32")
    shards[torch.tensor([[0]])]
    assert len(pickle.dumps(shards)) < 1000


@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_tokens_of_either_type_are_64_bit_integers_as_embeddings_want_them(dtype, folder):
    tokens = write(folder, [5], dtype)[torch.tensor([[1, 2]])]
    assert tokens.dtype == torch.int64
    assert tokens.tolist() == [[1, 2]]


def test_no_files_hold_no_tokens():
    assert len(Shards([], [], dtype="uint16")) == 0
