"""The first ten losses of each family: a change of them is a change of the numbers.

Made on one thread with torch 2.14. Processors differ in the last bits, which ten steps enlarge;
the tolerance is a thousandth.
"""

import pytest
import torch
import torch.nn.functional as F

from leyden.data import Digits
from leyden.data.loader import Order
from leyden.models import GPT, MLP
from leyden.optim import adamw, cosine, muon

GOLDEN: dict[str, list[float]] = {
    "mlp adamw": [2.3518, 2.3008, 2.3107, 2.3183, 2.2953, 2.3123, 2.2964, 2.3046, 2.2935, 2.2921],
    "mlp muon": [2.3518, 2.2992, 2.301, 2.2998, 2.2697, 2.2802, 2.2621, 2.2675, 2.2475, 2.2476],
    "gpt adamw": [3.4638, 3.4024, 3.3986, 3.359, 3.2591, 3.1771, 3.1892, 3.168, 3.1367, 3.1019],
    "gpt muon": [3.4638, 3.3822, 3.333, 3.1789, 3.0321, 2.9332, 2.9048, 2.8609, 2.8253, 2.7954],
}


def digits_batches():
    part = Digits(batch_size=64).parts.train
    return [part[draw] for draw in Order(len(part), batch_size=64, shuffle=True, seed=0)][:10]


def arithmetic_batches():
    # Sequences x, 3x + 1, ... modulo 31: what follows can be learned from the last token alone.
    rows = [torch.arange(10 * 8) % 31]
    for _ in range(16):
        rows.append((3 * rows[-1] + 1) % 31)
    tokens = torch.stack(rows, dim=1).view(10, 8, 17)
    return [(batch[:, :-1], batch[:, 1:]) for batch in tokens]


def first_losses(net, make_optimizer, batches):
    optimizer = make_optimizer(net)
    schedule = cosine(optimizer, len(batches), warmup_steps=2)
    losses = []
    for inputs, targets in batches:
        loss = F.cross_entropy(net(inputs).flatten(0, -2), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses


def losses_of(family, make_optimizer):
    torch.manual_seed(0)
    if family == "mlp":
        net = MLP(input_shape=(1, 8, 8), num_outputs=10, width=32)
        return first_losses(net, make_optimizer, digits_batches())
    net = GPT(vocab_size=31, context=16, width=32, depth=2, head_dim=16)
    return first_losses(net, make_optimizer, arithmetic_batches())


@pytest.mark.parametrize("family", ["mlp", "gpt"])
@pytest.mark.parametrize("make_optimizer", [adamw, muon])
def test_the_first_ten_losses_are_golden(family, make_optimizer):
    golden = GOLDEN[f"{family} {make_optimizer.__name__}"]
    assert losses_of(family, make_optimizer) == pytest.approx(golden, rel=1e-3)
