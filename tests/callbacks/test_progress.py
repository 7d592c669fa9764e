"""How far a run is, in lines where there is no terminal."""

import re

import pytest

VALIDATIONS = {
    "after each epoch": (),
    "four times an epoch": ("trainer.val_check_interval=0.25",),
    "three times an epoch": ("trainer.val_check_interval=0.34",),
    "every five steps": ("trainer.val_check_interval=5",),
    "across epochs": ("trainer.val_check_interval=15", "trainer.check_val_every_n_epoch=null"),
    "every second epoch": ("trainer.check_val_every_n_epoch=2",),
    "never": ("trainer.limit_val_batches=0", "callbacks.best=null"),
}
SMALL = (
    *("model.width=8", "optimizer=sgd", "trainer.accelerator=cpu", "logger.tensorboard=null"),
    *("callbacks.graph=null", "callbacks.predictions=null"),
)
LINE = re.compile(r"step (\d+)/(\d+)  (.*)")


@pytest.mark.parametrize("length", [("trainer.max_epochs=3",), ("trainer.max_steps=30",)])
@pytest.mark.parametrize("validation", VALIDATIONS.values(), ids=VALIDATIONS)
def test_the_last_step_is_shown_once_whenever_validation_comes(validation, length, leyden):
    result = leyden("train", *SMALL, *length, *validation)
    assert result.status == 0, result.err
    lines = [match for line in result.err.splitlines() if (match := LINE.fullmatch(line))]
    total = 66 if length == ("trainer.max_epochs=3",) else 30  # 1,437 samples in batches of 64
    assert [int(number) for number in lines[-1].groups()[:2]] == [total, total]
    assert [int(line[1]) for line in lines].count(total) == 1
    assert ("val/loss" in lines[-1][3]) == ("trainer.limit_val_batches=0" not in validation)
