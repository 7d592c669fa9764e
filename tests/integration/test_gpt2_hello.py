"""The experiment gpt2_hello, on a small GPT-2 instead of the one that has to be downloaded."""

import json

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel

pytestmark = pytest.mark.slow

PROMPT = "Hello, my name is John."
TEXT = "My name is Ada. Hello, my name is John. What is in a name?\n" * 40
SMALL = (
    "model.width=32",
    "model.depth=2",
    "model.head_dim=8",
    "model.context=64",
    "data.context=16",
)
NEXT = ("--prompt", PROMPT, "--max-new-tokens", "1", "--temperature", "0", "--json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Random weights, and a tokenizer of its own, as Hugging Face's packages save them."""
    folder = tmp_path_factory.mktemp("gpt2") / "small"
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=300,
        n_positions=64,
        n_embd=32,
        n_layer=2,
        n_head=4,
        initializer_range=0.5,
        bos_token_id=None,
        eos_token_id=None,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([TEXT], trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def run(folder, leyden):
    words = (f"init_from=hf:{folder}", f"data.tokenizer={folder}", "model.vocab_size=300", *SMALL)
    result = leyden("train", "experiment=gpt2_hello", *words, "trainer=smoke")
    assert result.status == 0, result.err
    return result.folder


def expected(folder):
    """What transformers' own greedy search gives."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokens = torch.tensor([tokenizer.encode(PROMPT).ids])
    net = GPT2LMHeadModel.from_pretrained(folder)
    text = net.generate(
        tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=1, do_sample=False
    )
    return [int(text[0, -1])]


def test_the_next_token_is_that_of_transformers(folder, leyden):
    (continuation,) = json.loads(leyden("generate", f"hf:{folder}", *NEXT).out)
    assert continuation["tokens"] == expected(folder)


def test_the_next_token_after_the_run_is_that_of_transformers_too(run, leyden, tmp_path):
    (continuation,) = json.loads(leyden("generate", str(run), *NEXT).out)
    leyden("export", str(run), "--format", "hf", "--output", "out")
    assert continuation["tokens"] == expected(tmp_path / "out")


def test_it_runs_and_is_tested(run):
    record = json.loads((run / "run.json").read_text())
    assert (record["status"], record["steps"]) == ("completed", 2)
    assert record["best"]["value"] is not None


def test_without_a_network_it_is_refused_in_one_line(folder, leyden, tmp_path, monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    words = (f"data.tokenizer={folder}", "model.vocab_size=300")
    result = leyden("train", "experiment=gpt2_hello", *words, *SMALL)
    assert result.status == 2
    assert result.err.count("error:") == 1
    assert "init_from=hf:gpt2" in result.err
    assert "could not be fetched from the Hub" in result.err
    assert not (tmp_path / "outputs").exists()
