"""What a run of a LightningModule would cost is measured by its first steps."""

import pytest
import torch
from pytorch_lightning import LightningModule
from torch.utils.data import IterableDataset, TensorDataset

from leyden.analysis.module_times import measure_module
from leyden.config.compose import compose_request
from leyden.config.module_run import adapted
from leyden.config.request import Request

HERE = __name__
SAMPLES, BATCH, WIDTH = 24, 4, 8


class Line(LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(WIDTH, 3)

    def training_step(self, batch, index):
        return self.layer(batch[0]).square().mean()

    def validation_step(self, batch, index):
        self.log("val/loss", self.layer(batch[0]).mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Fails(Line):
    def training_step(self, batch, index):
        raise ValueError("on purpose")


class FailsInTheData(Line):
    def training_step(self, batch, index):
        return self.layer(batch).mean()


class Stream(IterableDataset):
    def __iter__(self):
        return ((torch.ones(WIDTH),) for _ in range(SAMPLES))


def known():
    return TensorDataset(torch.ones(SAMPLES, WIDTH)), TensorDataset(torch.ones(8, WIDTH))


def unknown():
    return Stream()


@pytest.fixture(autouse=True)
def mine(monkeypatch, tmp_path):
    monkeypatch.setenv("LEYDEN_PACKAGES", HERE)
    (tmp_path / "model").mkdir()
    (tmp_path / "data").mkdir()
    for name in ("Line", "Fails", "FailsInTheData"):
        (tmp_path / "model" / f"{name}.yaml").write_text(f"_target_: {HERE}.{name}\n")
    for name in ("known", "unknown"):
        (tmp_path / "data" / f"{name}.yaml").write_text(
            f"_target_: {HERE}.{name}\nbatch_size: {BATCH}\n"
        )


@pytest.fixture
def measured(tmp_path):
    def measure(model, data, *words):
        said = []
        request = Request(
            (
                *(f"model={model}", f"data={data}", "trainer.accelerator=cpu"),
                *("trainer.max_epochs=2", *words),
            ),
            config_dir=tmp_path,
        )
        (job,) = compose_request(request).jobs
        return measure_module(adapted(job), said.append), [note.text for note in said]

    return measure


def test_operations_of_a_line_are_those_by_hand(measured):
    """Forward a product of (4, 8) and (8, 3), backward one for the weights alone."""
    costs, said = measured("Line", "known")
    assert said == []
    assert costs.flops_per_step == 2 * (2 * BATCH * WIDTH * 3)


def test_steps_are_those_of_all_epochs(measured):
    costs, _ = measured("Line", "known")
    assert costs.steps == 2 * SAMPLES // BATCH
    assert costs.estimate.low < costs.estimate.likely < costs.estimate.high


def test_steps_of_batches_whose_gradients_are_added_up_are_fewer(measured):
    costs, _ = measured("Line", "known", "trainer.accumulate_grad_batches=3")
    assert costs.steps == 2 * SAMPLES // BATCH // 3
    assert costs.flops_per_step == 3 * 2 * (2 * BATCH * WIDTH * 3)


def test_a_stream_without_length_has_no_number_of_steps_and_no_time(measured):
    costs, said = measured("Line", "unknown")
    assert said == []
    assert (costs.steps, costs.estimate) == (None, None)
    assert costs.flops_per_step == 2 * (2 * BATCH * WIDTH * 3)


def test_a_stream_with_a_number_of_steps_has_it(measured):
    costs, _ = measured("Line", "unknown", "trainer.max_steps=5", "trainer.max_epochs=null")
    assert costs.steps == 5


def test_memory_has_at_least_weights_and_gradients(measured):
    costs, _ = measured("Line", "known")
    assert costs.memory_bytes >= 2 * 4 * (WIDTH * 3 + 3)


def test_how_exactly_the_run_can_be_resumed_is_told(measured):
    assert measured("Line", "known")[0].exactness.exactness == "replayed"


@pytest.mark.parametrize(
    ("model", "words"), [("Fails", "ValueError: on purpose"), ("FailsInTheData", "TypeError")]
)
def test_a_step_that_fails_is_a_note(measured, model, words):
    costs, (note,) = measured(model, "known")
    assert costs is None
    assert words in note


def test_nothing_is_left_in_the_folder_and_random_numbers_go_on(measured, tmp_path):
    before, state = sorted(tmp_path.rglob("*")), torch.get_rng_state()
    measured("Line", "known")
    assert sorted(tmp_path.rglob("*")) == before
    assert torch.equal(torch.get_rng_state(), state)
