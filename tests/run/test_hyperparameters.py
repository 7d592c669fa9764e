"""The short names under which tables show a run."""

from omegaconf import OmegaConf

from leyden.run.hyperparameters import short_hyperparameters

CFG = OmegaConf.create(
    {
        "seed": 3,
        "model": {"width": 8, "depth": 2, "activation": "relu"},
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


def test_options_sizes_and_rates_are_always_shown():
    assert short_hyperparameters(CFG, CHOICES, []) == ALWAYS


def test_what_the_user_set_is_shown_too():
    shown = short_hyperparameters(CFG, CHOICES, ["model=mlp", "model.activation=relu"])
    assert shown == {**ALWAYS, "activation": "relu"}


def test_what_is_off_is_left_out():
    assert "warmup_steps" not in short_hyperparameters(
        CFG, CHOICES, ["scheduler.warmup_steps=null"]
    )
