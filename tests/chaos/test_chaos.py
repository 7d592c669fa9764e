"""A few rounds of chaos; `make chaos` has many."""

import pytest
from rounds import FAMILIES, torment


def test_a_run_that_is_killed_now_and_then_ends_with_the_same_weights(tmp_path):
    result = torment("mlp", rounds=3, seed=1, steps=40, folder=tmp_path)
    assert result.rounds == 3
    assert result.found == result.expected
    assert result.fallen_back == []


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_a_run_that_is_killed_often_ends_with_the_same_weights(family, tmp_path):
    result = torment(family, rounds=8, seed=2, steps=60, folder=tmp_path)
    assert result.rounds == 8
    assert result.found == result.expected
    assert result.fallen_back == []
