"""Text from a run, or from a GPT-2 of Hugging Face's."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from leyden.config.huggingface import WEIGHTS, is_hf
from leyden.data.errors import DataError
from leyden.data.text.vocabulary import Vocabulary, load_vocabulary
from leyden.errors import ConfigError, Problem
from leyden.inference.load import load_run
from leyden.interop.gpt2 import NotGPT2, read_gpt2
from leyden.models.generation import Sampling, collected, generate
from leyden.models.hf_folder import CONFIG, TOKENIZER, UnreadableFolder, locate
from leyden.tokenization.tokenizer import UNKNOWN


@dataclass(frozen=True)
class TextGenerator:
    """A language model that text can be asked of.

    Attributes:
        net: Maps tokens to logits.
        vocabulary: Vocabulary of the model.
        context: Tokens that it sees.
    """

    net: nn.Module
    vocabulary: Vocabulary
    context: int


@dataclass(frozen=True)
class GenerationConfig:
    """How a text is drawn.

    Attributes:
        num_tokens: Number of tokens that are added at most.
        sampling: How tokens are drawn.
        seed: Seed of the draws; those of a prompt don't depend on the other prompts.
        cached: Keep what was computed; the text is the same without.
    """

    num_tokens: int
    sampling: Sampling
    seed: int = 0
    cached: bool = True


@dataclass(frozen=True)
class Completion:
    """What was written after a prompt.

    Attributes:
        prompt: Prompt as it was given.
        text: What comes after it.
        tokens: Tokens of that text.
        ended: The model ended it.
    """

    prompt: str
    text: str
    tokens: list[int]
    ended: bool


def read_generator(source: str, which: str) -> TextGenerator:
    """The model of a run or of `hf:PATH_OR_NAME`.

    Args:
        source: A run's folder, or such a name.
        which: Checkpoint of a run: `best` or `last`.

    Raises:
        ConfigError: There is none, or it is none of text.
    """
    if is_hf(source):
        return _read_hf_generator(source)
    trained = load_run(Path(source), which)
    if trained.spec is not None and trained.spec.task_name != "language_modeling":
        what = f"predicts {trained.spec.target_name}"
        if trained.spec.kind != "text":
            what = f"was trained on {trained.spec.kind} data"
        elif trained.spec.task_name == "classification":
            what = "tells classes"
        message = f"{what}, it writes no text; `leyden predict` asks it"
        raise ConfigError([Problem("RUN", message, source)])
    if trained.vocabulary is None or trained.spec is None:
        kind = "other" if trained.spec is None else trained.spec.kind
        why = "its text is not here" if kind == "text" else f"it is of {kind} data"
        message = f"has no vocabulary to write with: {why}"
        raise ConfigError([Problem("RUN", message, source)])
    context: int = getattr(trained.net, "context", trained.spec.input_shape[0])
    return TextGenerator(trained.net, trained.vocabulary, context)


def _read_hf_generator(source: str) -> TextGenerator:
    try:
        folder = locate(source, (*CONFIG, *WEIGHTS, *TOKENIZER))
        net, vocabulary = read_gpt2(folder), load_vocabulary(folder)
    except (UnreadableFolder, NotGPT2, DataError) as error:
        raise ConfigError([Problem("RUN", str(error), source)]) from error
    size = net.token_embedding.num_embeddings
    if len(vocabulary) > size:
        message = f"its tokenizer has {len(vocabulary)} tokens, its model {size}"
        raise ConfigError([Problem("RUN", message, source)])
    return TextGenerator(net.eval(), vocabulary, net.context)


def complete_prompts(
    generator: TextGenerator, prompts: list[str], config: GenerationConfig
) -> list[Completion]:
    """Continues prompts, all at once.

    Raises:
        ConfigError: A prompt has no tokens.
    """
    rows = collected(steps_of(generator, prompts, config), len(prompts))
    return [
        Completion(prompt, decoded(generator, row), row, ended=len(row) < config.num_tokens)
        for prompt, row in zip(prompts, rows, strict=True)
    ]


def stream(generator: TextGenerator, prompt: str, config: GenerationConfig) -> Iterator[str]:
    """Continues a prompt, and gives the text as it comes.

    A character may come in several tokens: its bytes are held back until it is whole.

    Raises:
        ConfigError: The prompt has no tokens.
    """
    tokens: list[int] = []
    given = 0
    for (token,) in steps_of(generator, [prompt], config):
        assert token is not None
        tokens.append(token)
        whole = decoded(generator, tokens).rstrip(UNKNOWN)
        yield whole[given:]
        given = len(whole)
    yield decoded(generator, tokens)[given:]


def steps_of(
    generator: TextGenerator, prompts: list[str], config: GenerationConfig
) -> Iterator[list[int | None]]:
    """The next token of each prompt, step by step."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return generate(
        generator.net.to(device),
        [tokens.to(device) for tokens in encoded(generator.vocabulary, prompts)],
        num_tokens=config.num_tokens,
        context=generator.context,
        sampling=config.sampling,
        seed=config.seed,
        stop=generator.vocabulary.separator,
        vocab_size=len(generator.vocabulary),
        cached=config.cached,
    )


def decoded(generator: TextGenerator, tokens: list[int]) -> str:
    """The text of tokens."""
    return generator.vocabulary.decode(torch.tensor(tokens, dtype=torch.long))


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


def notes_on(generator: TextGenerator, prompts: list[str]) -> Iterator[str]:
    """What a user should know of prompts that the model can't see as they are."""
    vocabulary = generator.vocabulary
    for prompt in prompts:
        tokens = vocabulary.encode(prompt)
        if vocabulary.decode(tokens) != prompt:
            unknown = [c for c in dict.fromkeys(prompt) if c not in _seen(vocabulary, c)]
            if unknown:
                yield f"note: the vocabulary does not know {' '.join(map(repr, unknown))}"
        if len(tokens) > generator.context:
            yield (
                f"note: the prompt has {len(tokens)} tokens; the model sees the last"
                f" {generator.context}"
            )


def _seen(vocabulary: Vocabulary, character: str) -> str:
    return vocabulary.decode(vocabulary.encode(character))
