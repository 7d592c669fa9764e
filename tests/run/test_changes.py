from pathlib import Path

from omegaconf import OmegaConf

from leyden.run.changes import (
    changed_keys,
    code_changes,
    code_digests,
    config_changes,
    leaves,
    read_code,
    save_code,
)


def test_a_key_that_only_one_has_is_different_even_if_it_is_none():
    assert changed_keys({"a": 1, "b": 2, "c": None}, {"a": 1, "b": 3, "d": 4}) == ["b", "c", "d"]


def test_leaves_have_their_full_keys():
    node = {"a": {"b": 1, "c": {}}, "d": [1, {"e": 2}]}
    assert dict(leaves(node)) == {"a.b": 1, "a.c": {}, "d": [1, {"e": 2}]}


def test_a_change_says_both_values_and_since_when():
    before, now = (OmegaConf.create({"model": {"width": width}}) for width in (8, 16))
    (change,) = config_changes(before, now, since="the run began")
    assert str(change) == "model.width=16: was 8 when the run began"


def test_a_volatile_key_is_no_change():
    before, now = (OmegaConf.create({"run_dir": name, "seed": 0}) for name in ("a", "b"))
    assert config_changes(before, now, since="the run began") == []


def test_code_that_was_kept_is_read_back(tmp_path):
    save_code(tmp_path)
    assert read_code(tmp_path) == code_digests()
    assert code_changes(tmp_path, since="the run began") == []


def test_a_changed_file_of_the_users_is_named(tmp_path, user_package):
    user_package("mine_to_change", "x = 1\n")
    save_code(tmp_path)
    Path("mine_to_change.py").write_text("x = 2\n")
    (change,) = code_changes(tmp_path, since="the run began")
    assert str(change) == "mine_to_change.py: has changed since the run began"


def test_a_folder_without_a_note_has_no_changes(tmp_path):
    assert read_code(tmp_path) is None
    assert code_changes(tmp_path, since="the run began") == []
