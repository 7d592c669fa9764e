"""The samples of an optimizer step are dealt out evenly, or it is said what would come out even."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from leyden.planning.batch import batch_split_of, halve_micro_batch, solve_batch
from leyden.run.folder import freeze_config, read_frozen


def config(batch_size=64, devices=1, num_nodes=1, micro_batch=None, accumulate=None, **data):
    trainer = {
        "devices": devices,
        "num_nodes": num_nodes,
        "micro_batch": micro_batch,
        "accumulate_grad_batches": accumulate,
    }
    data = {"batch_size": batch_size, **data}
    return OmegaConf.create({"model": {}, "data": data, "trainer": trainer})


counts = st.integers(1, 12)


@given(counts, counts, counts, counts)
def test_the_parts_of_a_split_make_up_the_batch(devices, num_nodes, micro_batch, accumulate):
    batch_size = devices * num_nodes * micro_batch * accumulate
    split = batch_split_of(config(batch_size, devices, num_nodes, micro_batch))
    assert (split.num_processes, split.accumulate) == (devices * num_nodes, accumulate)
    assert split == batch_split_of(config(batch_size, devices, num_nodes, accumulate=accumulate))
    assert split == batch_split_of(config(batch_size, devices, num_nodes, micro_batch, accumulate))


@given(st.integers(1, 200), counts, counts)
def test_the_sizes_that_are_named_instead_come_out_even(batch_size, devices, micro_batch):
    try:
        batch_split_of(config(batch_size, devices, micro_batch=micro_batch))
    except ValueError as error:
        for nearest in re.findall(r"\d+", str(error).partition("nearest: ")[2]):
            batch_split_of(config(int(nearest), devices, micro_batch=micro_batch))
    else:
        assert batch_size % (devices * micro_batch) == 0


def test_micro_batch_and_accumulation_may_not_contradict_each_other():
    with pytest.raises(ValueError, match="is 1 x 8 x 8, not x 4"):
        batch_split_of(config(64, micro_batch=8, accumulate=4))


def test_the_batch_may_be_said_in_tokens():
    cfg = config(batch_size=3, context=128, batch_tokens=1024)
    solve_batch(cfg)
    assert cfg.data.batch_size == 8


def test_tokens_are_whole_samples():
    with pytest.raises(ValueError, match="does not divide by 128"):
        batch_split_of(config(context=128, batch_tokens=1000))


@pytest.mark.parametrize(("share", "sizes"), [(8, [8, 4, 2, 1]), (6, [6, 3, 1]), (7, [7, 1])])
def test_a_micro_batch_is_halved_until_it_is_one_sample(tmp_path, share, sizes):
    freeze_config(config(2 * share, devices=2, micro_batch="auto"), tmp_path)
    found = [batch_split_of(read_frozen(tmp_path)).micro_batch]
    while halve_micro_batch(tmp_path):
        found.append(batch_split_of(read_frozen(tmp_path)).micro_batch)
    assert found == sizes


def test_a_micro_batch_that_the_user_has_said_is_kept(tmp_path):
    freeze_config(config(8, micro_batch=4), tmp_path)
    assert not halve_micro_batch(tmp_path)
