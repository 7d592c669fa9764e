"""DP-SGD's gradients beside those of each sample, computed one after the other."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from leyden.models import CNN, GPT, MLP, RNN
from leyden.privacy.dp_sgd import PrivateOptimizer, require_whole_gradient
from leyden.privacy.gradients import MixedSamplesError, require_gradients_of_samples

pytest.importorskip("opacus")

IMAGE = {"input_shape": (1, 8, 8), "num_outputs": 3}
TEXT = {"vocab_size": 11, "context": 6, "width": 16, "depth": 1, "head_dim": 8}


def small(model):
    torch.manual_seed(0)
    return {
        "mlp": lambda: MLP(width=8, depth=1, **IMAGE),
        "cnn": lambda: CNN(width=16, depth=1, norm="group", **IMAGE),
        "gpt": lambda: GPT(positions="rotary", **TEXT),
    }[model]()


def batch(model, count):
    generator = torch.Generator().manual_seed(1)
    if model == "gpt":
        tokens = torch.randint(11, (count, 7), generator=generator)
        return tokens[:, :-1], tokens[:, 1:]
    inputs = torch.randn(count, 1, 8, 8, generator=generator)
    return inputs, torch.randint(3, (count,), generator=generator)


def loss_of(net, inputs, targets):
    return F.cross_entropy(net(inputs).flatten(0, -2), targets.flatten())


def flat(gradients):
    return torch.cat([one.flatten() for one in gradients])


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
@pytest.mark.parametrize("model", ["mlp", "cnn", "gpt"])
@pytest.mark.parametrize("max_norm", [0.05, 1e6])
def test_a_step_has_the_mean_of_the_clipped_gradients_of_its_samples(model, max_norm):
    net, (inputs, targets) = small(model), batch(model, 5)
    wanted = []
    for one in range(5):
        loss = loss_of(net, inputs[one : one + 1], targets[one : one + 1])
        gradient = flat(torch.autograd.grad(loss, list(net.parameters())))
        wanted.append(gradient * min(1.0, max_norm / float(gradient.norm())))
    before = flat(net.parameters()).detach()
    make = PrivateOptimizer(
        lambda net: torch.optim.SGD(net.parameters(), lr=1.0),
        noise_multiplier=1e-9,
        max_grad_norm=max_norm,
        batch_size=4,  # expected; this batch has five
    )
    optimizer = make(net)
    loss_of(net, inputs, targets).backward()
    require_whole_gradient(net)
    optimizer.step()
    step = before - flat(net.parameters()).detach()
    torch.testing.assert_close(step, sum(wanted) / 4, rtol=1e-3, atol=max_norm * 1e-6 + 1e-6)


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_the_noise_has_its_deviation():
    net = nn.Linear(300, 300, bias=False)
    make = PrivateOptimizer(
        lambda net: torch.optim.SGD(net.parameters(), lr=1.0),
        noise_multiplier=3.0,
        max_grad_norm=0.5,
        batch_size=10,
    )
    optimizer, before = make(net), net.weight.detach().clone()
    (net(torch.zeros(10, 300)).mean()).backward()  # no gradient but noise
    optimizer.step()
    step = before - net.weight.detach()
    assert float(step.std()) == pytest.approx(3.0 * 0.5 / 10, rel=0.02)


@pytest.mark.parametrize("model", ["mlp", "cnn", "gpt"])
def test_networks_that_keep_samples_apart_pass_and_are_left_as_they_were(model):
    net = small(model)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    require_gradients_of_samples(net, batch(model, 3)[0])
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not any(vars(layer).get("activations") for layer in net.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    loss_of(net, *batch(model, 3)).backward()  # no hook is left that could fail


class MixesByMean(nn.Module):
    """Batch norm without statistics that are kept."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        x = self.layer(x)
        return x - x.mean(0)


class PastItsLayer(nn.Module):
    """Uses the weights of a layer without calling it."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return x @ self.layer.weight


@pytest.mark.parametrize(
    ("net", "inputs", "reason"),
    [
        (nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)), torch.randn(3, 4), "of whole batches"),
        (MixesByMean(), torch.randn(3, 4), "depend on each other"),
        (PastItsLayer(), torch.randn(3, 4), "has no gradient of each sample"),
        (GPT(**TEXT), torch.randint(11, (3, 6)), "position_embedding"),
        (RNN(input_shape=(5, 2), num_outputs=1), torch.randn(3, 5, 2), "no gradients of samples"),
    ],
    ids=["batch norm", "mean of the batch", "functional", "learned positions", "recurrent"],
)
def test_networks_that_mix_samples_are_refused(net, inputs, reason):
    with pytest.raises(MixedSamplesError, match=reason):
        require_gradients_of_samples(net, inputs)
