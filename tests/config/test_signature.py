"""What is read from signatures that others wrote."""

from typing import TYPE_CHECKING, Annotated, Any

import pytest
from annotated_types import Gt
from pytorch_lightning.loggers import WandbLogger

from leyden.config.hints import misfit
from leyden.config.signature import Parameter, parameters_of

if TYPE_CHECKING:
    from nowhere import Thing


def with_hidden_names(width: "Thing", depth: "int" = 2, kind: "list[Thing] | None" = None): ...
def with_broken_text(width: "1 +", depth: "int" = 2): ...
def with_failing_hint(width: "1 / 0", depth: "int" = 2): ...
def with_no_hints(width, depth=2): ...


class WithAnotherSelf:
    def __init__(this, width: Annotated[int, Gt(0)], /, self: int, *, depth: int = 2) -> None: ...  # noqa: N805


class PassesOn(WithAnotherSelf):
    def __init__(self, first: int, **others: "Thing") -> None: ...


class Silent:
    __init__ = dict.__init__


@pytest.mark.parametrize(
    "function", [with_hidden_names, with_broken_text, with_failing_hint, with_no_hints]
)
def test_a_hint_that_cannot_be_resolved_is_any_and_the_others_stay(function):
    found = parameters_of(function)
    assert found["width"] == Parameter(Any, required=True)
    depth = Any if function is with_no_hints else int
    assert found["depth"] == Parameter(depth, required=False)


def test_the_first_parameter_of_a_constructor_is_its_object_whatever_it_is_called():
    found = parameters_of(WithAnotherSelf)
    assert found == {"self": Parameter(int, True), "depth": Parameter(int, False)}


def test_parameters_of_the_next_class_are_those_that_are_passed_on():
    assert parameters_of(PassesOn).keys() == {"first", "self", "depth"}


def test_a_constructor_that_shows_no_signature_has_no_named_parameters():
    assert parameters_of(Silent) == {}


def test_a_logger_whose_hints_only_type_checkers_import_can_be_read():
    found = parameters_of(WandbLogger)
    assert found["experiment"].hint is Any
    assert misfit("mine", found["project"].hint) is None
    assert misfit(3, found["project"].hint) is not None
