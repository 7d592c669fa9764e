"""A few rounds of chaos; `make chaos` has many."""

import shutil
from itertools import count
from pathlib import Path

import pytest
from moments import COMMANDS as MOMENTS
from moments import give
from moments import rounds as killed_at_operations
from rounds import COMMANDS, FAMILIES, torment


def test_a_run_that_is_ended_now_and_then_ends_with_the_same_weights(tmp_path, warm):
    result = torment(warm, "mlp", rounds=3, seed=1, steps=40, folder=tmp_path)
    assert result.rounds == 3
    assert result.difference is None
    assert result.fallen_back == []


# A family's state is lost or kept by a run; the other commands start runs, whatever they hold.
PAIRS = [("run", family) for family in FAMILIES if family != "mlp"]  # which is above
PAIRS += [
    (command, family) for command, family in zip(COMMANDS, ["", *FAMILIES], strict=True) if family
]


@pytest.mark.slow
@pytest.mark.parametrize(("command", "family"), PAIRS)
def test_a_command_that_is_ended_often_comes_to_the_same(command, family, tmp_path, warm):
    result = torment(warm, family, command=command, rounds=2, seed=2, steps=40, folder=tmp_path)
    assert result.rounds == 2
    assert result.difference is None
    assert result.fallen_back == []


def test_a_run_that_is_killed_at_its_first_file_operations_can_be_begun_again(tmp_path, warm):
    count, wrong = killed_at_operations(warm, "run", tmp_path, every=3, most=22)
    assert count == 8
    assert wrong == []


EVERY = {"run": 13, "sweep": 19, "search": 23, "stacked": 13}
"""By how many operations they have: `make chaos` has every third."""


@pytest.mark.slow
@pytest.mark.parametrize("command", MOMENTS)
def test_a_command_that_is_killed_at_any_file_operation_comes_to_the_same(command, tmp_path, warm):
    count, wrong = killed_at_operations(warm, command, tmp_path, every=EVERY[command], most=1000)
    assert count > 3
    assert wrong == []


GPT = (
    *("train", "run_dir=it", "model=gpt", "data=stdlib_text", "model.width=16", "model.depth=1"),
    *("model.head_dim=16", "data.context=16", "data.batch_size=4", "data.max_bytes=20000"),
    *("trainer.max_steps=3", "trainer.log_every_n_steps=1", "trainer.accelerator=cpu"),
    *("callbacks.graph=null", "callbacks.samples=null", "baselines=null"),
)
VERBS = {
    "export": ("export", "it", "--format=hf", "--output=out"),
    "tokenize": ("tokenize", "text.txt", "--output=out"),
    "report": ("report", "it"),
}


STEPS = {"export": 5, "tokenize": 5, "report": 13}


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_that_is_killed_at_any_change_of_a_file_can_be_given_again(verb, tmp_path, warm):
    begun = tmp_path / "begun"
    begun.mkdir()
    assert give(warm, begun, MOMENTS["sweep"] if verb == "report" else GPT) == 0
    (begun / "text.txt").write_text("hello world\n" * 2000)
    before = hidden(begun)
    for number in count(1, step=STEPS[verb]):
        folder = shutil.copytree(begun, tmp_path / str(number))
        if give(warm, folder, VERBS[verb], number) == 0:
            break
        assert give(warm, folder, VERBS[verb]) == 0 or is_whole(folder / "out")
        assert hidden(folder) - before <= {Path("out/.lock")}
        shutil.rmtree(folder)
    assert number > 6


def hidden(folder):
    return {path.relative_to(folder) for path in folder.rglob(".*")}


def is_whole(folder):
    """Whether an export had its name already: then it is refused to write another one there."""
    return (folder / "model.safetensors").exists()
