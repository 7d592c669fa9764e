"""`trainer=profile` says where a step's time goes."""

import json

import pytest


@pytest.fixture
def profiled(leyden):
    return leyden("train", "trainer=profile", "optimizer=adamw", "callbacks.graph=null")


def shares(text):
    """The parts of a step, in percent."""
    lines = text.partition("where a step's time goes")[2].partition("largest operations")[0]
    pairs = [line.rsplit(maxsplit=1) for line in lines.splitlines()[1:] if line.strip()]
    return {name.strip(): float(share.rstrip("%")) for name, share in pairs}


def test_the_parts_of_a_step_make_the_whole(profiled):
    assert profiled.status == 0
    found = shares(profiled.err)
    assert {"data", "forward", "backward", "clipping", "optimizer"} < found.keys()
    assert sum(found.values()) == pytest.approx(100, abs=1)
    assert all(share >= 0 for share in found.values())


def test_the_trace_has_every_part_of_every_step_that_was_watched(profiled):
    events = json.loads((profiled.folder / "trace.json").read_text())["traceEvents"]
    spans = [one for one in events if one.get("cat") == "user_annotation"]
    forward, backward = (
        [one for one in spans if one["name"] == name] for name in ("forward", "backward")
    )
    assert len(forward) == len(backward) == 17  # to the end of the first epoch of 22
    pairs = zip(forward, backward, strict=True)
    assert all(one["ts"] + one["dur"] <= two["ts"] for one, two in pairs)
