from types import SimpleNamespace

import pytest
import torch

from leyden.data import DataModule, DataSplits, Spec
from leyden.data.report import DataReport

IMAGES = Spec("image", (3, 4, 5), 7)
TEXT = Spec("text", (16,), 11)


def trainer_of(rank=0, world_size=1, accumulate=1, *, limit=1.0):
    """What a data set asks its trainer."""
    return SimpleNamespace(
        global_rank=rank,
        world_size=world_size,
        accumulate_grad_batches=accumulate,
        limit_train_batches=limit,
    )


class Numbers:
    """Samples that are numbers from `start` on."""

    def __init__(self, start, length):
        self.start, self.length = start, length

    def __len__(self):
        return self.length

    def __getitem__(self, batch):
        return batch.index + self.start, batch.index


class Toy(DataModule):
    """Trains on 0..19, validates on 100..109, tests on 200..204."""

    kind = "image"

    def __init__(self, *, here=True, spec=IMAGES, **shared):
        super().__init__(**{"batch_size": 4, "eval_batch_size": 3} | shared)
        self.here, self.known_spec, self.num_loads, self.num_fetches = here, spec, 0, 0
        self.trainer = trainer_of()

    def load(self):
        self.num_loads += 1
        parts = Numbers(0, 20), Numbers(100, 10), Numbers(200, 5)
        return DataSplits(self.known_spec, *parts, report=DataReport(notes=["2 rows are left out"]))

    def fetch(self):
        self.num_fetches += 1
        self.here = True

    def is_here(self):
        return self.here

    def expected_spec(self):
        return self.known_spec

    def expected_train_samples(self):
        return 1000


def batches(loader):
    return [numbers.tolist() for numbers, _ in loader]


def samples(loader):
    return [number for batch in batches(loader) for number in batch]


def test_the_parts_are_read_once():
    data = Toy()
    assert data.num_loads == 0
    data.setup("fit")
    data.train_dataloader()
    _ = data.spec
    assert data.num_loads == 1


def test_training_shuffles_and_leaves_out_the_partial_batch():
    data = Toy(batch_size=8)
    assert [len(batch) for batch in batches(data.train_dataloader())] == [8, 8]
    assert samples(data.train_dataloader()) != sorted(samples(data.train_dataloader()))


@pytest.mark.parametrize(
    ("part", "expected"), [("val", list(range(100, 110))), ("test", list(range(200, 205)))]
)
def test_evaluation_reads_the_whole_part_in_order(part, expected):
    loader = getattr(Toy(), f"{part}_dataloader")()
    assert samples(loader) == expected
    assert len(batches(loader)[0]) == 3


def test_the_seed_decides_the_order():
    first, again, other = (samples(Toy(seed=seed).train_dataloader()) for seed in (0, 0, 1))
    assert first == again != other


def test_evaluation_does_not_depend_on_the_seed():
    assert samples(Toy(seed=1).val_dataloader()) == samples(Toy(seed=2).val_dataloader())


def on_rank(rank, **options):
    data = Toy(**options)
    data.trainer = trainer_of(rank, 2, 2)
    return data


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_processes_share_out_the_samples_of_one(part):
    name = f"{part}_dataloader"
    shares = [samples(getattr(on_rank(rank), name)()) for rank in (0, 1)]
    assert sorted(shares[0] + shares[1]) == sorted(samples(getattr(Toy(), name)()))


def test_accumulation_divides_training_batches_and_leaves_evaluation_batches_whole():
    data = on_rank(0, eval_batch_size=4)
    assert [len(batch) for batch in batches(data.train_dataloader())] == [1] * 10
    assert [len(batch) for batch in batches(data.val_dataloader())] == [2, 2, 1]


def test_overfitting_trains_validates_and_tests_on_the_first_training_samples():
    data = Toy(overfit_samples=8)
    assert sorted(samples(data.train_dataloader())) == list(range(8))
    assert samples(data.val_dataloader()) == samples(data.test_dataloader()) == list(range(8))


def test_overfitting_takes_no_more_samples_than_there_are():
    assert samples(Toy(overfit_samples=100).val_dataloader()) == list(range(20))


def test_overfitting_keeps_the_spec():
    assert Toy(overfit_samples=8).spec == IMAGES


@pytest.mark.parametrize(
    ("here", "allow_synthetic", "is_synthetic"),
    [(True, True, False), (True, False, False), (False, False, False), (False, True, True)],
)
def test_random_samples_stand_in_only_where_they_may_and_the_data_is_not_here(
    here, allow_synthetic, is_synthetic
):
    data = Toy(here=here, allow_synthetic=allow_synthetic)
    data.setup("fit")
    assert data.is_synthetic is is_synthetic
    assert data.num_loads == (0 if is_synthetic else 1)


sources = pytest.mark.parametrize(
    ("here", "allow_synthetic", "readable"),
    [(True, True, True), (True, False, True), (False, True, True), (False, False, False)],
)


@sources
def test_data_is_readable_where_it_is_here_or_something_stands_in(here, allow_synthetic, readable):
    assert Toy(here=here, allow_synthetic=allow_synthetic).is_readable is readable


@sources
def test_data_is_fetched_only_where_there_is_nothing_to_read(here, allow_synthetic, readable):
    data = Toy(here=here, allow_synthetic=allow_synthetic)
    data.prepare_data()
    data.prepare_data()
    assert data.num_fetches == int(not readable)


def test_the_spec_of_data_that_is_not_here_is_the_expected_one_and_nothing_is_read():
    data = Toy(here=False)
    assert data.spec == IMAGES
    assert (data.num_loads, data.num_fetches) == (0, 0)


@pytest.mark.parametrize(
    ("options", "length"),
    [
        ({}, 20),
        ({"overfit_samples": 8}, 8),
        ({"overfit_samples": 100}, 20),
        ({"here": False}, 1000),
        ({"here": False, "overfit_samples": 8}, 8),
        ({"here": False, "overfit_samples": 5000}, 1000),
        ({"here": False, "allow_synthetic": True}, 512),
        ({"here": False, "allow_synthetic": True, "overfit_samples": 8}, 8),
    ],
    ids=str,
)
def test_the_number_of_training_samples_is_that_of_what_is_trained_on(options, length):
    assert Toy(**options).train_samples == length


@pytest.mark.parametrize("method", ["expected_spec", "expected_train_samples"])
def test_a_set_that_is_always_here_expects_nothing(method):
    with pytest.raises(ValueError, match="Toy does not say its"):
        getattr(DataModule, method)(Toy())


@pytest.mark.parametrize("overfit_samples", [None, 8])
def test_the_parts_keep_the_notes_of_the_data(overfit_samples):
    assert Toy(overfit_samples=overfit_samples).splits.report.notes == ["2 rows are left out"]


def test_what_stands_in_needs_no_notes():
    assert Toy(here=False, allow_synthetic=True).splits.report.notes == []


def stand_in_batch(spec):
    data = Toy(here=False, allow_synthetic=True, spec=spec)
    assert data.spec == spec
    return next(iter(data.train_dataloader()))


def test_images_that_stand_in_have_the_specs_shape_and_classes():
    inputs, labels = stand_in_batch(IMAGES)
    assert inputs.shape == (4, 3, 4, 5)
    assert inputs.dtype == torch.float32
    assert 0 <= labels.min() <= labels.max() < 7


def test_images_that_stand_in_are_normalised():
    data = Toy(here=False, allow_synthetic=True, eval_batch_size=512)
    inputs, _ = next(iter(data.val_dataloader()))
    assert inputs.mean().item() == pytest.approx(0, abs=0.05)
    assert inputs.std().item() == pytest.approx(1, abs=0.05)


def test_text_that_stands_in_has_the_specs_context_and_vocabulary():
    inputs, targets = stand_in_batch(TEXT)
    assert inputs.shape == (4, 16)
    assert torch.equal(inputs[:, 1:], targets[:, :-1])
    assert 0 <= targets.min() <= targets.max() < 11


def test_a_stream_that_stands_in_goes_on_from_batch_to_batch():
    data = Toy(here=False, allow_synthetic=True, spec=Spec("text", (16,), 11, is_stream=True))
    first, second, *_ = list(data.train_dataloader())
    assert torch.equal(second[0][:, 0], first[1][:, -1])


def test_what_stands_in_is_the_same_in_every_run():
    assert all(
        torch.equal(one, other)
        for one, other in zip(stand_in_batch(IMAGES), stand_in_batch(IMAGES), strict=True)
    )


def test_what_stands_in_can_be_overfitted():
    data = Toy(here=False, allow_synthetic=True, overfit_samples=8)
    assert len(data.train_dataloader()) == 2


def test_a_set_that_cannot_stand_in_says_so():
    class Silent(Toy):
        expected_spec = DataModule.expected_spec

    with pytest.raises(ValueError, match="Silent does not say its spec"):
        _ = Silent(here=False, allow_synthetic=True).spec


def test_a_limit_in_micro_batches_ends_an_epoch_after_whole_steps():
    data = Toy()
    data.trainer = trainer_of(accumulate=2, limit=6)
    assert len(batches(data.train_dataloader())) == 6
    assert len(data.train_dataloader().sampler) == 6
    assert len(samples(data.val_dataloader())) == 10
