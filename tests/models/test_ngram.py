import pytest
import torch

from leyden.models.attention import KeyValueCache
from leyden.models.ngram import NgramEmbedding
from leyden.optim import hidden_matrices


def embedding(*, vocab_size=5, longest=3, num_rows=11, width=4):
    torch.manual_seed(0)
    return NgramEmbedding(vocab_size=vocab_size, longest=longest, num_rows=num_rows, width=width)


def cache(batch_size):
    return KeyValueCache(
        depth=1,
        batch_size=batch_size,
        num_heads=1,
        context=8,
        head_dim=2,
        device=torch.device("cpu"),
        dtype=torch.float32,
    )


def test_each_token_gets_the_sum_of_its_ngrams_rows():
    net = embedding()
    pairs, triples = net.table.weight[:11], net.table.weight[11:]
    # In base 6 the digits are the token, then those before it plus one; 0 where there is none.
    expected = [
        pairs[(2 * 6 + 0) % 11] + triples[(2 * 36 + 0 * 6 + 0) % 11],
        pairs[(4 * 6 + 3) % 11] + triples[(4 * 36 + 3 * 6 + 0) % 11],
        pairs[(0 * 6 + 5) % 11] + triples[(0 * 36 + 5 * 6 + 3) % 11],
        pairs[(1 * 6 + 1) % 11] + triples[(1 * 36 + 1 * 6 + 5) % 11],
    ]
    torch.testing.assert_close(net(torch.tensor([[2, 4, 0, 1]]))[0], torch.stack(expected))


def test_with_enough_rows_each_pair_has_its_own():
    net = embedding(longest=2, num_rows=5 * 6)
    pairs = torch.cartesian_prod(torch.arange(5), torch.arange(5))
    vectors = net(pairs)[:, 1]
    assert len(vectors.unique(dim=0)) == 25


def test_a_row_shorter_than_the_ngrams_is_read_like_the_start_of_a_longer_one():
    net = embedding(longest=4)
    tokens = torch.tensor([[3, 1, 4, 0]])
    torch.testing.assert_close(net(tokens[:, :1]), net(tokens)[:, :1])


def test_ngrams_do_not_cross_the_start_of_a_document():
    net = embedding()
    first, second = torch.tensor([[1, 2, 3]]), torch.tensor([[4, 0]])
    together = net(torch.cat([first, second], dim=1), torch.tensor([[0, 1, 2, 0, 1]]))
    torch.testing.assert_close(together, torch.cat([net(first), net(second)], dim=1))


@pytest.mark.parametrize("split", [1, 2, 3])
def test_what_a_cache_holds_comes_before_the_new_tokens(split):
    net, kept = embedding(), cache(2)
    tokens = torch.randint(5, (2, 6), generator=torch.Generator().manual_seed(1))
    seen = []
    for part in (tokens[:, :split], tokens[:, split:]):
        kept.keep_tokens(part)
        seen.append(net(part, kept.next_slots(part.shape[1]), kept))
        kept.advance(torch.full((2,), part.shape[1]))
    torch.testing.assert_close(torch.cat(seen, dim=1), net(tokens))


def test_the_table_is_an_embedding_for_optimizers():
    assert hidden_matrices(embedding()) == []
