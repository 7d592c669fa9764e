from math import log, sqrt

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from leyden.models import GPT
from leyden.models.attention import Rotary
from leyden.models.gpt import Feedforward, norm_layer

TINY = {"vocab_size": 50, "context": 16, "width": 32, "depth": 2, "head_dim": 8}


@pytest.fixture
def net():
    torch.manual_seed(0)
    return GPT(**TINY)


@pytest.fixture
def tokens():
    return torch.randint(50, (3, 16), generator=torch.Generator().manual_seed(1))


def norm(x, gain, shift):
    centred = x - x.mean(-1, keepdim=True)
    return gain * centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() + shift


def attention_by_hand(x, p, *, num_heads, changed=lambda vectors: vectors):
    """Head by head, with an explicit mask; queries and keys may be `changed`."""
    T = x.shape[1]
    q, k, v = (x @ p["qkv.weight"].T + p["qkv.bias"]).chunk(3, dim=-1)
    future = torch.ones(T, T).triu(1).bool()
    heads = []
    for columns in torch.arange(x.shape[2]).chunk(num_heads):
        scores = changed(q[..., columns]) @ changed(k[..., columns]).mT / sqrt(len(columns))
        shares = scores.masked_fill(future, float("-inf")).softmax(-1)
        heads.append(shares @ v[..., columns])
    return torch.cat(heads, dim=-1) @ p["proj.weight"].T + p["proj.bias"]


def gpt_by_hand(net, tokens, *, num_heads):
    p = net.state_dict()
    x = p["token_embedding.weight"][tokens] + p["position_embedding.weight"][: tokens.shape[1]]
    for i in range(len(net.blocks)):
        b = {name: p[f"blocks.{i}.{name}"] for name in net.blocks[i].state_dict()}
        attention = {name[10:]: b[name] for name in b if name.startswith("attention.")}
        normed = norm(x, b["attention_norm.weight"], b["attention_norm.bias"])
        x = x + attention_by_hand(normed, attention, num_heads=num_heads)
        normed = norm(x, b["mlp_norm.weight"], b["mlp_norm.bias"])
        hidden = normed @ b["mlp.fc.weight"].T + b["mlp.fc.bias"]
        hidden = 0.5 * hidden * (1 + (sqrt(2 / torch.pi) * (hidden + 0.044715 * hidden**3)).tanh())
        x = x + hidden @ b["mlp.proj.weight"].T + b["mlp.proj.bias"]
    return norm(x, p["norm.weight"], p["norm.bias"]) @ p["token_embedding.weight"].T


@pytest.mark.parametrize(
    ("width", "depth", "count"),
    [
        (768, 12, 124_439_808),
        (1024, 24, 354_823_168),
        (1280, 36, 774_030_080),
        (1600, 48, 1_557_611_200),
    ],
)
def test_the_four_sizes_have_gpt2s_number_of_parameters(width, depth, count):
    with torch.device("meta"):
        net = GPT(vocab_size=50257, context=1024, width=width, depth=depth)
    assert sum(p.numel() for p in net.parameters()) == count


def test_attention_is_that_of_an_explicit_mask(net):
    attention = net.blocks[0].attention
    x = torch.randn(2, 16, 32, generator=torch.Generator().manual_seed(2))
    expected = attention_by_hand(x, attention.state_dict(), num_heads=4)
    torch.testing.assert_close(attention(x), expected)


def test_the_logits_are_those_computed_by_hand(net, tokens):
    for p in net.parameters():
        nn.init.normal_(p, std=0.2)  # so that biases and gains count
    torch.testing.assert_close(
        net(tokens), gpt_by_hand(net, tokens, num_heads=4), rtol=1e-4, atol=1e-5
    )


OPTIONS = pytest.mark.parametrize(
    "options",
    [
        {},
        {"positions": "rotary"},
        {"qk_norm": True},
        {"norm": "rms"},
        {"activation": "swiglu"},
        {"tied_head": False},
        {"ngram": 3, "ngram_rows": 7},
    ],
    ids=str,
)


@OPTIONS
@pytest.mark.parametrize("changed", [0, 7, 15])
def test_a_changed_token_changes_no_earlier_logits(options, tokens, changed):
    torch.manual_seed(0)
    net = GPT(**TINY, **options, init_std=0.2)
    other = tokens.clone()
    other[:, changed] = (other[:, changed] + 1) % 50
    torch.testing.assert_close(net(other)[:, :changed], net(tokens)[:, :changed], rtol=0, atol=1e-6)
    assert not torch.allclose(net(other)[:, changed:], net(tokens)[:, changed:], atol=1e-4)


def test_the_same_token_is_read_differently_in_another_place(net):
    logits = net(torch.zeros(1, 2, dtype=torch.long))
    assert not torch.allclose(logits[0, 0], logits[0, 1], atol=1e-4)


def test_the_loss_before_training_is_near_that_of_guessing(net, tokens):
    targets = torch.randint(50, (3, 16), generator=torch.Generator().manual_seed(3))
    loss = F.cross_entropy(net(tokens).flatten(0, 1), targets.flatten())
    assert loss.item() == pytest.approx(log(50), abs=0.1)


def test_head_and_token_embedding_are_one_tensor(net):
    assert net.head.weight is net.token_embedding.weight
    assert "head.weight" not in dict(net.named_parameters())


def test_the_tie_survives_loading_a_state_dict(net):
    other = GPT(**TINY)
    other.load_state_dict(net.state_dict())
    assert other.head.weight is other.token_embedding.weight
    torch.testing.assert_close(other.head.weight, net.head.weight)


def expected_std(name, depth):
    return 0.02 / sqrt(2 * depth) if name.endswith("proj.weight") else 0.02


def test_weights_start_with_gpt2s_standard_deviations():
    torch.manual_seed(0)
    net = GPT(vocab_size=500, context=128, width=128, depth=4)
    for name, p in net.named_parameters():
        if p.ndim == 2:
            assert p.std().item() == pytest.approx(expected_std(name, 4), rel=0.03), name
            assert abs(p.mean().item()) < 0.001, name


def test_biases_start_at_zero_and_gains_at_one(net):
    for name, p in net.named_parameters():
        if p.ndim == 1:
            start = 1.0 if name.endswith("norm.weight") else 0.0
            assert torch.equal(p, torch.full_like(p, start)), name


def test_init_std_scales_every_initial_weight():
    torch.manual_seed(0)
    once = GPT(**TINY, init_std=0.02)
    torch.manual_seed(0)
    twice = GPT(**TINY, init_std=0.04)
    for p, q in zip(once.parameters(), twice.parameters(), strict=True):
        torch.testing.assert_close(q, 2 * p if p.ndim == 2 else p)


@pytest.mark.parametrize(("width", "below", "above"), [(200, 198, 201), (131, 130, 132)])
def test_a_width_that_cannot_be_split_names_the_nearest(width, below, above):
    with pytest.raises(ValueError, match=f"width={width} .*: {below}, {above}$"):
        GPT(vocab_size=50, context=16, width=width, depth=1)


@pytest.mark.parametrize("width", [198, 201, 130, 132])
def test_the_nearest_widths_that_it_names_can_be_split(width):
    with torch.device("meta"):
        heads = GPT(vocab_size=50, context=16, width=width, depth=1).blocks[0].attention.num_heads
    assert width % heads == 0


def test_a_width_below_one_head_makes_one_head():
    assert GPT(vocab_size=50, context=16, width=10, depth=1).blocks[0].attention.num_heads == 1


def test_shorter_sequences_have_the_logits_of_the_longer_ones_start(net, tokens):
    torch.testing.assert_close(net(tokens[:, :5]), net(tokens)[:, :5])


def test_evaluation_drops_nothing(net, tokens):
    dropping = GPT(**TINY, dropout=0.5)
    dropping.load_state_dict(net.state_dict())
    torch.testing.assert_close(dropping.eval()(tokens), net(tokens))


def test_training_with_dropout_is_random(tokens):
    torch.manual_seed(0)
    net = GPT(**TINY, dropout=0.5)
    assert not torch.allclose(net(tokens), net(tokens))


@OPTIONS
def test_every_parameter_gets_a_gradient(options, tokens):
    net = GPT(**TINY, **options)
    F.cross_entropy(net(tokens).flatten(0, 1), tokens.flatten()).backward()
    assert all(p.grad.abs().sum() > 0 for p in net.parameters())


def rms_normed(x):
    return x / (x.square().mean(-1, keepdim=True) + 1e-7).sqrt()


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ({"positions": "rotary"}, lambda x: Rotary(8, 16)(x[:, None])[:, 0]),
        ({"qk_norm": True}, rms_normed),
        (
            {"positions": "rotary", "qk_norm": True},
            lambda x: Rotary(8, 16)(rms_normed(x)[:, None])[:, 0],
        ),
    ],
    ids=["rotary", "qk_norm", "both"],
)
def test_attention_changes_the_queries_and_keys_of_each_head(options, changed):
    torch.manual_seed(0)
    attention = GPT(**TINY, **options, init_std=0.5).blocks[0].attention
    x = torch.randn(2, 16, 32, generator=torch.Generator().manual_seed(2))
    expected = attention_by_hand(x, attention.state_dict(), num_heads=4, changed=changed)
    torch.testing.assert_close(attention(x), expected, rtol=1e-4, atol=1e-5)


def test_rotary_positions_have_no_table():
    learned, rotary = GPT(**TINY), GPT(**TINY, positions="rotary")
    assert set(learned.state_dict()) - set(rotary.state_dict()) == {"position_embedding.weight"}


def test_rotary_positions_tell_the_order_of_earlier_tokens():
    torch.manual_seed(0)
    net = GPT(**TINY | {"depth": 1}, positions="rotary", init_std=0.5)  # deeper, masks tell it too
    logits = net(torch.tensor([[1, 2, 3], [2, 1, 3]]))[:, -1]
    assert not torch.allclose(logits[0], logits[1], atol=1e-3)


@pytest.mark.parametrize("qk_norm", [False, True])
def test_qk_norm_makes_attention_blind_to_the_size_of_queries_and_keys(qk_norm):
    torch.manual_seed(0)
    attention = GPT(**TINY, qk_norm=qk_norm, init_std=0.5).blocks[0].attention
    x = torch.randn(2, 16, 32, generator=torch.Generator().manual_seed(2))
    before = attention(x)
    with torch.no_grad():
        attention.qkv.weight[:64] *= 10
    assert torch.allclose(attention(x), before, atol=1e-4) is qk_norm


def test_rms_norm_has_a_gain_but_no_mean_and_no_shift():
    rms = norm_layer("rms", 32)
    gain = nn.init.normal_(rms.weight)
    x = 3 + torch.randn(5, 32, generator=torch.Generator().manual_seed(2))
    expected = gain * x / (x.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(rms(x), expected)


def test_rms_norm_is_that_of_every_norm():
    layered, rms = (set(GPT(**TINY, norm=norm).state_dict()) for norm in ("layer", "rms"))
    assert layered - rms == {name for name in layered if name.endswith("norm.bias")}


def test_swiglu_multiplies_by_a_silu_gate():
    torch.manual_seed(0)
    mlp = Feedforward(width=6, activation="swiglu")  # 8/3 of 6 are 16
    x = torch.randn(2, 3, 6)
    gate, value = (x @ mlp.fc.weight.T + mlp.fc.bias).split(16, dim=-1)
    expected = (gate / (1 + (-gate).exp()) * value) @ mlp.proj.weight.T + mlp.proj.bias
    torch.testing.assert_close(mlp(x), expected)


@pytest.mark.parametrize("width", [64, 200, 768])
def test_swiglu_has_as_many_parameters_as_four_times_the_width(width):
    with torch.device("meta"):
        mlps = [Feedforward(width=width, activation=name) for name in ("swiglu", "gelu")]
    gated, plain = (sum(p.numel() for p in mlp.parameters()) for mlp in mlps)
    assert gated == pytest.approx(plain, rel=0.01)


def test_the_vectors_of_ngrams_are_added_to_the_tokens(tokens):
    torch.manual_seed(0)
    net = GPT(**TINY, ngram=3)
    plain = GPT(**TINY)
    plain.load_state_dict(net.state_dict(), strict=False)
    added = net.ngram_embedding(tokens)
    plain.token_embedding.register_forward_hook(lambda module, inputs, output: output + added)
    plain.head = net.head
    torch.testing.assert_close(net(tokens), plain(tokens))


def test_without_ngrams_there_is_no_table(net):
    assert net.ngram_embedding is None
    assert set(GPT(**TINY, ngram=2).state_dict()) - set(net.state_dict()) == {
        "ngram_embedding.table.weight"
    }


def test_an_untied_head_has_weights_of_its_own(net):
    untied = GPT(**TINY, tied_head=False)
    assert untied.head.weight is not untied.token_embedding.weight
    sizes = [sum(p.numel() for p in gpt.parameters()) for gpt in (untied, net)]
    assert sizes[0] - sizes[1] == 50 * 32


@pytest.mark.parametrize("zero_init", [False, True])
def test_with_zero_init_the_blocks_start_as_the_identity(zero_init):
    net = GPT(**TINY, zero_init=zero_init)
    x = torch.randn(2, 16, 32, generator=torch.Generator().manual_seed(2))
    assert all(torch.equal(block(x), x) is zero_init for block in net.blocks)


def test_with_zero_init_an_untied_head_starts_with_zero_logits(tokens):
    net = GPT(**TINY, zero_init=True, tied_head=False)
    assert torch.equal(net(tokens), torch.zeros(3, 16, 50))


def test_zero_init_leaves_a_tied_head():
    assert GPT(**TINY, zero_init=True).head.weight.std().item() == pytest.approx(0.02, rel=0.1)


@OPTIONS
def test_the_head_reads_the_features(options, tokens):
    torch.manual_seed(0)
    net = GPT(**TINY, **options)
    assert torch.equal(net.head(net.features(tokens)), net(tokens))


def gradients(net, tokens):
    torch.manual_seed(5)  # of the dropout
    F.cross_entropy(net(tokens).flatten(0, 1), tokens.flatten()).backward()
    return {name: p.grad for name, p in net.named_parameters()}


@pytest.mark.parametrize("options", [{}, {"separator": 7}, {"positions": "rotary"}], ids=str)
def test_recomputed_blocks_have_the_same_gradients_bit_for_bit(options, tokens):
    nets = [GPT(**TINY, dropout=0.3, recompute=how, **options) for how in ("none", "block")]
    nets[1].load_state_dict(nets[0].state_dict())
    kept, recomputed = (gradients(net, tokens) for net in nets)
    assert all(torch.equal(recomputed[name], kept[name]) for name in kept)


@pytest.mark.parametrize(("recompute", "count"), [("none", 1), ("block", 2)])
def test_a_recomputed_block_runs_twice_in_a_step(recompute, count, tokens):
    net, runs = GPT(**TINY, recompute=recompute), []
    net.blocks[0].mlp.fc.register_forward_hook(lambda *_: runs.append(1))
    gradients(net, tokens)
    assert len(runs) == count


def test_blocks_are_not_recomputed_in_evaluation(tokens):
    net, runs = GPT(**TINY, recompute="block").eval(), []
    net.blocks[0].mlp.fc.register_forward_hook(lambda *_: runs.append(1))
    gradients(net, tokens)
    assert len(runs) == 1


DOCUMENTS = [[1, 2], [9, 5, 6, 7], [9], [9, 8, 2, 3, 4]]
"""A window's: the first began before it; each later one begins with its separator, 9."""
PACKED = torch.tensor([[1, 2, 9, 5, 6, 7, 9, 9, 8, 2, 3, 4]])


@pytest.mark.parametrize(
    "options",
    [{}, {"positions": "rotary"}, {"qk_norm": True}, {"norm": "rms"}, {"ngram": 3}],
    ids=str,
)
def test_each_document_of_a_packed_window_has_the_logits_that_it_has_alone(options):
    torch.manual_seed(0)
    net = GPT(**TINY, **options, separator=9, init_std=0.3)
    packed = net(PACKED)
    alone = torch.cat([net(torch.tensor([document])) for document in DOCUMENTS], dim=1)
    torch.testing.assert_close(packed, alone, rtol=0, atol=1e-5)


@given(st.lists(st.lists(st.integers(0, 8), max_size=6), min_size=1, max_size=5))
def test_any_packed_documents_have_the_logits_that_they_have_alone(documents):
    torch.manual_seed(0)
    net = GPT(**TINY | {"context": 40}, separator=9, init_std=0.3)
    begun = [[9, *document] for document in documents]
    packed = net(torch.tensor([[token for document in begun for token in document]]))
    alone = torch.cat([net(torch.tensor([document])) for document in begun], dim=1)
    torch.testing.assert_close(packed, alone, rtol=0, atol=1e-5)


def test_without_a_separator_documents_see_each_other():
    torch.manual_seed(0)
    net = GPT(**TINY, init_std=0.3)
    packed = net(PACKED)
    alone = torch.cat([net(torch.tensor([document])) for document in DOCUMENTS], dim=1)
    assert not torch.allclose(packed, alone, atol=1e-2)


def test_a_separator_that_no_window_has_changes_nothing(tokens):
    torch.manual_seed(0)
    plain = GPT(**TINY, init_std=0.3)
    separating = GPT(**TINY, separator=49)
    separating.load_state_dict(plain.state_dict())
    tokens = tokens.clamp(max=48)
    torch.testing.assert_close(separating(tokens), plain(tokens), rtol=0, atol=1e-5)


def test_without_a_separator_no_mask_is_made(net, tokens, monkeypatch):
    calls = []
    plain = F.scaled_dot_product_attention
    monkeypatch.setattr(
        F,
        "scaled_dot_product_attention",
        lambda *given, **options: calls.append(options) or plain(*given, **options),
    )
    net(tokens)
    assert [(call["attn_mask"], call["is_causal"]) for call in calls] == [(None, True)] * 2
