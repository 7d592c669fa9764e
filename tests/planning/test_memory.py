from itertools import accumulate

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from leyden.callbacks.averaging import switch
from leyden.compat import onednn
from leyden.config.compose import compose_request
from leyden.config.instantiate import make
from leyden.config.location import CONF
from leyden.config.request import Request
from leyden.optim import adamw
from leyden.planning.building import build_net, build_task
from leyden.planning.cache import Cache
from leyden.planning.memory import blank_batch, memory_bytes, state_bytes
from leyden.planning.resolve import resolve_config

OPTIMIZERS = sorted(path.stem for path in (CONF / "optimizer").glob("*.yaml"))
TEXT = ("data=stdlib_text", "data.context=12", "data.batch_size=4")


def fitted(*overrides):
    (job,) = compose_request(Request(overrides)).jobs
    return resolve_config(job.cfg)


def estimate(fit):
    return memory_bytes(fit.cfg, fit.spec, Cache())


@pytest.fixture(autouse=True)
def products_are_torchs_own(monkeypatch):
    """oneDNN's take one more copy of a layer's gradients, on the CPUs where they are used."""
    monkeypatch.setattr(onednn, "is_faster_here", lambda: False)


def really_taken(fit):
    """Bytes that torch's allocator has given out, at most, in a real step on the CPU."""
    net = build_net(fit.cfg, fit.spec).train()
    task = build_task(fit.cfg, net, fit.spec)
    batch = blank_batch(fit.spec, fit.cfg.data.batch_size, like=next(net.parameters()))
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        task.training_step(batch, 0).backward()
    events = [e for e in profiler.profiler.kineto_results.events() if e.name() == "[memory]"]
    most = max(accumulate(e.nbytes() for e in sorted(events, key=lambda e: e.start_ns())))
    optimizer = make(fit.cfg.optimizer)(net)
    switch([optimizer], training=True)
    optimizer.step()
    weights = sum(tensor.nbytes for tensor in (*net.parameters(), *net.buffers()))
    return most + weights + state_bytes(optimizer)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_memory_is_that_of_a_real_step_with_every_optimizer(optimizer):
    fit = fitted("model=mlp", "model.width=300", "data.batch_size=256", f"optimizer={optimizer}")
    assert estimate(fit) == pytest.approx(really_taken(fit), rel=0.02)


@pytest.mark.parametrize(
    "overrides",
    [
        ("model=mlp", "model.width=200", "model.dropout=0.1"),
        ("model=mlp", *TEXT),
        ("model=gpt/tiny", *TEXT),
        ("model=gpt/tiny", "model.dropout=0.1", *TEXT),
        ("model=gpt/tiny", "model.recompute=block", *TEXT),
        ("model=gpt/tiny", "task.loss_chunk=8", *TEXT),
        ("model=gpt/tiny", "model.positions=rotary", "model.norm=rms", *TEXT),
    ],
    ids=" ".join,
)
def test_the_memory_is_that_of_a_real_step(overrides):
    fit = fitted(*overrides)
    assert estimate(fit) == pytest.approx(really_taken(fit), rel=0.05)


@pytest.mark.parametrize("model", ["cnn", "resnet", "vgg"])
def test_convolutions_take_more_for_their_kernels(model):
    fit = fitted(f"model={model}", "model.width=16", "data.batch_size=256")
    assert 1.0 <= really_taken(fit) / estimate(fit) < 1.2


@pytest.mark.parametrize(("cell", "least", "most"), [("rnn", 0.7, 1.3), ("lstm", 1.8, 2.6)])
def test_recurrent_layers_are_measured_on_part_of_their_text(cell, least, most):
    words = ("model=rnn", f"model.cell={cell}", "data=stdlib_text", "data.batch_size=16")
    fit = fitted(*words, "data.context=100")
    assert least < really_taken(fit) / estimate(fit) < most


def test_the_memory_of_a_linear_layer_by_hand():
    fit = fitted("model=mlp", "model.depth=0", "data.batch_size=8", "optimizer=sgd")
    weights = (64 * 10 + 10) * 4
    log_probabilities, total_weight, loss = 8 * 10 * 4, 4, 4
    of_logits, of_weights = 8 * 10 * 4, weights
    most = log_probabilities + total_weight + loss + of_logits + of_weights
    assert estimate(fit) == pytest.approx(weights + most, rel=0.06)


def test_accumulation_splits_the_activations():
    whole, half = (
        fitted("data.batch_size=1024", f"trainer.accumulate_grad_batches={n}", "optimizer=sgd")
        for n in (1, 2)
    )
    rest = 4 * whole.params.total
    assert estimate(whole) - rest == pytest.approx(2 * (estimate(half) - rest), rel=0.05)


@pytest.mark.parametrize("devices", [2, 4])
def test_fsdp_divides_what_does_not_depend_on_the_batch(devices):
    words = ("model=gpt/tiny", *TEXT, "data.batch_size=4")
    one, many = fitted(*words), fitted(*words, "strategy=fsdp", f"trainer.devices={devices}")
    weights = 4 * one.params.total
    in_all = 4 * weights  # with gradients and the two means of AdamW or Muon, about
    assert estimate(many) < estimate(one) - 0.8 * in_all * (1 - 1 / devices) + 2 * weights


def test_weights_in_16_bits_take_half():
    fit = fitted("optimizer=sgd", "data.batch_size=2")
    full = estimate(fit)
    fit.cfg.trainer.precision = "bf16-true"
    assert estimate(fit) == pytest.approx(full / 2, rel=0.01)


def test_a_network_that_needs_values_has_no_known_memory(user_package):
    user_package(
        "mine",
        "from torch import nn\n"
        "class Asking(nn.Module):\n"
        "    def __init__(self, *, input_shape: tuple[int, ...], num_outputs: int) -> None:\n"
        "        super().__init__()\n"
        "        self.net = nn.Sequential(nn.Flatten(), nn.Linear(64, num_outputs))\n"
        "    def forward(self, x):\n"
        "        return self.net(x) if x.sum() < 9 else self.net(-x)\n",
    )
    fit = fitted()
    fit.cfg.model = {"_target_": "mine.Asking"}
    assert estimate(fit) is None


def test_a_tensor_that_an_optimizer_keeps_twice_counts_once():
    net = torch.nn.Linear(3, 2)
    optimizer = adamw(net)
    kept = torch.zeros(5)
    optimizer.state[net.weight] = {"mean": kept, "list": [kept, torch.zeros(2)]}
    assert state_bytes(optimizer) == 4 * (5 + 2)
