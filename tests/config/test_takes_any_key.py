"""Whether a target takes keys that its signature does not name."""

import pytest

from leyden.config.signature import takes_any_key


def closed(width=1): ...
def opened(width=1, **others): ...


class Closed:
    def __init__(self, width=1): ...


class Opened:
    def __init__(self, width=1, **others): ...


class OpenedAboveClosed(Closed):
    def __init__(self, **others): ...


class OpenedAboveOpened(Opened):
    def __init__(self, depth=1, **others): ...


class ClosedAboveOpened(Opened):
    def __init__(self, depth=1): ...


class Inherits(Opened):
    pass


class TwiceAboveClosed(OpenedAboveClosed):
    def __init__(self, more=1, **others): ...


class AboveObject:
    def __init__(self, **others): ...


class InheritsAboveObject(AboveObject):
    pass


class Bare:
    pass


@pytest.mark.parametrize(
    ("target", "takes"),
    [
        (closed, False),
        (opened, True),
        (Closed, False),
        (Opened, True),
        (OpenedAboveClosed, False),
        (OpenedAboveOpened, True),
        (ClosedAboveOpened, False),
        (Inherits, True),
        (TwiceAboveClosed, False),
        (AboveObject, True),
        (Bare, False),
    ],
)
def test_a_target_takes_any_key_by_kwargs_that_no_base_class_names(target, takes):
    assert takes_any_key(target) == takes


def test_a_class_takes_the_keys_that_its_inherited_constructor_takes():
    InheritsAboveObject(nobody_has_named_this=1)
    assert takes_any_key(InheritsAboveObject)


@pytest.mark.parametrize("target", [Opened, opened])
def test_one_that_is_said_to_take_any_key_can_be_called_with_one(target):
    assert takes_any_key(target)
    target(nobody_has_named_this=1)
