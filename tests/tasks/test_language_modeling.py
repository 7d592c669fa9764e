from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from leyden.data import Spec
from leyden.models import GPT, RNN
from leyden.optim import constant, sgd
from leyden.tasks import LanguageModeling
from leyden.tasks.losses import IGNORED

SPEC = Spec("text", (8,), 11, bytes_per_token={"val": 2.0, "test": 2.0}, is_stream=True)


def make_task(net, spec=SPEC, **options):
    return LanguageModeling(net, spec=spec, optimizer=sgd, schedule=constant, **options)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return RNN(input_shape=(8,), num_outputs=11, vocab_size=11, width=16)


@pytest.fixture
def batches():
    """Two windows of four streams, one after the other."""
    tokens = torch.randint(11, (4, 17), generator=torch.Generator().manual_seed(1))
    return [(tokens[:, at : at + 8], tokens[:, at + 1 : at + 9]) for at in (0, 8)]


def test_a_stream_is_read_as_one_long_text(net, batches):
    task = make_task(net)
    losses = [task.training_step(batch, 0) for batch in batches]
    tokens, following = (torch.cat(parts, dim=1) for parts in zip(*batches, strict=True))
    whole = F.cross_entropy(net(tokens).flatten(0, 1), following.flatten())
    torch.testing.assert_close(sum(losses) / 2, whole)


def test_gradients_end_at_the_window(net, batches):
    task = make_task(net)
    task.training_step(batches[0], 0)
    task.training_step(batches[1], 0).backward()
    assert not any(state.requires_grad for state in task.train_state.state)


def test_an_epoch_begins_without_a_state(net, batches):
    task = make_task(net)
    first = task.training_step(batches[0], 0)
    task.on_train_epoch_start()
    torch.testing.assert_close(task.training_step(batches[0], 0), first)


def test_a_batch_of_other_rows_begins_without_a_state(net, batches):
    task = make_task(net)
    tokens, following = batches[1]
    task.training_step(batches[0], 0)
    loss = task.training_step((tokens[:3], following[:3]), 0)
    torch.testing.assert_close(loss, make_task(net).training_step((tokens[:3], following[:3]), 0))


def test_windows_drawn_at_random_are_read_without_a_state(net, batches):
    task = make_task(net, replace(SPEC, is_stream=False))
    first, second = (task.training_step(batches[1], 0) for _ in range(2))
    torch.testing.assert_close(first, second)


def test_smoothing_spreads_its_share_of_a_token_over_the_vocabulary(batches):
    torch.manual_seed(0)
    net = GPT(vocab_size=11, context=8, width=8, depth=1)
    tokens, following = batches[0]
    targets = 0.9 * F.one_hot(following, 11) + 0.1 / 11
    expected = -(targets * net(tokens).log_softmax(-1)).sum(-1).mean()
    torch.testing.assert_close(
        make_task(net, label_smoothing=0.1).training_step(batches[0], 0), expected
    )


@pytest.mark.parametrize("loss_chunk", [0, 3])
def test_the_losses_of_the_windows_have_the_loss_of_the_part_as_their_mean(loss_chunk, batches):
    torch.manual_seed(0)
    net = GPT(vocab_size=11, context=8, width=8, depth=1, head_dim=4)
    task = make_task(net, replace(SPEC, is_stream=False), loss_chunk=loss_chunk)
    tokens, following = batches[0]
    following = following.clone()
    following[0, -2:] = IGNORED
    following[1] = IGNORED
    task.test_step((tokens, following), 0)
    samples = task.test.samples.columns()
    assert samples["count"].tolist() == [6, 0, 8, 8]
    mean = np.average(samples["loss"], weights=samples["count"])
    assert mean == pytest.approx(float(task.test.compute()["loss"]), rel=1e-5)
