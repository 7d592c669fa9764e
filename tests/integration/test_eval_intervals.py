"""`leyden eval` prints the intervals that the run has recorded."""

import json

from leyden.formatting import format_number


def test_a_metric_has_the_interval_that_the_run_recorded(leyden):
    words = ("data=blobs", "model=mlp", "model.width=4", "trainer=smoke", "logger=null")
    folder = leyden("train", *words, "baselines=null").folder
    intervals = json.loads((folder / "run.json").read_text())["intervals"]
    lines = leyden("eval", str(folder)).out.splitlines()
    assert lines[0].split(maxsplit=2) == ["metric", "value", "95 % interval"]
    printed = {line.split()[0]: " ".join(line.split()[2:]) for line in lines[1:]}
    assert {name for name, shown in printed.items() if shown} == intervals.keys() & printed.keys()
    assert "test/acc" in intervals
    for name in intervals.keys() & printed.keys():
        assert printed[name] == " to ".join(map(format_number, intervals[name]))
