"""`leyden generate`: what a language model writes after a prompt."""

import argparse
import os
import sys
import unicodedata
from dataclasses import asdict

from leyden.cli.parser import Parser, Verbs, add_json, add_verb, checkpoint_of, real, whole
from leyden.errors import ConfigError, Problem


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `generate`."""
    parser = add_verb(
        verbs,
        "generate",
        generate,
        usage="RUN|hf:PATH_OR_NAME --prompt TEXT [options] [ckpt=best|last]",
        description="Continues texts by a run's model, or by a GPT-2 of Hugging Face's.",
        takes_overrides=True,
    )
    parser.add_argument("source", metavar="RUN", help="a run's folder, or hf:PATH_OR_NAME")
    add = parser.add_argument
    add("--prompt", action="append", required=True, metavar="TEXT", help="may be given repeatedly")
    add("--max-new-tokens", type=whole(1), default=200, metavar="N", help="default: 200")
    add("--temperature", type=real(0), default=0.8, help="default: 0.8; 0: the likeliest token")
    add("--top-k", type=whole(1), metavar="K", help="draw from the K likeliest tokens only")
    add("--top-p", type=real(0, 1), metavar="P", help="from the likeliest of a share P together")
    add("--seed", type=whole(0), default=0, help="of the draws; default: 0")
    add("--stream", action="store_true", help="print the text as it comes")
    add("--no-cache", action="store_true", help="compute all anew for each token")
    add_json(parser)


def generate(options: argparse.Namespace) -> int:
    """Continues texts."""
    which = checkpoint_of(options)
    try:
        show_generated(options, which)
    except BrokenPipeError:  # who reads, such as `head`, has enough; nothing is left to be flushed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def show_generated(options: argparse.Namespace, which: str) -> None:
    """Prints the texts.

    Raises:
        ConfigError: No text can be had so.
    """
    from leyden.cli.console import print_json
    from leyden.cli.terminal import show_note
    from leyden.inference.generate import (
        GenerationConfig,
        complete_prompts,
        notes_on,
        read_generator,
        stream,
    )
    from leyden.models.generation import Sampling
    from leyden.tokenization.tokenizer import well_formed

    prompts = [well_formed(prompt) for prompt in options.prompt]
    if options.stream and (len(prompts) > 1 or options.json):
        message = "prints one text as it comes; leave it out, or give one --prompt and no --json"
        raise ConfigError([Problem("--stream", message)])
    generator = read_generator(options.source, which)
    for note in notes_on(generator, prompts):
        show_note(note)
    sampling = Sampling(options.temperature, options.top_k, options.top_p)
    config = GenerationConfig(options.max_new_tokens, sampling, options.seed, not options.no_cache)
    if options.stream:
        pieces = stream(generator, prompts[0], config)
        show_text(prompts[0])
        for piece in pieces:
            show_text(piece)
        show_text("\n")
        return
    completions = complete_prompts(generator, prompts, config)
    if options.json:
        print_json([asdict(completion) for completion in completions])
        return
    for number, completion in enumerate(completions):
        show_text("---\n" if number else "")
        show_text(f"{completion.prompt}{completion.text}\n")


def show_text(text: str) -> None:
    """Prints text at once; on a terminal without the control characters that would steer it."""
    if sys.stdout.isatty():
        steering = {c for c in text if unicodedata.category(c) == "Cc"} - {"\n", "\t"}
        text = "".join(repr(c)[1:-1] if c in steering else c for c in text)
    sys.stdout.write(text)
    sys.stdout.flush()
