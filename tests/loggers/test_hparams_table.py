"""The records of TensorBoard's HPARAMS tab."""

import pytest
from tensorboard.plugins.hparams import metadata

from leyden.loggers.hparams_table import columns_record, end_record, in_order, start_record


def content_of(summary):
    (value,) = summary.value
    return value.tag, value.metadata.plugin_data.content


def columns(first, others=None, metrics=()):
    _, content = content_of(columns_record(first, others or {}, metrics))
    return metadata.parse_experiment_plugin_data(content)


def test_what_was_chosen_is_marked_as_differing_and_the_rest_is_not():
    found = columns({"optimizer": ["sgd", "adamw"]}, {"optimizer": "sgd", "lr": 0.1})
    assert [(info.name, info.differs) for info in found.hparam_infos] == [
        ("optimizer", True),
        ("lr", False),
    ]


@pytest.mark.parametrize(
    ("values", "kind", "options"),
    [
        ([0.1, 1], 3, []),
        ([True, False], 2, [False, True]),
        (["mlp", "cnn", "mlp"], 1, ["mlp", "cnn"]),
        ([1, "auto"], 1, ["1", "auto"]),
        (["mlp"], 1, []),  # another run may have another
    ],
)
def test_a_column_has_the_type_of_all_its_values(values, kind, options):
    (info,) = columns({"one": values}).hparam_infos
    assert info.type == kind
    assert list(info.domain_discrete) == options


def test_a_name_without_any_value_has_no_column():
    assert not columns({"warmup_steps": []}).hparam_infos


def test_numbers_stay_numbers_in_a_row():
    tag, content = content_of(start_record({"lr": 0.1, "width": 8, "flip": True, "model": "mlp"}))
    row = metadata.parse_session_start_info_plugin_data(content).hparams
    assert tag == metadata.SESSION_START_INFO_TAG
    assert (row["lr"].number_value, row["width"].number_value) == (0.1, 8)
    assert row["flip"].bool_value
    assert row["model"].string_value == "mlp"


def test_an_end_says_success():
    _, content = content_of(end_record())
    assert metadata.parse_session_end_info_plugin_data(content).status == 1


def test_the_five_metrics_that_tensorboard_ticks_are_those_compared_first():
    names = [f"{part}/{name}" for part in ("val", "test") for name in ("loss", "f1", "acc")]
    order = in_order(names, "val/loss")
    assert order[:5] == ["best/val_loss", "test/acc", "test/loss", "val/acc", "val/loss"]
    assert sorted(order[1:]) == sorted(names)
