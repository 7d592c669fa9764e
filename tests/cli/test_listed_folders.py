"""Which runs `leyden runs` lists, and how the others are found."""

TINY = ("data=blobs", "model=mlp", "model.width=4", "trainer=smoke", "logger=null")
NOTE = "not listed: mine, which run_dir put there; leyden runs . lists all"


def test_a_run_beside_outputs_is_told_with_what_lists_it(leyden, tmp_path):
    assert leyden("train", *TINY, "run_dir=mine", "baselines=null").status == 0
    without = leyden("runs")
    assert without.status == 2
    assert "FOLDER=outputs: there is no such folder" in without.err
    assert NOTE in without.err
    (tmp_path / "outputs").mkdir()
    empty = leyden("runs")
    assert NOTE in empty.err
    assert "mine" not in empty.out
    for folder in (".", "mine"):
        found = leyden("runs", folder)
        assert "completed" in found.out
        assert "not listed" not in found.err
