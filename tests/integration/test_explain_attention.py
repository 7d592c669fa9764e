"""`leyden explain --method attention`: the weights are those by which the network computes."""

import csv

import pytest
import torch

from leyden.inference.attention_weights import attention_of, rollout, weights_of
from leyden.inference.load import load_run
from leyden.models.attention import Attention
from leyden.models.gpt import GPT

VARIANTS = {
    "plain": {},
    "rotary": {"positions": "rotary"},
    "normalised": {"qk_norm": True},
    "documents": {"separator": 3},
    "all": {"positions": "rotary", "qk_norm": True, "separator": 3, "norm": "rms"},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_weights_times_the_values_are_what_the_layer_gives(name):
    torch.manual_seed(0)
    net = GPT(vocab_size=9, context=16, width=16, depth=2, head_dim=8, **VARIANTS[name]).eval()
    compared = []

    def compare(layer, arguments, output):
        x, context = arguments[:2]
        weights = weights_of(layer, x, context)
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
        _, _, values = layer.queries_keys_values(x, context)
        told = layer.proj((weights @ values).transpose(1, 2).reshape(x.shape))
        torch.testing.assert_close(told, output, rtol=1e-4, atol=1e-5)
        compared.append(layer)

    for layer in net.modules():
        if isinstance(layer, Attention):
            torch.nn.init.normal_(layer.qkv.weight)  # so that the weights differ
            layer.register_forward_hook(compare)
    with torch.no_grad():
        net(torch.tensor([[1, 2, 3, 4, 5, 3, 7, 8], [0, 1, 2, 8, 4, 5, 6, 3]]))
    assert len(compared) == 2


def test_a_token_of_another_document_is_not_read():
    net = GPT(vocab_size=9, context=16, width=16, depth=2, head_dim=8, separator=3).eval()
    found = attention_of(net, torch.tensor([[1, 2, 3, 4, 5]]))
    assert float(found.weights[..., :2].abs().max()) == 0
    assert float(found.rollout[:2].abs().max()) == 0
    torch.testing.assert_close(found.rollout.sum(), torch.tensor(1.0))


def test_rollout_is_the_product_that_is_worked_out_by_hand():
    first = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    second = torch.tensor([[1.0, 0.0], [0.2, 0.8]])
    # (A + I) / 2: [[1, 0], [.25, .75]] and [[1, 0], [.1, .9]]; last row of the second times the
    # first: .1 + .9 * .25 and .9 * .75.
    torch.testing.assert_close(rollout([first, second])[1], torch.tensor([0.325, 0.675]))


def test_a_text_is_shown_by_layer_and_head(leyden, gpt_run, tmp_path):
    words = ("import os", "for", "--method", "attention", "--output", "out")
    result = leyden("explain", str(gpt_run), *words)
    assert result.status == 0, result.err
    assert result.out.startswith("import os: next token ")
    with (tmp_path / "out" / "attributions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["part"] for row in rows[:9]] == list("import os")
    run = load_run(gpt_run)
    found = attention_of(run.net, run.vocabulary.encode("import os")[None])
    for layer in (1, 2):
        own = [float(row[f"layer {layer}"]) for row in rows[:9]]
        assert own == pytest.approx(found.weights[layer - 1].mean(0).tolist(), abs=1e-6)
    for text in ("import os", "for"):
        shares = [float(row["attribution"]) for row in rows if row["input"] == text]
        assert sum(shares) == pytest.approx(1, abs=1e-5)
    page = (tmp_path / "out" / "explanation.html").read_text()
    assert page.count("<div class='tokens'>") == 2
    assert "<img alt='attention of import os by layer'" in page


def test_what_goes_beyond_the_context_is_told(leyden, gpt_run):
    result = leyden(
        "explain", str(gpt_run), "x = 1\n" * 10, "--method", "attention", "--output", "out"
    )
    assert result.status == 0, result.err
    assert "the prompt has 60 tokens; the model sees the last 32" in result.err


def test_a_network_without_attention_is_refused(leyden, mlp_run, tmp_path):
    words = ("x.png", "--method", "attention", "--output", "out")
    result = leyden("explain", str(mlp_run), *words)
    assert result.status == 2
    assert "--method=attention: is for language models" in result.err
    assert not (tmp_path / "out").exists()


def test_a_recurrent_language_model_is_refused(leyden, tmp_path):
    words = ("model=rnn", "data=stdlib_text", "trainer=smoke", "data.max_bytes=60000")
    folder = leyden("train", *words, "logger=null", "baselines=null", "run_dir=rnn").folder
    result = leyden("explain", str(folder), "import", "--method", "attention")
    assert result.status == 2
    assert "needs a network with attention, such as model=gpt" in result.err
    assert not (folder / "explanations").exists()
