"""Nodes are made as Hydra's `instantiate` makes them."""

from functools import partial

import hydra
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import DictConfig, ListConfig, OmegaConf

from leyden.config.instantiate import has_node, is_node, make

HERE = __name__


class Got:
    """Keeps what it is given."""

    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs


class Other(Got):
    pass


def typed(
    pair: tuple[int, ...] = (),
    items: list[int] | None = None,
    options: dict[str, int] | None = None,
    cfg: DictConfig | None = None,
    several: ListConfig | None = None,
):
    return pair, items, options, cfg, several


def defaulted(pair=(1, 2), items=[1], options={}, nothing=None):  # noqa: B006
    return pair, items, options, nothing


def fails():
    raise ValueError("of my own")


@pytest.fixture(autouse=True)
def allowed(monkeypatch):
    monkeypatch.setenv("LEYDEN_PACKAGES", HERE)


def node(name="Got", **keys):
    return {"_target_": f"{HERE}.{name}", **keys}


def plain(value):
    """What was made, without regard to the kinds of containers."""
    if isinstance(value, Got):
        return type(value).__name__, plain(value.args), plain(value.kwargs)
    if isinstance(value, partial):
        return "partial", value.func.__name__, plain(value.args), plain(value.keywords)
    if isinstance(value, dict | DictConfig):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | ListConfig):
        return [plain(inner) for inner in value]
    return value


def both(content):
    """What is made here, and what Hydra makes."""
    cfg = OmegaConf.create(content)
    return make(cfg), hydra.utils.instantiate(cfg)


values = st.none() | st.booleans() | st.integers() | st.text("ab", max_size=3)


def nodes(inner):
    keys = st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    return st.builds(
        lambda keys, name, args, how: node(name, **keys, **args, **how),
        keys,
        st.sampled_from(["Got", "Other"]),
        st.sampled_from([{}]) | st.lists(inner, max_size=2).map(lambda a: {"_args_": a}),
        st.sampled_from([{}, {"_partial_": True}, {"_convert_": "all"}, {"_recursive_": False}]),
    )


content = st.recursive(
    values,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
        | nodes(inner)
    ),
    max_leaves=6,
)


@given(content=nodes(content))
def test_any_node_is_made_as_hydra_makes_it(content):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEYDEN_PACKAGES", HERE)
        ours, theirs = both(content)
    assert plain(ours) == plain(theirs)


CASES = {
    "nodes in nodes": node(a=node("Other", b=node(c=1))),
    "a list of nodes": node(layers=[node(a=1), node("Other")]),
    "nodes in a mapping": node(parts={"x": node(a=1), "y": {"z": node("Other")}}),
    "a partial in a node": node(make=node("Other", _partial_=True, a=1)),
    "a node in a partial": node(_partial_=True, a=node("Other")),
    "nodes as arguments": node(_args_=[node("Other"), 3, [node("Other")]]),
    "not recursive": node(_recursive_=False, a=node("Other", b=1), c=[node("Other")]),
    "not recursive within": node(a=node("Other", _recursive_=False, b=node(c=1))),
    "interpolations": node(a=3, b="${a}", c=node("Other", d="${..a}")),
}


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_made_as_hydra_makes_it(name):
    ours, theirs = both(CASES[name])
    assert plain(ours) == plain(theirs)


def test_a_partial_is_called_with_what_is_still_missing():
    made = make(OmegaConf.create(node(_partial_=True, a=1)))
    assert made(5, b=2).kwargs == {"a": 1, "b": 2}


def test_arguments_take_the_place_of_a_nodes_own():
    assert make(OmegaConf.create(node(a=1, b=2)), a=7).kwargs == {"a": 7, "b": 2}


@pytest.mark.parametrize("convert", ["none", "partial", "object", "all"])
def test_containers_are_converted_as_hydra_does(convert):
    ours, theirs = both(node(_convert_=convert, a=[1, [2]], b={"c": {"d": 1}}, e=node(f=1)))
    for key in ("a", "b"):
        assert type(ours.kwargs[key]) is type(theirs.kwargs[key])
    assert type(ours.kwargs["b"]["c"]) is type(theirs.kwargs["b"]["c"])
    assert type(ours.kwargs["a"][1]) is type(theirs.kwargs["a"][1])


def test_a_conversion_holds_for_the_nodes_within():
    ours, theirs = both(node(_convert_="all", a=node("Other", b={"c": 1})))
    assert type(ours.kwargs["a"].kwargs["b"]) is type(theirs.kwargs["a"].kwargs["b"]) is dict


def test_a_mapping_has_attributes_as_hydra_gives_it():
    assert make(OmegaConf.create(node(a={"b": {"c": 3}}))).kwargs["a"].b.c == 3


def test_a_mapping_in_a_list_has_attributes_as_hydra_gives_it():
    ours, theirs = both(node(blocks=[{"width": 3}]))
    assert theirs.kwargs["blocks"][0].width == 3
    assert ours.kwargs["blocks"][0].width == 3


def test_a_list_without_annotation_stays_a_list():
    made = make(OmegaConf.create(node(a=[1, 2])))
    assert type(made.kwargs["a"]) is list
    assert torch.nn.AdaptiveAvgPool2d(made.kwargs["a"])(torch.ones(1, 4, 4)).shape == (1, 1, 2)


def test_containers_are_what_annotations_say():
    keys = {"pair": [1, 2], "items": [1], "options": {"a": 1}, "cfg": {"a": 1}, "several": [1]}
    found = make(OmegaConf.create(node("typed", **keys)))
    assert [type(one) for one in found] == [tuple, list, dict, DictConfig, ListConfig]


def test_containers_without_annotation_are_what_defaults_are():
    keys = {"pair": [1, 2], "items": [1], "options": {"a": 1}, "nothing": {"a": 1}}
    found = make(OmegaConf.create(node("defaulted", **keys)))
    assert [type(one) for one in found] == [tuple, list, dict, DictConfig]


def test_leydens_own_get_tuples():
    made = make(
        OmegaConf.create(
            {"_target_": "torch.optim.Adam", "_partial_": True, "lr": 0.1, "betas": [0.8, 0.9]}
        )
    )
    assert made.keywords["betas"] == (0.8, 0.9)


def test_an_error_of_a_constructor_is_its_own():
    with pytest.raises(ValueError, match=r"^of my own$"):
        make(OmegaConf.create(node("fails")))


def test_a_target_within_that_is_not_allowed_is_refused():
    with pytest.raises(ValueError, match="not allowed"):
        make(OmegaConf.create(node(a=[{"b": {"_target_": "os.system"}}])))


@given(value=values)
def test_a_value_that_names_no_target_is_no_node(value):
    assert not is_node(value)
    assert not has_node({"a": [value, {"b": value}]})
    assert has_node({"a": [value, {"b": node()}]})
