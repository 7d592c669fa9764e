"""The short names under which tables show a run."""

from omegaconf import OmegaConf

from leyden.run.hyperparameters import short_hyperparameters, short_names

CFG = OmegaConf.create(
    {
        "seed": 3,
        "model": {"width": 8, "depth": 2, "activation": "relu", "sizes": [4, 2]},
        "data": {"batch_size": 4},
        "optimizer": {"lr": 0.1, "betas": [0.9, 0.95]},
        "scheduler": {"warmup_steps": None},
        "trainer": {"precision": "32-true", "max_steps": None},
    }
)
CHOICES = {"model": "mlp", "data": "digits", "optimizer": "adamw", "scheduler": "cosine"}
ALWAYS = {**CHOICES, "seed": 3, "width": 8, "depth": 2, "batch_size": 4, "lr": 0.1} | {
    "precision": "32-true"
}


def values(overrides, swept=None):
    return short_hyperparameters(CFG, CHOICES, overrides, swept).values


def test_options_sizes_and_rates_are_always_shown():
    assert values([]) == ALWAYS


def test_what_the_user_set_is_shown_too():
    assert values(["model=mlp", "model.activation=relu"]) == {**ALWAYS, "activation": "relu"}


def test_what_is_off_is_left_out():
    assert "warmup_steps" not in values(["scheduler.warmup_steps=null"])


def test_where_a_run_lies_is_left_out():
    assert values(["run_dir=outputs/mine", "name=mine"]) == ALWAYS


def test_what_is_swept_comes_first_and_then_what_was_typed():
    swept = {"optimizer": ["sgd", "adamw"], "optimizer.lr": ["0.1", "1"]}
    found = short_hyperparameters(CFG, CHOICES, ["model.activation=relu"], swept)
    assert [*found.values][:2] == ["optimizer", "lr"]
    assert found.chosen == {"optimizer": ["sgd", "adamw"], "lr": [0.1, 1.0]}
    assert found.values == {**ALWAYS, "activation": "relu"}


def test_of_a_run_that_is_no_job_what_was_typed_comes_first():
    found = short_hyperparameters(CFG, CHOICES, ["model.activation=relu", "seed=3"])
    assert [*found.values][:2] == ["activation", "seed"]
    assert [*found.chosen] == ["activation", "seed"]


def test_a_swept_list_is_shown_as_text():
    assert values([], {"model.sizes": ["[4, 2]", "[4]"]})["sizes"] == "[4, 2]"


def test_a_swept_null_is_no_text_among_numbers():
    swept = {"scheduler.warmup_steps": ["null", "100"]}
    found = short_hyperparameters(CFG, CHOICES, [], swept)
    assert found.chosen == {"warmup_steps": [100.0]}
    assert "warmup_steps" not in found.values


def test_keys_with_the_same_end_keep_their_whole_names():
    assert short_names(["model.dropout", "data.dropout", "seed"]) == {
        "model.dropout": "model.dropout",
        "data.dropout": "data.dropout",
        "seed": "seed",
    }
