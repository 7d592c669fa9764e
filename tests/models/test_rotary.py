import pytest
import torch

from leyden.models.attention import Rotary


def vectors(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_pairs_turn_like_complex_numbers_at_the_papers_frequencies():
    x = vectors(2, 3, 16, 8)
    angles = torch.arange(16.0)[:, None] * torch.tensor([1.0, 0.1, 0.01, 0.001])  # 10000^(-2i/8)
    turned = torch.complex(x[..., :4], x[..., 4:]) * torch.polar(torch.ones(16, 4), angles)
    expected = torch.cat([turned.real, turned.imag], dim=-1)
    torch.testing.assert_close(Rotary(8, 16)(x), expected)


def test_the_product_of_a_query_and_a_key_depends_on_their_distance_alone():
    rotary = Rotary(8, 32)
    q, k = (rotary(vectors(1, 1, 1, 8, seed=i).expand(1, 1, 32, 8))[0, 0] for i in (1, 2))
    products = q @ k.T
    torch.testing.assert_close(products[1:, 1:], products[:-1, :-1], rtol=0, atol=1e-5)
    assert not torch.allclose(products[0, 0], products[0, 1:], atol=1e-3)


def test_the_first_position_is_not_turned():
    x = vectors(2, 3, 16, 8)
    assert torch.equal(Rotary(8, 16)(x)[:, :, 0], x[:, :, 0])


def test_norms_are_kept():
    x = vectors(2, 3, 16, 8)
    torch.testing.assert_close(Rotary(8, 16)(x).norm(dim=-1), x.norm(dim=-1))


def test_a_shorter_sequence_is_turned_like_the_start_of_a_longer_one():
    rotary, x = Rotary(8, 16), vectors(2, 3, 16, 8)
    assert torch.equal(rotary(x[:, :, :5]), rotary(x)[:, :, :5])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_the_precision_of_the_vectors_is_kept(dtype):
    assert Rotary(8, 16)(vectors(1, 1, 16, 8).to(dtype)).dtype == dtype


def test_heads_of_odd_size_are_an_error():
    with pytest.raises(ValueError, match="heads of 7 are of odd size"):
        Rotary(7, 16)


def test_no_table_is_saved():
    assert Rotary(8, 16).state_dict() == {}
