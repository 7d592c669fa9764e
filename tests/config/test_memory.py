import pytest
import torch

from leyden.callbacks.optimizer_mode import switch
from leyden.config.build import build_net, build_task, make
from leyden.config.compose import compose_plan
from leyden.config.fit import Memo, fit_to_data
from leyden.config.location import CONF
from leyden.config.memory import activation_bytes, memory_bytes, state_bytes
from leyden.config.request import Request
from leyden.optim import adamw

OPTIMIZERS = sorted(path.stem for path in (CONF / "optimizer").glob("*.yaml"))
TEXT = ("data=stdlib_text", "data.context=12", "data.batch_size=4")
SERIES = ("data=sunspots", "data.batch_size=4")


def fitted(*overrides):
    (job,) = compose_plan(Request(overrides)).jobs
    return fit_to_data(job.cfg)


def estimate(fit):
    return memory_bytes(fit.cfg, fit.spec, Memo())


def really_kept(fit):
    """Bytes of the tensors that a real step on the CPU leaves: by activations, and by the rest."""
    net = build_net(fit.cfg, fit.spec).train()
    task = build_task(fit.cfg, net, fit.spec)
    task.log = lambda *values: None
    activations = activation_bytes(task, fit.spec, samples=fit.cfg.data.batch_size)
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer = make(fit.cfg.optimizer)(net)
    switch([optimizer], training=True)
    optimizer.step()
    tensors = [*net.parameters(), *net.buffers(), *(p.grad for p in net.parameters())]
    return activations, sum(tensor.nbytes for tensor in tensors) + state_bytes(optimizer)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_memory_is_that_of_a_real_step_with_every_optimizer(optimizer):
    fit = fitted("model=cnn", "model.norm=batch", "data.batch_size=8", f"optimizer={optimizer}")
    assert estimate(fit) == sum(really_kept(fit))


@pytest.mark.parametrize(
    "overrides",
    [
        ("model=mlp", "model.dropout=0.1"),
        ("model=resnet", "model.width=8"),
        ("model=vgg", "model.width=8"),
        ("model=cnn", *SERIES),
        ("model=rnn", "model.cell=gru", *SERIES),
        ("model=rnn", "model.cell=rnn", *TEXT),
        ("model=mlp", *TEXT),
        ("model=gpt/tiny", *TEXT),
        ("model=gpt/tiny", "model.dropout=0.1", *TEXT),
        ("model=gpt/tiny", "model.positions=rotary", "model.norm=rms", *TEXT),
    ],
    ids=" ".join,
)
def test_the_memory_is_that_of_a_real_step_with_every_model(overrides):
    fit = fitted(*overrides)
    assert estimate(fit) == sum(really_kept(fit))


def test_the_fused_lstm_of_a_cpu_keeps_about_twice_the_activations():
    fit = fitted("model=rnn", *SERIES)
    activations, rest = really_kept(fit)
    assert 1.8 < activations / (estimate(fit) - rest) < 2.4


def test_the_activations_of_a_linear_layer_are_its_input_and_those_of_the_loss():
    fit = fitted("model=mlp", "model.depth=0", "data.batch_size=8", "optimizer=sgd")
    inputs, log_probabilities, labels, total_weight = 8 * 64 * 4, 8 * 10 * 4, 8 * 8, 4
    parameters_and_gradients = 2 * (64 * 10 + 10) * 4
    activations = inputs + log_probabilities + labels + total_weight
    assert estimate(fit) == activations + parameters_and_gradients


def test_accumulation_splits_the_activations():
    whole, half = (
        fitted("data.batch_size=64", f"trainer.accumulate_grad_batches={parts}", "optimizer=sgd")
        for parts in (1, 2)
    )
    rest = 2 * 4 * whole.params.total
    total_weight = 4  # of the loss
    assert estimate(whole) - rest - total_weight == 2 * (estimate(half) - rest - total_weight)


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
