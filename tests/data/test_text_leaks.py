"""Nothing that a model reads of a text depends on what comes after it, or on another part."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data import Draw, Text

texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0\ufeff"), min_size=1)


def everything(part):
    return part[Draw(0, torch.arange(len(part)))]


@pytest.mark.parametrize("tokenizer", ["character", "byte", "bpe"])
@settings(max_examples=10)
@given(seed=texts, other=texts, cut=st.sampled_from(["val", "test"]))
def test_a_part_does_not_depend_on_those_after_it(tmp_path_factory, tokenizer, seed, other, cut):
    folder = tmp_path_factory.mktemp("text")
    length, start = 2000, {"val": 1800, "test": 1900}[cut]
    whole = (seed * length)[:length]
    changed = whole[:start] + (other * length)[: length - start]
    parts = []
    for name, text in (("one", whole), ("two", changed)):
        (folder / f"{name}.txt").write_text(text, encoding="utf-8", newline="")
        options = {"tokenizer": tokenizer, "vocab_size": 300, "batch_size": 4, "context": 4}
        parts.append(Text(path=str(folder / f"{name}.txt"), **options).load())
    one, two = parts
    assert all(map(torch.equal, everything(one.train), everything(two.train)))
    assert one.spec.num_outputs == two.spec.num_outputs
    assert one.spec.unigram_nats == two.spec.unigram_nats
    if cut == "test":
        assert all(map(torch.equal, everything(one.val), everything(two.val)))
