"""`leyden generate` and `leyden export`, and starting from what they read and wrote."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from leyden.cli import main
from leyden.data.text.vocabulary import Vocabulary
from leyden.inference.generate import GenerationConfig, TextGenerator, stream
from leyden.models.generation import Sampling
from leyden.tokenization.tokenizer import Bytes, well_formed

FEW = ("--max-new-tokens", "12")
TEXT = ("data=stdlib_text", "data.context=16", "data.max_bytes=60000", "trainer.max_steps=3")
SIZE = ("model.width=16", "model.depth=2", "data.batch_size=8", "callbacks.samples.num_tokens=5")


@pytest.fixture(scope="session")
def rnn_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rnn") / "run"
    assert main(["train", "model=rnn", *TEXT, *SIZE, f"run_dir={folder}"]) == 0
    return folder


@pytest.fixture(scope="session")
def bpe_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bpe") / "run"
    bpe = ("data.tokenizer=bpe", "data.vocab_size=300")
    assert main(["train", "model=gpt", *TEXT, *SIZE, *bpe, f"run_dir={folder}"]) == 0
    return folder


@pytest.fixture(params=["gpt_run", "rnn_run"])
def run(request):
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def exported(bpe_run, leyden):
    result = leyden("export", str(bpe_run), "--format", "hf", "--output", "exported")
    assert (result.status, result.out) == (0, "exported\n")
    return "hf:exported"


@pytest.fixture
def texts(leyden):
    """What was written after each prompt."""

    def written(*arguments):
        result = leyden("generate", *arguments, "--json")
        assert result.status == 0, result.err
        return [continuation["text"] for continuation in json.loads(result.out)]

    return written


def test_a_text_begins_with_its_prompt_and_is_printed_alone(run, leyden, texts):
    result = leyden("generate", run, "--prompt", "def ", *FEW)
    (text,) = texts(run, "--prompt", "def ", *FEW)
    assert result.out == f"def {text}\n"
    assert len(text) == 12  # its tokens are characters


def test_a_seed_decides_the_text(run, texts):
    words = (run, "--prompt", "def ", *FEW)
    one, again, other = (texts(*words, "--seed", seed) for seed in ("1", "1", "2"))
    assert one == again != other


@pytest.mark.parametrize("length", ["8", "40"], ids=["inside the context", "beyond it"])
@pytest.mark.parametrize("temperature", ["0", "0.8"])
def test_the_text_is_the_same_without_a_cache(run, texts, length, temperature):
    words = (run, "--prompt", "def ", "--max-new-tokens", length, "--temperature", temperature)
    assert texts(*words) == texts(*words, "--no-cache")


def test_several_prompts_give_the_texts_that_they_give_alone(run, texts):
    prompts = ("import os", "d", "class A:")
    together = texts(run, *FEW, *[word for prompt in prompts for word in ("--prompt", prompt)])
    assert together == [texts(run, *FEW, "--prompt", prompt)[0] for prompt in prompts]


def test_a_streamed_text_is_the_same(run, leyden):
    words = ("generate", run, "--prompt", "def ", *FEW)
    assert leyden(*words, "--stream").out == leyden(*words).out


def test_the_likeliest_token_alone_is_that_of_temperature_0(run, texts):
    words = (run, "--prompt", "def ", *FEW)
    greedy = texts(*words, "--temperature", "0")
    assert greedy == texts(*words, "--top-k", "1") == texts(*words, "--top-p", "1e-6")


def test_generating_writes_nothing(gpt_run, leyden, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in gpt_run.rglob("*")}
    leyden("generate", str(gpt_run), "--prompt", "def ", *FEW)
    assert {path: path.stat().st_mtime_ns for path in gpt_run.rglob("*")} == before
    assert list(tmp_path.iterdir()) == []


def test_the_last_checkpoint_can_be_asked(gpt_run, texts):
    assert texts(str(gpt_run), "--prompt", "def ", *FEW, "ckpt=last")


def test_characters_that_the_vocabulary_does_not_know_are_named(gpt_run, leyden):
    result = leyden("generate", str(gpt_run), "--prompt", "def 世(界)", *FEW)
    assert result.status == 0
    assert "the vocabulary does not know '世' '界'" in result.err


def test_a_prompt_that_is_all_known_gets_no_note(gpt_run, leyden):
    assert leyden("generate", str(gpt_run), "--prompt", "def ", *FEW).err == ""


def test_a_prompt_longer_than_the_context_is_said(gpt_run, leyden):
    result = leyden("generate", str(gpt_run), "--prompt", "a" * 40, *FEW)
    assert "40 tokens; the model sees the last 32" in result.err


class Reciting(nn.Module):
    """Writes some bytes after any prompt of one byte."""

    context = 100

    def __init__(self, recited):
        super().__init__()
        self.recited = recited

    def forward(self, tokens):
        after = [self.recited[place % len(self.recited)] for place in range(tokens.shape[1])]
        return nn.functional.one_hot(torch.tensor([after]), 256).float()


def pieces_of(recited):
    generator = TextGenerator(Reciting(recited), Vocabulary(Bytes()), 100)
    return list(stream(generator, "x", GenerationConfig(len(recited), Sampling(temperature=0.0))))


@given(st.text(min_size=1, max_size=20))
def test_the_pieces_of_a_stream_are_the_whole_text(text):
    recited = well_formed(text).encode()
    assert "".join(pieces_of(recited)) == recited.decode()


def test_a_character_comes_when_all_its_bytes_have():
    text = "aé世😀b"
    pieces = [piece for piece in pieces_of(text.encode()) if piece]
    assert pieces == ["a", "é", "世", "😀", "b"]


def test_bytes_that_are_no_character_come_too():
    assert (
        "".join(pieces_of(b"a\xffb\xe4")) == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"
    )


def test_an_exported_run_writes_what_the_run_writes(bpe_run, exported, texts):
    words = ("--prompt", "def ", "--prompt", "é世", *FEW)
    assert texts(exported, *words) == texts(str(bpe_run), *words)


def test_a_run_starts_from_an_exported_one(bpe_run, exported, leyden):
    tokenizer = f"data.tokenizer={Path('exported').absolute()}"
    still = ("optimizer=sgd", "optimizer.lr=1e-12")
    words = ("model=gpt", *TEXT, *SIZE, tokenizer, f"init_from={exported}", "model.head_dim=16")
    result = leyden("train", *words, *still)
    assert result.status == 0, result.err
    first, again = (
        json.loads((folder / "run.json").read_text())["metrics"]["test/loss"]
        for folder in (bpe_run, result.folder)
    )
    assert again == pytest.approx(first, rel=1e-4)


def test_a_shape_that_differs_is_refused_before_anything_is_written(exported, leyden, tmp_path):
    result = leyden("train", "model=gpt", *TEXT, f"init_from={exported}")
    assert (result.status, result.err.count("error:")) == (2, 1)
    assert "model.width=16 model.depth=2" in result.err
    assert not (tmp_path / "outputs").exists()


def test_what_is_typed_as_said_is_accepted(exported, leyden):
    refused = leyden("plan", "model=gpt", *TEXT, f"init_from={exported}")
    typed = refused.err.split("type `")[1].split("`")[0].split()
    assert leyden("plan", "model=gpt", *TEXT, f"init_from={exported}", *typed).status == 0


RUN = object()
WRONG = {
    "no run": (["nowhere", "--prompt", "a"], "is not a run's folder"),
    "no prompt": ([RUN], "--prompt"),
    "an empty prompt": ([RUN, "--prompt", ""], "is empty"),
    "no number": ([RUN, "--prompt", "a", "--top-k", "x"], "'x' is not a whole number from 1 on"),
    "too small": ([RUN, "--prompt", "a", "--temperature", "-1"], "--temperature"),
    "not a share": ([RUN, "--prompt", "a", "--top-p", "1.5"], "is not a number from 0 to 1"),
    "an unknown option": ([RUN, "--prompt", "a", "--wild"], "--wild"),
    "a key": ([RUN, "--prompt", "a", "model.width=3"], "must be ckpt=best or ckpt=last"),
    "an unknown checkpoint": ([RUN, "--prompt", "a", "ckpt=first"], "ckpt=best or ckpt=last"),
    "a seed too large": ([RUN, "--prompt", "a", "--seed", "9" * 30], "--seed"),
    "two streams": ([RUN, "--prompt", "a", "--prompt", "b", "--stream"], "--stream"),
    "no folder": (["hf:no such/one", "--prompt", "a"], "neither a folder nor"),
}


@pytest.mark.parametrize(("words", "part"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_request_is_one_line(words, part, gpt_run, leyden):
    result = leyden("generate", *[str(gpt_run) if word is RUN else word for word in words])
    assert (result.status, result.out) == (2, "")
    assert result.err.count("error:") == 1
    assert part in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("verb", [["generate", "--prompt", "a"], ["export", "--format", "hf"]])
def test_a_run_of_images_is_refused(verb, mlp_run, leyden):
    output = ["--output", "out"] if verb[0] == "export" else []
    result = leyden(*verb, *output, str(mlp_run))
    assert result.status == 2
    assert ("image data" if verb[0] == "generate" else "is no GPT-2") in result.err


@pytest.mark.parametrize("verb", ["generate", "export"])
def test_help_says_the_options(verb, leyden):
    result = leyden(verb, "--help")
    assert result.status == 0
    assert f"leyden {verb} RUN" in result.out
