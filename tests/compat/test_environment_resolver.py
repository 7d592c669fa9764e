"""The resolver gives what OmegaConf's gives, and notes what it has read in the context alone."""

import contextvars

import pytest
from omegaconf import OmegaConf
from omegaconf.errors import InterpolationResolutionError
from omegaconf.resolvers import oc

from leyden.compat.environment_resolver import names_for_values, read_names, register


def in_a_context(function):
    return contextvars.Context().run(function)


@pytest.fixture(autouse=True)
def resolver(monkeypatch):
    register()
    monkeypatch.setenv("MINE", "secret value")
    monkeypatch.delenv("ABSENT", raising=False)


@pytest.mark.parametrize("text", ["${oc.env:MINE}", "${oc.env:ABSENT,3}", "${oc.env:ABSENT,null}"])
def test_the_value_is_omegaconfs(text):
    ours = OmegaConf.create({"a": text}).a
    OmegaConf.register_new_resolver("oc.env", oc.env, replace=True)
    assert ours == OmegaConf.create({"a": text}).a


def test_a_variable_that_is_not_there_is_an_error():
    with pytest.raises(InterpolationResolutionError, match="ABSENT"):
        str(OmegaConf.create({"a": "${oc.env:ABSENT}"}).a)


def test_what_was_read_is_known_in_the_context_alone():
    cfg = OmegaConf.create({"name": "MINE", "a": "${oc.env:${name}}", "b": "${oc.env:ABSENT,x}"})

    def read():
        assert (cfg.a, cfg.b) == ("secret value", "x")
        return read_names()

    assert in_a_context(read) == {"MINE"}
    assert in_a_context(read_names) == frozenset()


def test_within_the_block_names_stand_for_values():
    cfg = OmegaConf.create({"a": "key ${oc.env:MINE}"})
    with names_for_values():
        assert cfg.a == "key @oc.env@MINE@"
    assert cfg.a == "key secret value"
