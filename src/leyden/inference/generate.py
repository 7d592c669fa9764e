"""Text from a run, or from a GPT-2 of Hugging Face's."""

import json
import sys
import unicodedata
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from leyden.cli.terminal import show_note
from leyden.data.errors import DataError
from leyden.data.text.vocabulary import Vocabulary, load_vocabulary
from leyden.errors import ConfigError, Problem
from leyden.inference.load import read_trained
from leyden.interop.gpt2 import NotGPT2, read_gpt2
from leyden.interop.hf_folder import CONFIG, TOKENIZER, WEIGHTS, UnreadableFolder, is_hf, locate
from leyden.models.generation import Sampling, collected, generate
from leyden.tokenization.tokenizer import UNKNOWN, well_formed


@dataclass(frozen=True)
class Writer:
    """A language model that text can be asked of.

    Attributes:
        net: Maps tokens to logits.
        vocabulary: Its tokens.
        context: Tokens that it sees.
    """

    net: nn.Module
    vocabulary: Vocabulary
    context: int


@dataclass(frozen=True)
class Drawing:
    """How a text is drawn.

    Attributes:
        num_tokens: At most so many are added.
        sampling: Which tokens, and how likely.
        seed: Of the draws; those of a prompt don't depend on the other prompts.
        cached: Keep what was computed; the text is the same without.
    """

    num_tokens: int
    sampling: Sampling
    seed: int = 0
    cached: bool = True


@dataclass(frozen=True)
class Continuation:
    """What was written after a prompt.

    Attributes:
        prompt: As it was given.
        text: What comes after it.
        tokens: Of that text.
        ended: The model ended it.
    """

    prompt: str
    text: str
    tokens: list[int]
    ended: bool


def show_generated(options: Namespace) -> None:
    """Prints what `leyden generate` is asked for.

    Raises:
        ConfigError: That can't be had.
    """
    prompts = [well_formed(prompt) for prompt in options.prompt]
    if options.stream and (len(prompts) > 1 or options.json):
        message = "prints one text as it comes; leave it out, or give one --prompt and no --json"
        raise ConfigError([Problem("--stream", message)])
    writer = read_writer(options.source, options.ckpt)
    for note in notes_on(writer, prompts):
        show_note(note)
    sampling = Sampling(options.temperature, options.top_k, options.top_p)
    drawing = Drawing(options.max_new_tokens, sampling, options.seed, not options.no_cache)
    if options.stream:
        pieces = stream(writer, prompts[0], drawing)
        show_text(prompts[0])
        for piece in pieces:
            show_text(piece)
        show_text("\n")
        return
    continuations = write(writer, prompts, drawing)
    if options.json:
        sys.stdout.write(json.dumps([asdict(c) for c in continuations], indent=2) + "\n")
        return
    for number, continuation in enumerate(continuations):
        show_text("---\n" if number else "")
        show_text(f"{continuation.prompt}{continuation.text}\n")


def show_text(text: str) -> None:
    """Prints text at once; on a terminal without the control characters that would steer it."""
    if sys.stdout.isatty():
        steering = {c for c in text if unicodedata.category(c) == "Cc"} - {"\n", "\t"}
        text = "".join(repr(c)[1:-1] if c in steering else c for c in text)
    sys.stdout.write(text)
    sys.stdout.flush()


def read_writer(source: str, which: str) -> Writer:
    """The model of a run or of `hf:PATH_OR_NAME`.

    Args:
        source: A run's folder, or such a name.
        which: Checkpoint of a run: `best` or `last`.

    Raises:
        ConfigError: There is none, or it is none of text.
    """
    if is_hf(source):
        return _read_hf_writer(source)
    trained = read_trained(Path(source), which)
    if trained.vocabulary is None:
        is_text = trained.spec.kind == "text"
        why = "its text is not here" if is_text else f"it is of {trained.spec.kind} data"
        message = f"has no vocabulary to write with: {why}"
        raise ConfigError([Problem("RUN", message, source)])
    context: int = getattr(trained.net, "context", trained.spec.input_shape[0])
    return Writer(trained.net, trained.vocabulary, context)


def _read_hf_writer(source: str) -> Writer:
    try:
        folder = locate(source, (*CONFIG, *WEIGHTS, *TOKENIZER))
        net, vocabulary = read_gpt2(folder), load_vocabulary(folder)
    except (UnreadableFolder, NotGPT2, DataError) as error:
        raise ConfigError([Problem("RUN", str(error), source)]) from error
    size = net.token_embedding.num_embeddings
    if len(vocabulary) > size:
        message = f"its tokenizer has {len(vocabulary)} tokens, its model {size}"
        raise ConfigError([Problem("RUN", message, source)])
    return Writer(net.eval(), vocabulary, net.context)


def write(writer: Writer, prompts: list[str], drawing: Drawing) -> list[Continuation]:
    """Continues prompts, all at once.

    Raises:
        ConfigError: A prompt has no tokens.
    """
    rows = collected(steps_of(writer, prompts, drawing), len(prompts))
    return [
        Continuation(prompt, decoded(writer, row), row, ended=len(row) < drawing.num_tokens)
        for prompt, row in zip(prompts, rows, strict=True)
    ]


def stream(writer: Writer, prompt: str, drawing: Drawing) -> Iterator[str]:
    """Continues a prompt, and gives the text as it comes.

    A character may come in several tokens: its bytes are held back until it is whole.

    Raises:
        ConfigError: The prompt has no tokens.
    """
    tokens: list[int] = []
    given = 0
    for (token,) in steps_of(writer, [prompt], drawing):
        assert token is not None
        tokens.append(token)
        whole = decoded(writer, tokens).rstrip(UNKNOWN)
        yield whole[given:]
        given = len(whole)
    yield decoded(writer, tokens)[given:]


def steps_of(writer: Writer, prompts: list[str], drawing: Drawing) -> Iterator[list[int | None]]:
    """The next token of each prompt, step by step."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return generate(
        writer.net.to(device),
        [tokens.to(device) for tokens in encoded(writer.vocabulary, prompts)],
        num_tokens=drawing.num_tokens,
        context=writer.context,
        sampling=drawing.sampling,
        seed=drawing.seed,
        stop=writer.vocabulary.separator,
        vocab_size=len(writer.vocabulary),
        cached=drawing.cached,
    )


def decoded(writer: Writer, tokens: list[int]) -> str:
    """The text of tokens."""
    return writer.vocabulary.decode(torch.tensor(tokens, dtype=torch.long))


def encoded(vocabulary: Vocabulary, prompts: list[str]) -> list[Tensor]:
    """The prompts' tokens.

    Raises:
        ConfigError: A prompt has none, and there is no token that begins a text.
    """
    rows = [vocabulary.encode(prompt) for prompt in prompts]
    if vocabulary.separator is not None:
        beginning = torch.tensor([vocabulary.separator])
        rows = [row if len(row) else beginning for row in rows]
    if any(len(row) == 0 for row in rows):
        message = "is empty, and the vocabulary has no token that begins a text; type a word"
        raise ConfigError([Problem("--prompt", message, "")])
    return rows


def notes_on(writer: Writer, prompts: list[str]) -> Iterator[str]:
    """What a user should know of prompts that the model can't see as they are."""
    vocabulary = writer.vocabulary
    for prompt in prompts:
        tokens = vocabulary.encode(prompt)
        if vocabulary.decode(tokens) != prompt:
            unknown = [c for c in dict.fromkeys(prompt) if c not in _seen(vocabulary, c)]
            if unknown:
                yield f"note: the vocabulary does not know {' '.join(map(repr, unknown))}"
        if len(tokens) > writer.context:
            yield (
                f"note: the prompt has {len(tokens)} tokens; the model sees the last"
                f" {writer.context}"
            )


def _seen(vocabulary: Vocabulary, character: str) -> str:
    return vocabulary.decode(vocabulary.encode(character))
