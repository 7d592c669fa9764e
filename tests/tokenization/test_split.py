import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.tokenization.split import NUM_KEYS, SPLITS, key_split, key_split_of_few

few = settings(max_examples=40, derandomize=True)
keys = st.integers(0, NUM_KEYS - 1)


def test_a_document_is_in_the_part_whose_share_its_key_falls_into():
    split = key_split(0.25, 0.5)
    eighths = [split.part_of(NUM_KEYS // 8 * eighth) for eighth in range(8)]
    assert eighths == ["val"] * 2 + ["test"] * 4 + ["train"] * 2


shares = st.floats(0.001, 0.45)


@few
@given(few_keys=st.sets(keys, min_size=3, max_size=8), val=shares, test=shares)
def test_of_three_documents_or_more_each_part_has_one(few_keys, val, test):
    assert {key_split_of_few(val, test, few_keys).part_of(key) for key in few_keys} == set(SPLITS)


def test_of_few_documents_each_part_has_its_share():
    split = key_split_of_few(0.1, 0.2, range(100, 120))
    assert [split.part_of(key) for key in range(100, 120)] == [
        *["val"] * 2,
        *["test"] * 4,
        *["train"] * 14,
    ]


@pytest.mark.parametrize(("part", "share"), [("train", 0.7), ("val", 0.1), ("test", 0.2)])
def test_parts_have_their_shares_of_many_documents(part, share):
    draw = random.Random(0)
    split = key_split(0.1, 0.2)
    drawn = [split.part_of(draw.randrange(NUM_KEYS)) for _ in range(10_000)]
    assert drawn.count(part) / len(drawn) == pytest.approx(share, abs=0.02)
