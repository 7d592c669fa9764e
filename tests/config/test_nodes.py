"""Keys of nodes are checked at any depth, with the key that was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytorch_lightning import LightningModule

from leyden.config.nodes import NESTED, check_node, is_open, unchecked_keys
from leyden.config.targets import find_target

HERE = __name__


class Part:
    def __init__(self, width: int, depth: int = 2, inner=None):
        pass


class Open:
    def __init__(self, width: int = 1, **others):
        pass


class PassesOn(Part):
    def __init__(self, name: str = "a", **others):
        super().__init__(**others)


class Module(LightningModule):
    def __init__(self, net: Part, lr: float = 0.1, parts=None, optimizer=None):
        super().__init__()


@pytest.fixture(autouse=True)
def allowed(monkeypatch):
    monkeypatch.setenv("LEYDEN_PACKAGES", HERE)


def node(name="Part", **keys):
    return {"_target_": f"{HERE}.{name}", **keys}


def said(content, group="model"):
    """Problems as texts, by key."""
    return {one.key: one.message for one in check_node("model", content, group)}


def module(**keys):
    return node("Module", **{"net": node(width=3), **keys})


def test_a_right_node_has_no_problem():
    assert said(module(lr=0.3, parts=[node(width=1, inner=node(width=2))])) == {}


@pytest.mark.parametrize(
    ("content", "key", "meant"),
    [
        (module(lrr=0.3), "model.lrr", "model.lr"),
        (module(net=node(width=1, dept=2)), "model.net.dept", "model.net.depth"),
        (
            module(parts=[node(width=1), {"a": node(width=1, dpth=2)}]),
            "model.parts[1].a.dpth",
            "model.parts[1].a.depth",
        ),
        (
            module(net=node(width=1, inner=node(width=1, inner=node(widht=3, width=3)))),
            "model.net.inner.inner.widht",
            "model.net.inner.inner.width",
        ),
        (
            module(parts=node("Open", _args_=[node(width=1, detph=2)])),
            "model.parts._args_[0].detph",
            "model.parts._args_[0].depth",
        ),
        (module(net=node("PassesOn", width=1, nme="b")), "model.net.nme", "model.net.name"),
    ],
)
def test_a_misspelt_key_is_named_with_the_right_one(content, key, meant):
    found = said(content)
    assert found.keys() == {key}
    assert f"did you mean `{meant}`?" in found[key]


@given(depth=st.integers(0, 5))
def test_a_misspelt_key_is_found_at_any_depth(depth):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEYDEN_PACKAGES", HERE)
        content = node(width=1, dpeth=2)
        for _ in range(depth):
            content = node(width=1, inner=[content])
        found = said(module(parts=content))
    assert found.keys() == {"model.parts" + ".inner[0]" * depth + ".dpeth"}


def test_a_value_of_the_wrong_type_is_named_at_depth():
    assert said(module(net=node(width="wide"))).keys() == {"model.net.width"}


def test_a_required_key_is_asked_for_at_depth():
    assert said(module(net=node(depth=1))) == {"model.net.width": "must be given in model.net"}


@pytest.mark.parametrize("how", [{"_partial_": True}, {"_args_": [3]}])
def test_a_required_key_may_come_by_other_ways(how):
    assert said(module(net=node(**how))) == {}


def test_a_target_that_is_not_there_is_named_at_depth():
    found = said(module(net=node("Prt", width=1)))
    assert found.keys() == {"model.net._target_"}
    assert "Part" in found["model.net._target_"]


@pytest.mark.parametrize(
    ("marker", "value", "words"),
    [
        ("_partial_", "yes", "must be true or false"),
        ("_partial_", None, "must be true or false"),
        ("_recursive_", 1, "must be true or false"),
        ("_args_", 3, "must be a list"),
        ("_args_", {"a": 1}, "must be a list"),
        ("_convert_", "al", "must be one of none, partial, object, all"),
        ("_convert_", True, "must be one of"),
        ("_convert_", ["all"], "must be one of"),
    ],
)
def test_a_marker_of_the_wrong_type_is_a_problem_of_its_own(marker, value, words):
    found = said(module(net=node(**{"width": 1, marker: value})))
    assert words in found[f"model.net.{marker}"]
    assert found.keys() == {f"model.net.{marker}"}


@pytest.mark.parametrize(
    "markers",
    [{"_partial_": False, "_recursive_": True}, {"_convert_": "all"}, {"_args_": []}],
)
def test_right_markers_are_no_keys(markers):
    assert said(module(net=node(width=1, **markers))) == {}


def test_a_class_that_takes_any_key_has_those_that_it_names_checked():
    assert said(module(net=node("Open", whatever=1, width="wide"))).keys() == {"model.net.width"}


def test_a_key_that_nobody_checks_is_told():
    content = module(net=node("Open", whatever=1), parts=[node("Open", width=1, more=2)])
    notes = list(unchecked_keys("model", content))
    assert [note.split()[1] for note in notes] == ["model.net.whatever", "model.parts[0].more"]
    assert "passed to Open unchecked" in notes[0]


def test_of_a_class_that_passes_keys_on_all_are_known():
    assert list(unchecked_keys("model", node("PassesOn", width=1))) == []
    assert not is_open(find_target(f"{HERE}.PassesOn"))
    assert is_open(find_target(f"{HERE}.Open"))


@pytest.mark.parametrize("content", [3, "a", [node(width=1)], {"width": 1}, None])
def test_what_is_no_node_is_refused_where_one_is_needed(content):
    assert said(content) == {"model": "must be a mapping with a `_target_`"}


def test_a_nested_node_needs_no_base_class():
    assert said(node(width=1), NESTED) == {}
    assert said(node(width=1), "model").keys() == {"model._target_"}


def test_several_problems_are_all_told():
    content = module(lrr=1, net=node(width="a", dpth=1, _partial_=3))
    assert said(content).keys() == {
        "model.lrr",
        "model.net.width",
        "model.net.dpth",
        "model.net._partial_",
    }


def test_a_node_is_taken_in_the_place_of_a_value():
    assert said(module(lr=node(width=1))) == {}


def made_datasets(size: int = 3):
    return []


def test_a_function_that_makes_datasets_takes_the_keys_of_their_loaders_too():
    assert said(node("made_datasets", batch_size=3, num_workers=1, size=2), "data") == {}
    found = said(node("made_datasets", batch_sise=3), "data")
    assert "`model.batch_size`" in found["model.batch_sise"]
    assert said(node("made_datasets", batch_size=0), "data").keys() == {"model.batch_size"}


def test_what_is_passed_as_datasets_is_no_key_of_a_function():
    assert said(node("made_datasets", val=1), "data").keys() == {"model.val"}
