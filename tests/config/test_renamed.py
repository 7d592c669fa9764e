"""Keys and targets of earlier versions are read, with a word, and make no other config."""

import pytest
from omegaconf import OmegaConf

from leyden.config.compose import compose_request
from leyden.config.identity import config_digest
from leyden.config.renamed import KEYS, TARGETS, rename_keys
from leyden.config.request import Request
from leyden.config.targets import find_target


def job(*words):
    (only,) = compose_request(Request(words)).jobs
    return only


def test_a_key_of_before_is_the_key_of_today_and_a_note_says_so():
    before, now = job("trainer.may_stand_in=true"), job("trainer.allow_synthetic=true")
    assert before.cfg == now.cfg
    assert before.notes == ("note: trainer.may_stand_in is called trainer.allow_synthetic now",)
    assert config_digest(before.cfg) == config_digest(now.cfg)


def test_an_option_of_the_users_own_may_have_the_keys_of_before(tmp_path):
    (tmp_path / "mine" / "trainer").mkdir(parents=True)
    text = "defaults: [default]\ninsist: {max_epochs: 3}\nmay_stand_in: true\n"
    (tmp_path / "mine" / "trainer" / "own.yaml").write_text(text)
    (own,) = compose_request(Request(("trainer=own",), config_dir=tmp_path / "mine")).jobs
    assert own.cfg.trainer.max_epochs == 3
    assert own.cfg.trainer.allow_synthetic is True
    assert "insist" not in own.cfg.trainer


def test_a_digest_does_not_change_with_a_name():
    cfg = job("data=csv", "data.path=x", "data.target=y").cfg
    old = cfg.copy()
    OmegaConf.set_struct(old, False)
    old.data._target_ = "leyden.data.csv_table.CSVTable"
    old.trainer.may_stand_in = old.trainer.pop("allow_synthetic")
    assert config_digest(old) == config_digest(cfg)
    rename_keys(old)
    assert old.trainer == cfg.trainer


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_of_before_is_the_class_of_today(target):
    assert find_target(target) is find_target(TARGETS[target])


def test_no_name_leads_to_another_former_name():
    for names in (KEYS, TARGETS):
        assert not names.keys() & set(names.values())
