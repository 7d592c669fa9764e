import pytest
import torch
from torch import nn

from leyden.models import GPT, RNN
from leyden.models.decoding import decoder_of
from leyden.models.generation import Sampling, collected, generate

GREEDY = Sampling(temperature=0.0)
PROMPTS = [[1, 2, 3, 4, 5], [6], [7, 8, 9]]


class Counting(nn.Module):
    """Finds only the number after the last one likely; keeps what it saw."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, tokens):
        self.seen.append((tokens.shape[1], self.training))
        return 50.0 * nn.functional.one_hot((tokens + 1) % 10, 10)


class Constant(nn.Module):
    """The same distribution after every token."""

    def __init__(self, shares):
        super().__init__()
        self.logits = torch.tensor(shares).log()

    def forward(self, tokens):
        return self.logits.expand(*tokens.shape, -1)


def text_of(net, prompts, *, num_tokens, context=16, **options):
    rows = [torch.tensor(prompt) for prompt in prompts]
    return collected(
        generate(net, rows, num_tokens=num_tokens, context=context, **options), len(rows)
    )


def gpt(**options):
    torch.manual_seed(0)
    size = {"vocab_size": 50, "context": 16, "width": 32, "depth": 2, "head_dim": 8}
    return GPT(**size | options, init_std=0.3).eval()


def rnn(cell="lstm"):
    torch.manual_seed(0)
    return RNN(
        input_shape=(16,), num_outputs=50, vocab_size=50, cell=cell, width=24, depth=2
    ).eval()


NETS = {
    "learned positions": lambda: gpt(),
    "rotary positions": lambda: gpt(positions="rotary"),
    "qk_norm": lambda: gpt(qk_norm=True),
    "ngrams": lambda: gpt(ngram=3),
    "separator": lambda: gpt(separator=8),
    "rotary with separator": lambda: gpt(separator=8, positions="rotary"),
    "ngrams with separator": lambda: gpt(separator=8, ngram=3),
    "lstm": lambda: rnn(),
    "gru": lambda: rnn("gru"),
}
EACH_NET = pytest.mark.parametrize("net", NETS.values(), ids=NETS.keys())


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_it_appends_what_the_model_finds_likely(temperature):
    sampling = Sampling(temperature=temperature)
    text = text_of(Counting(), [[3, 4], [7, 8]], num_tokens=3, sampling=sampling)
    assert text == [[5, 6, 7], [9, 0, 1]]


def test_the_model_sees_no_more_than_its_context():
    net = Counting()
    text_of(net, [[0] * 6], num_tokens=3, context=4)
    assert [width for width, _ in net.seen] == [4, 4, 4]


def test_it_sees_all_of_a_text_shorter_than_its_context():
    net = Counting()
    text_of(net, [[0] * 2], num_tokens=3, context=8)
    assert [width for width, _ in net.seen] == [2, 3, 4]


@pytest.mark.parametrize("training", [True, False])
def test_it_evaluates_and_restores_the_mode(training):
    net = Counting().train(training)
    text_of(net, [[0]], num_tokens=2)
    assert [mode for _, mode in net.seen] == [False, False]
    assert net.training is training


def test_a_seed_gives_the_same_text_again_and_another_seed_another():
    net = Constant([0.25] * 4)
    texts = [text_of(net, [[0]], num_tokens=30, seed=seed) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_no_tokens_are_none():
    assert text_of(Counting(), [[3, 4]], num_tokens=0) == [[]]


def test_a_row_ends_before_the_token_that_stops_it_and_the_others_go_on():
    text = text_of(Counting(), [[3], [5], [6]], num_tokens=4, sampling=GREEDY, stop=7)
    assert text == [[4, 5, 6], [6], []]


def test_it_ends_when_all_rows_have():
    net = Counting()
    text_of(net, [[5], [6]], num_tokens=100, sampling=GREEDY, stop=7)
    assert len(net.seen) == 2


def test_a_compiled_network_is_not_compiled_for_single_tokens():
    net, compiled = gpt(), []
    expected = text_of(net, PROMPTS, num_tokens=5)
    for block in net.blocks:
        block.compile(backend=lambda graph, _: compiled.append(graph) or graph.forward)
    assert text_of(net, PROMPTS, num_tokens=5) == expected
    assert compiled == []


def test_outputs_beyond_the_vocabulary_are_never_drawn():
    (text,) = text_of(Constant([0.1, 0.2, 0.7]), [[0]], num_tokens=50, vocab_size=2)
    assert set(text) == {0, 1}


@EACH_NET
def test_greedy_text_is_the_likeliest_next_token_each_time(net):
    net = net()
    (text,) = text_of(net, [[1, 2]], num_tokens=6, sampling=GREEDY)
    whole = torch.tensor([[1, 2, *text]])
    assert net(whole).argmax(-1)[0, 1:-1].tolist() == text


@EACH_NET
@pytest.mark.parametrize("num_tokens", [8, 25], ids=["inside the context", "beyond it"])
@pytest.mark.parametrize("sampling", [GREEDY, Sampling(top_k=20)], ids=["greedy", "drawn"])
def test_the_text_is_the_same_without_keeping_what_was_computed(net, num_tokens, sampling):
    with_it, without = (
        text_of(net(), PROMPTS, num_tokens=num_tokens, sampling=sampling, cached=cached)
        for cached in (True, False)
    )
    assert with_it == without


@EACH_NET
@pytest.mark.parametrize("num_tokens", [8, 25], ids=["inside the context", "beyond it"])
def test_a_row_of_a_batch_gives_the_text_that_it_gives_alone(net, num_tokens):
    together = text_of(net(), PROMPTS, num_tokens=num_tokens)
    alone = [text_of(net(), [prompt], num_tokens=num_tokens)[0] for prompt in PROMPTS]
    assert together == alone


@EACH_NET
@torch.no_grad()
def test_the_logits_are_the_same_without_keeping_what_was_computed(net):
    net, rows = net(), [torch.tensor(prompt) for prompt in PROMPTS]
    with_it, without = (decoder_of(net, 3, context=16, cached=cached) for cached in (True, False))
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        torch.testing.assert_close(with_it.read(rows), without.read(rows), rtol=0, atol=1e-5)
        rows = list(torch.randint(50, (3, 1), generator=generator))


@torch.no_grad()
def test_a_cache_serves_mixed_precision():
    rows, readers = [torch.tensor([1, 2, 3])], []
    for cached in (True, False):
        reader = decoder_of(gpt(), 1, context=16, cached=cached)
        with torch.autocast("cpu", torch.bfloat16):
            reader.read(rows)
            readers.append(reader.read([torch.tensor([4])]).float())
    torch.testing.assert_close(*readers, rtol=0, atol=0.1)


def test_a_cache_reads_each_token_once():
    net, widths = gpt(), []
    net.token_embedding.register_forward_pre_hook(lambda _, given: widths.append(given[0].shape))
    text_of(net, PROMPTS, num_tokens=5)
    assert widths == [(3, 5), (3, 1), (3, 1), (3, 1), (3, 1)]


def test_tokens_read_in_pieces_have_the_logits_of_one_reading():
    net, cache = gpt(separator=8), gpt().new_cache(2)
    tokens = torch.tensor([[1, 8, 3, 4, 5, 8, 7], [8, 2, 3, 4, 5, 6, 7]])
    pieces = []
    for piece in tokens.split([3, 1, 3], dim=1):
        pieces.append(net(piece, cache))
        cache.advance(torch.full((2,), piece.shape[1]))
    torch.testing.assert_close(torch.cat(pieces, dim=1), net(tokens), rtol=0, atol=1e-5)


def test_a_cache_holds_no_more_than_the_context():
    net = gpt()
    cache = net.new_cache(1)
    net(torch.zeros(1, 16, dtype=torch.long), cache)
    cache.advance(torch.tensor([16]))
    with pytest.raises(ValueError, match="17 tokens are more than context=16"):
        net(torch.zeros(1, 1, dtype=torch.long), cache)
