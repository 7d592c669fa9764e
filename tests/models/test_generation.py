import pytest
import torch
from torch import nn

from leyden.models import GPT
from leyden.models.generation import generate


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


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_it_appends_what_the_model_finds_likely(temperature):
    prompt = torch.tensor([[3, 4], [7, 8]])
    text = generate(Counting(), prompt, num_tokens=3, context=4, temperature=temperature)
    assert text.tolist() == [[3, 4, 5, 6, 7], [7, 8, 9, 0, 1]]


def test_the_model_sees_no_more_than_its_context():
    net = Counting()
    generate(net, torch.zeros(1, 6, dtype=torch.long), num_tokens=3, context=4)
    assert [width for width, _ in net.seen] == [4, 4, 4]


def test_it_sees_all_of_a_text_shorter_than_its_context():
    net = Counting()
    generate(net, torch.zeros(1, 2, dtype=torch.long), num_tokens=3, context=8)
    assert [width for width, _ in net.seen] == [2, 3, 4]


@pytest.mark.parametrize("training", [True, False])
def test_it_evaluates_and_restores_the_mode(training):
    net = Counting().train(training)
    generate(net, torch.zeros(1, 1, dtype=torch.long), num_tokens=2, context=4)
    assert [mode for _, mode in net.seen] == [False, False]
    assert net.training is training


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [(1.0, [0.1, 0.2, 0.7]), (0.5, [0.01 / 0.54, 0.04 / 0.54, 0.49 / 0.54])],
)
def test_tokens_come_as_often_as_the_tempered_distribution_says(temperature, expected):
    text = generate(
        Constant([0.1, 0.2, 0.7]),
        torch.zeros(20_000, 1, dtype=torch.long),
        num_tokens=1,
        context=4,
        temperature=temperature,
        generator=torch.Generator().manual_seed(0),
    )
    shares = torch.bincount(text[:, 1], minlength=3) / 20_000
    torch.testing.assert_close(shares, torch.tensor(expected), rtol=0, atol=0.015)


def test_a_generator_in_the_same_state_gives_the_same_text():
    net, prompt = Constant([0.25] * 4), torch.zeros(1, 1, dtype=torch.long)
    texts = [
        generate(
            net, prompt, num_tokens=30, context=4, generator=torch.Generator().manual_seed(seed)
        ).tolist()
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_no_tokens_leave_the_prompt():
    prompt = torch.tensor([[3, 4]])
    assert torch.equal(generate(Counting(), prompt, num_tokens=0, context=4), prompt)


def test_greedy_text_of_a_gpt_is_its_likeliest_next_token_each_time():
    torch.manual_seed(0)
    net = GPT(vocab_size=50, context=8, width=32, depth=1, init_std=0.5)
    text = generate(net, torch.tensor([[1, 2]]), num_tokens=6, context=8, temperature=0.0)
    assert torch.equal(net(text[:, :7]).argmax(-1)[:, 1:], text[:, 2:])
