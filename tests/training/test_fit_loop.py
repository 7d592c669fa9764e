"""A resumed run on plain loaders sees the batches that an undisturbed one would have seen."""

import random
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import open_dict
from pytorch_lightning import Callback, LightningModule
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from leyden.callbacks import ResumeCheckpoint, ResumeState
from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.data import TorchDatasets
from leyden.data.replay import exactness_of
from leyden.run.checkpoints import find_checkpoint
from leyden.training.build import build_trainer

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*does not have many workers.*",
    "ignore:Total length of `list` across ranks is zero.*",
    "ignore:You.re resuming from a checkpoint that ended before the epoch ended.*",
)

BATCHES, EPOCHS = 6, 3
STEPS = BATCHES * EPOCHS


class Augmented(Dataset):
    """Samples with noise of all global generators, and of one of its own."""

    def __init__(self, samples=2 * BATCHES, rng=None):
        self.samples, self.rng = samples, rng

    def __len__(self):
        return self.samples

    def __getitem__(self, index):
        own = 0.0 if self.rng is None else self.rng.standard_normal()
        return torch.tensor([index, random.random(), np.random.rand(), torch.rand(1).item(), own])


class Stream(IterableDataset):
    """No length; each of its processes gives its share, with noise of a generator of its own."""

    def __init__(self):
        self.rng = np.random.RandomState(2)

    def __iter__(self):
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        for index in range(first, 2 * BATCHES, step):
            yield self.sample(index)

    def sample(self, index):
        return torch.tensor([index, *self.rng.standard_normal(4)]).float()


class GlobalStream(Stream):
    """Its noise is of the global generators, of which the steps draw as well."""

    def sample(self, index):
        return Augmented()[index]


class Counting(Stream):
    """Counts its epochs, and shuffles by the number."""

    def __init__(self):
        self.epoch = 0

    def __iter__(self):
        self.epoch += 1
        order = np.random.default_rng(self.epoch).permutation(2 * BATCHES)
        return (torch.tensor([float(index), 0, 0, 0, 0]) for index in order)


class OwnOrder:
    """A batch sampler that draws pairs from a generator of its own, batch by batch."""

    def __init__(self):
        self.rng = np.random.default_rng(3)

    def __iter__(self):
        for _ in range(BATCHES):
            yield self.rng.choice(2 * BATCHES, 2, replace=False).tolist()

    def __len__(self):
        return BATCHES


class Remaining(OwnOrder):
    """Draws from those samples that are left, by a global generator that the steps use too."""

    def __iter__(self):
        left = list(range(2 * BATCHES))
        for _ in range(BATCHES):
            yield [left.pop(random.randrange(len(left))) for _ in range(2)]


class Jitter:
    """A transform with a generator of its own."""

    def __init__(self):
        self.rng = np.random.default_rng(5)

    def __call__(self, sample):
        return sample + self.rng.standard_normal()


class Transformed(Augmented):
    def __init__(self):
        super().__init__()
        self.transform = Jitter()

    def __getitem__(self, index):
        return self.transform(super().__getitem__(index))


class InOrder(Augmented):
    def __getitem__(self, index):
        return torch.tensor([index, 0.0, 0.0, 0.0, 0.0])


class WithPosition(DataLoader):
    """Tells and takes up its position, as torchdata's StatefulDataLoader does."""

    given = 0
    first = 0

    def __iter__(self):
        first, self.first = self.first, 0
        batches = list(super().__iter__())
        for self.given in range(first + 1, len(batches) + 1):
            yield batches[self.given - 1]

    def state_dict(self):
        return {"given": self.given}

    def load_state_dict(self, state):
        self.first = state["given"]


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


LOADERS = {
    "shuffled": lambda n: DataLoader(Augmented(), 2, shuffle=True, num_workers=n),
    "with a generator": lambda n: DataLoader(
        Augmented(), 2, shuffle=True, generator=seeded(), num_workers=n
    ),
    "in order": lambda n: DataLoader(Augmented(), 2, num_workers=n),
    "data set with a generator": lambda n: DataLoader(
        Augmented(rng=np.random.default_rng(1)), 2, shuffle=True, num_workers=n
    ),
    "stream": lambda n: DataLoader(Stream(), 2, num_workers=n),
    "batch sampler": lambda n: DataLoader(Augmented(), batch_sampler=OwnOrder(), num_workers=n),
    "two together": lambda n: {
        "a": DataLoader(Augmented(), 2, shuffle=True, num_workers=n),
        "b": DataLoader(Augmented(2 * BATCHES - 4), 2, shuffle=True, generator=seeded()),
    },
}


class Sees(LightningModule):
    """Keeps what it is given; its steps draw random numbers too, as dropout does."""

    def __init__(self):
        super().__init__()
        self._seen = []
        self.layer = torch.nn.Linear(5, 1)

    def training_step(self, batch, index):
        parts = list(batch.values()) if isinstance(batch, dict) else [batch]
        self._seen.append((index, [part.tolist() for part in parts]))
        noise = torch.rand(1) + random.random() + np.random.rand()
        return sum(self.layer(part).mean() for part in parts) * noise.float()

    def validation_step(self, batch, index):
        torch.rand(1)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


class Killed(Exception):
    pass


class KillBefore(Callback):
    """Ends a run before the batch that follows a step."""

    def __init__(self, step):
        self.step = step

    def on_train_batch_start(self, trainer, task, batch, index):
        if trainer.global_step == self.step:
            raise Killed


@cache
def config():
    (job,) = compose_request(Request(("model=mlp", "trainer.accelerator=cpu"))).jobs
    with open_dict(job.cfg):
        job.cfg.data = {"_target_": "leyden.data.TorchDatasets"}
    return job.cfg


def ran(folder, make, *, every=None, stop=None, validates=0, workers=0, **keys):
    """What a new process has seen by its end, its weights, and its next random numbers."""
    cfg = config().copy()
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(11)
    cfg.trainer.max_epochs, cfg.trainer.max_steps = EPOCHS, None
    cfg.trainer.num_sanity_val_steps = 2 if validates else 0
    cfg.trainer.val_check_interval = validates or None
    with open_dict(cfg):
        cfg.trainer.update(keys)
    val = DataLoader(Augmented(6), 2, shuffle=False, num_workers=0) if validates else None
    data, module = TorchDatasets(make(workers), val), Sees()
    callbacks = [ResumeState(), ResumeCheckpoint(every_steps=every, keep=1 if every else 0)]
    callbacks += [KillBefore(stop)] if stop else []
    trainer = build_trainer(cfg, data, folder=folder, callbacks=callbacks, loggers=[])
    kept = find_checkpoint(folder, "last") if folder.exists() else None
    try:
        trainer.fit(module, datamodule=data, ckpt_path=kept, weights_only=True if kept else None)
    except Killed:
        return module._seen
    drawn = (random.random(), np.random.rand(), torch.rand(1).item())
    weights = [part.tolist() for part in module.parameters()]
    return module._seen, weights, drawn


@cache
def undisturbed(make, validates, workers=0, **keys):
    return ran(Path("none"), make, validates=validates, workers=workers, **keys)


def resumed(make, *, every, stop, validates=0, workers=0, **keys):
    """As `ran`, of a run that was killed before the step after `stop` and then resumed."""
    options = {"validates": validates, "workers": workers, **keys}
    with TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        before = ran(run, make, every=every, stop=stop, **options)
        seen, weights, drawn = ran(run, make, **options)
    kept = stop // every * every
    return before[:kept] + seen, weights, drawn


@settings(max_examples=40)
@given(
    name=st.sampled_from(sorted(LOADERS)),
    every=st.integers(1, STEPS - 1),
    late=st.integers(0, 2),
    validates=st.sampled_from([0, 2, BATCHES]),
)
def test_a_resumed_run_is_the_undisturbed_one(name, every, late, validates):
    make = LOADERS[name]
    stop = min(every + late, STEPS - 1)
    found = resumed(make, every=every, stop=stop, validates=validates)
    assert found == undisturbed(make, validates)


WITH_STATE = {
    "a batch that is read ahead while steps draw": lambda n: DataLoader(
        GlobalStream(), 2, num_workers=n
    ),
    "the generator of a transform": lambda n: DataLoader(Transformed(), 2),
    "a counter of a data set": lambda n: DataLoader(Counting(), 2),
}


@pytest.mark.parametrize("name", WITH_STATE)
def test_what_a_loader_draws_from_is_kept(name):
    make = WITH_STATE[name]
    assert exactness_of(make(0)).exactness == "replayed"
    assert resumed(make, every=14, stop=14)[0] == undisturbed(make, 0)[0]


INEXACT = {
    "what is left to draw depends on what the steps drew": lambda n: DataLoader(
        Augmented(), batch_sampler=Remaining()
    ),
    "a loader with a position is drawn from again beside one without": lambda n: {
        "a": WithPosition(InOrder(), 2),
        "b": DataLoader(Augmented(), 2, shuffle=True),
    },
}


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param(r, marks=pytest.mark.xfail(strict=True, raises=AssertionError, reason=r))
        for r in INEXACT
    ],
)
def test_what_is_called_replayed_is_the_undisturbed_run(reason):
    make = INEXACT[reason]
    loaders = make(0)
    for loader in loaders.values() if isinstance(loaders, dict) else [loaders]:
        assert exactness_of(loader).exactness in ("exact", "replayed")
    assert resumed(make, every=14, stop=14)[0] == undisturbed(make, 0)[0]


@pytest.mark.parametrize("every", [4, 6, 9])
def test_a_loader_with_a_position_takes_it_up(every):
    def make(n):
        return WithPosition(InOrder(), 2)

    assert resumed(make, every=every, stop=every)[0] == undisturbed(make, 0)[0]


def test_a_stream_of_global_generators_is_exact_with_workers():
    def make(n):
        return DataLoader(GlobalStream(), 2, num_workers=n)

    assert resumed(make, every=9, stop=9, workers=2) == undisturbed(make, 0, workers=2)


@pytest.mark.parametrize("step", [4, 6, 11])
@pytest.mark.parametrize("name", ["shuffled", "stream", "batch sampler"])
def test_a_resumed_run_with_workers_is_the_undisturbed_one(name, step):
    make = LOADERS[name]
    found = resumed(make, every=step, stop=step, validates=3, workers=2)
    assert found == undisturbed(make, 3, workers=2)


@pytest.mark.parametrize("stops", [(2, 3), (2, 9), (7, 8), (6, 13)])
def test_a_run_that_is_resumed_twice_is_the_undisturbed_one(tmp_path, stops):
    make, run = LOADERS["with a generator"], tmp_path / "run"
    seen = ran(run, make, every=stops[0], stop=stops[0])
    seen += ran(run, make, every=stops[1] - stops[0], stop=stops[1])
    rest, *end = ran(run, make)
    assert (seen + rest, *end) == undisturbed(make, 0)


@pytest.mark.parametrize("accumulate", [2, 4])
def test_a_run_that_adds_up_gradients_is_resumed_exactly(tmp_path, accumulate):
    make, keys = LOADERS["shuffled"], {"accumulate_grad_batches": accumulate}
    before = ran(tmp_path / "run", make, every=1, stop=3, **keys)
    rest, *end = ran(tmp_path / "run", make, **keys)
    whole, *expected = ran(Path("none"), make, **keys)
    assert (before + rest, end) == (whole, expected)
