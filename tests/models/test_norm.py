import pytest
import torch
from torch import nn

from leyden.models.layers import conv_norm

SIZES = pytest.mark.parametrize("size", [(5,), (5, 3)])


def maps(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def standardised(x, dims):
    centred = x - x.mean(dims, keepdim=True)
    return centred / (centred.square().mean(dims, keepdim=True) + 1e-5).sqrt()


def test_none_leaves_the_maps():
    assert isinstance(conv_norm("none", 4), nn.Identity)


@SIZES
def test_batch_norm_standardises_each_channel_over_batch_and_map(size):
    x = maps(4, 6, *size)
    dims = [0, *range(2, x.ndim)]
    torch.testing.assert_close(conv_norm("batch", 6, num_dims=len(size))(x), standardised(x, dims))


@SIZES
def test_group_norm_standardises_each_sample_over_a_group_of_channels(size):
    x = maps(4, 64, *size)  # 4 groups of 16
    grouped = x.view(4, 4, -1)
    normed = conv_norm("group", 64, num_dims=len(size))(x)
    torch.testing.assert_close(normed, standardised(grouped, [2]).view_as(x))


@pytest.mark.parametrize(
    ("channels", "groups"), [(512, 32), (64, 4), (48, 3), (40, 2), (33, 1), (10, 1), (1, 1)]
)
def test_a_group_has_sixteen_channels_or_more_where_there_are_so_many(channels, groups):
    assert conv_norm("group", channels).num_groups == groups


def test_group_norm_of_a_map_of_one_place_keeps_what_channels_say():
    x = maps(6, 8, 1, 1)
    assert conv_norm("group", 8)(x).std(dim=0).min() > 0.1


@pytest.mark.parametrize(("name", "changes"), [("batch", True), ("group", False)])
def test_only_batch_norm_changes_in_evaluation(name, changes):
    norm, x = conv_norm(name, 6), maps(4, 6, 5, 5)
    assert torch.allclose(norm(x), norm.eval()(x)) is not changes
