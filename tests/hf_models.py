"""Small transformers with random weights and their tokenizers, as `transformers` saves them."""

import csv
import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import BpeTrainer, WordPieceTrainer
from transformers import (
    BertConfig,
    DistilBertConfig,
    GPT2Config,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
)
from transformers.utils import logging

GOOD, BAD = ("good", "great", "nice"), ("bad", "awful", "poor")
PLAIN = [
    "the",
    "film",
    "was",
    "plot",
    "actors",
    "very",
    "not",
    "a",
    "an",
    "story",
    "it",
    "this",
    "and",
    "of",
    "in",
]
VOCAB = 90
CONTEXT = 32
"""Tokens that each of the models reads."""

logging.disable_progress_bar()


def reviews(count: int) -> list[tuple[str, str]]:
    """Texts of 3 to 10 words and their classes, the same in each call."""
    chance = random.Random(0)
    rows = []
    for number in range(count):
        own = GOOD if number % 2 else BAD
        words = [*chance.choices(PLAIN, k=chance.randint(2, 9)), chance.choice(own)]
        chance.shuffle(words)
        rows.append((" ".join(words), "pos" if number % 2 else "neg"))
    return rows


def write_reviews(file: Path, count: int = 120) -> None:
    """Writes a table with the columns `review` and `label`."""
    with file.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([("review", "label"), *reviews(count)])


def word_pieces() -> PreTrainedTokenizerFast:
    """A tokenizer of BERT's kind."""
    own = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    own.normalizer = normalizers.BertNormalizer()
    own.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = WordPieceTrainer(vocab_size=VOCAB, special_tokens=special, show_progress=False)
    own.train_from_iterator([text for text, _ in reviews(120)], trainer)
    ends = [(name, own.token_to_id(name)) for name in ("[SEP]", "[CLS]")]
    own.post_processor = processors.BertProcessing(*ends)
    names = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]"}
    given = {f"{key}_token": name for key, name in names.items()}
    return PreTrainedTokenizerFast(tokenizer_object=own, **given)


def byte_pairs(*, has_ends: bool) -> PreTrainedTokenizerFast:
    """A tokenizer of RoBERTa's kind, or, without ends, of GPT-2's: it has no token for padding."""
    own = Tokenizer(models.BPE())
    own.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    own.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>"] if has_ends else ["<|endoftext|>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = BpeTrainer(
        vocab_size=290, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    own.train_from_iterator([text for text, _ in reviews(120)], trainer)
    if not has_ends:
        return PreTrainedTokenizerFast(tokenizer_object=own, eos_token="<|endoftext|>")
    own.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return PreTrainedTokenizerFast(
        tokenizer_object=own, pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    )


def configs(positions: int = CONTEXT) -> dict[str, PreTrainedConfig]:
    """A small config of each family; the spread of the weights shows in the logits.

    Args:
        positions: Tokens that each of them reads.
    """
    wide = {"num_attention_heads": 2, "num_hidden_layers": 2, "hidden_size": 16}
    wide |= {"intermediate_size": 32, "initializer_range": 0.3}
    return {
        "bert": BertConfig(vocab_size=VOCAB, max_position_embeddings=positions, **wide),
        "distilbert": DistilBertConfig(
            vocab_size=VOCAB,
            max_position_embeddings=positions,
            dim=16,
            n_layers=2,
            n_heads=2,
            hidden_dim=32,
            initializer_range=0.3,
        ),
        "roberta": RobertaConfig(
            vocab_size=290, max_position_embeddings=positions + 2, pad_token_id=1, **wide
        ),
        "gpt2": GPT2Config(
            vocab_size=290,
            n_positions=positions,
            n_embd=16,
            n_layer=2,
            n_head=2,
            initializer_range=0.3,
            bos_token_id=0,
            eos_token_id=0,
        ),
    }


def tokenizer_of(family: str) -> PreTrainedTokenizerFast:
    """The tokenizer that a family has."""
    if family in ("bert", "distilbert"):
        return word_pieces()
    return byte_pairs(has_ends=family == "roberta")


def write_model(
    folder: Path, family: str, *, num_classes: int = 2, kind: str = "", positions: int = CONTEXT
) -> None:
    """Writes a model with random weights and its tokenizer.

    Args:
        folder: New folder.
        family: One of `configs`.
        num_classes: Classes of its head.
        kind: Beginning of the name of a class of `transformers` such as `AutoModelForMaskedLM`;
            empty: the one that classifies texts.
        positions: Tokens that it reads.
    """
    import transformers

    config = configs(positions)[family]
    config.num_labels = num_classes
    torch.manual_seed(1)
    made = getattr(transformers, kind or "AutoModelForSequenceClassification")
    made.from_config(config).save_pretrained(folder)
    tokenizer_of(family).save_pretrained(folder)
