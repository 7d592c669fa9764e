"""A few rounds of chaos; `make chaos` has many."""

import pytest
from moments import COMMANDS as MOMENTS
from moments import rounds as killed_at_operations
from rounds import COMMANDS, FAMILIES, torment


def test_a_run_that_is_ended_now_and_then_ends_with_the_same_weights(tmp_path):
    result = torment("mlp", rounds=3, seed=1, steps=40, folder=tmp_path)
    assert result.rounds == 3
    assert result.found == result.expected
    assert result.fallen_back == []


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_ended_often_comes_to_the_same(command, family, tmp_path):
    result = torment(family, command=command, rounds=3, seed=2, steps=40, folder=tmp_path)
    assert result.rounds == 3
    assert result.found == result.expected
    assert result.fallen_back == []


def test_a_run_that_is_killed_at_its_first_file_operations_can_be_begun_again(tmp_path):
    count, wrong = killed_at_operations("run", tmp_path, every=3, most=22)
    assert count == 8
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("command", MOMENTS)
def test_a_command_that_is_killed_at_any_file_operation_comes_to_the_same(command, tmp_path):
    count, wrong = killed_at_operations(command, tmp_path, every=6, most=1000)
    assert count > 6
    assert wrong == []
