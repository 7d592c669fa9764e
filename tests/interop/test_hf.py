import json
import sys

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from leyden.data import Spec
from leyden.data.text.vocabulary import Vocabulary, load_vocabulary
from leyden.errors import ConfigError
from leyden.inference.load import LoadedRun
from leyden.interop.gpt2 import read_gpt2
from leyden.interop.hf_export import export_hf
from leyden.models import GPT, MLP
from leyden.tokenization.hugging_face import train_bpe
from leyden.tokenization.tokenizer import Bytes

TEXT = "What is in a name? That which we call a rose by any other name"


def trained(tmp_path, *, tokenizer=None, **options):
    torch.manual_seed(0)
    tokenizer = tokenizer or train_bpe([TEXT * 9], 290, has_separator=True)
    sizes = {"vocab_size": len(tokenizer), "context": 32, "width": 24, "depth": 2, "head_dim": 8}
    net = GPT(**sizes | options, init_std=0.3).eval()
    return LoadedRun(
        tmp_path / "run", net, Spec("text", (32,), len(tokenizer)), Vocabulary(tokenizer)
    )


def export(run, folder):
    export_hf(run.net, run.vocabulary, folder, run=run.folder)


def names_in(folder):
    return {path.name for path in folder.iterdir()}


def test_transformers_loads_a_model_of_the_same_logits(tmp_path):
    run = trained(tmp_path)
    export(run, tmp_path / "out")
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    tokens = torch.randint(290, (2, 32), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(theirs(tokens).logits, run.net(tokens), rtol=0, atol=1e-5)


def test_transformers_misses_no_weights_and_finds_none_too_many(tmp_path):
    export(trained(tmp_path), tmp_path / "out")
    _, info = AutoModelForCausalLM.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not any(info.values())


def test_transformers_loads_a_tokenizer_of_the_same_tokens(tmp_path):
    run = trained(tmp_path)
    export(run, tmp_path / "out")
    theirs = AutoTokenizer.from_pretrained(tmp_path / "out")
    text = f"{TEXT}, é 世\n"
    assert theirs(text).input_ids == run.vocabulary.encode(text).tolist()
    assert theirs.decode(theirs(text).input_ids) == text
    assert theirs.eos_token_id == run.vocabulary.separator


def test_the_separator_ends_a_text_in_transformers(tmp_path):
    run = trained(tmp_path)
    export(run, tmp_path / "out")
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert theirs.config.eos_token_id == run.vocabulary.separator
    assert theirs.generation_config.eos_token_id == run.vocabulary.separator


def test_what_was_written_is_read_back_bit_for_bit(tmp_path):
    run = trained(tmp_path)
    export(run, tmp_path / "out")
    read = read_gpt2(tmp_path / "out").state_dict()
    assert read.keys() == run.net.state_dict().keys()
    assert all(torch.equal(read[name], tensor) for name, tensor in run.net.state_dict().items())


def test_a_vocabulary_that_transformers_has_not_is_written_in_our_form(tmp_path):
    export(trained(tmp_path, tokenizer=Bytes()), tmp_path / "out")
    weights = {"config.json", "generation_config.json", "model.safetensors"}
    assert names_in(tmp_path / "out") == {*weights, "vocabulary.json"}
    assert len(load_vocabulary(tmp_path / "out")) == 256


@pytest.mark.parametrize("make", [True, False], ids=["empty", "new"])
def test_an_empty_or_new_folder_is_filled_and_nothing_left_beside_it(tmp_path, make):
    (tmp_path / "a" / "out").mkdir(parents=True) if make else None
    export(trained(tmp_path), tmp_path / "a" / "out")
    assert names_in(tmp_path / "a") == {"out"}


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_folder_that_is_taken_is_refused_and_left(tmp_path, kind):
    taken = tmp_path / "out"
    if kind == "folder":
        taken.mkdir()
        (taken / "mine.txt").write_text("mine")
    else:
        taken.write_text("mine")
    with pytest.raises(ConfigError, match=r"--output.*is not empty"):
        export(trained(tmp_path), taken)
    assert names_in(tmp_path) == {"out"}


def test_a_failure_leaves_nothing(tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr(Vocabulary, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        export(trained(tmp_path), tmp_path / "out")
    assert names_in(tmp_path) == set()


def test_what_transformers_has_not_is_refused_by_its_keys(tmp_path):
    run = trained(tmp_path, positions="rotary", norm="rms")
    with pytest.raises(ConfigError, match=r"model\.norm=layer, model\.positions=learned") as raised:
        export(run, tmp_path / "out")
    assert len(raised.value.problems) == 1
    assert not (tmp_path / "out").exists()


def test_another_family_is_refused(tmp_path):
    net = MLP(input_shape=(4,), num_outputs=2)
    run = LoadedRun(tmp_path, net, Spec("table", (4,), 2, task="classification"), None)
    with pytest.raises(ConfigError, match="is no GPT-2"):
        export(run, tmp_path / "out")


def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch):
    run = trained(tmp_path)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ConfigError, match=r"safetensors.*pip install 'leyden\[hf\]'"):
        export(run, tmp_path / "out")


def test_the_config_says_the_sizes(tmp_path):
    export(trained(tmp_path), tmp_path / "out")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    names = ("vocab_size", "n_positions", "n_embd", "n_layer", "n_head")
    assert [config[name] for name in names] == [290, 32, 24, 2, 3]
