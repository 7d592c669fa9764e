"""The first ten losses of each family: a change of them is a change of the numbers.

Made with torch 2.14 in 64 bits. In 32 bits processors differ in the last ones, which ten steps of a
VGG with Muon enlarge to half a percent; in 64 bits AVX2 and AVX-512 agree in all digits here.
"""

import pytest
import torch
import torch.nn.functional as F

from leyden.data import Digits
from leyden.data.batches import BatchSampler
from leyden.models import CNN, GPT, MLP, RNN, VGG, ResNet
from leyden.optim import adamw, cosine, muon

GOLDEN: dict[str, list[float]] = {
    "mlp adamw": [2.3518, 2.3008, 2.3107, 2.3183, 2.2953, 2.3123, 2.2964, 2.3046, 2.2935, 2.2921],
    "mlp muon": [2.3518, 2.2992, 2.301, 2.2998, 2.2697, 2.2802, 2.2621, 2.2675, 2.2475, 2.2476],
    "cnn adamw": [2.3323, 2.3535, 2.278, 2.286, 2.3195, 2.2655, 2.2624, 2.2569, 2.2378, 2.2529],
    "cnn muon": [2.3323, 2.3483, 2.255, 2.2452, 2.2449, 2.1801, 2.1586, 2.1503, 2.1111, 2.1247],
    "resnet adamw": [
        2.4752,
        2.4913,
        2.6599,
        2.5264,
        2.3684,
        2.3034,
        2.3393,
        2.2448,
        2.3671,
        2.1585,
    ],
    "resnet muon": [2.4752, 2.4503, 2.5271, 2.3887, 2.0588, 2.0722, 2.0597, 1.9383, 1.9525, 1.7851],
    "vgg adamw": [2.3785, 2.3531, 2.3689, 2.3338, 2.3468, 2.2071, 2.3155, 2.2519, 2.3049, 2.2333],
    "vgg muon": [2.3785, 2.3376, 2.323, 2.2098, 2.1655, 2.062, 2.1032, 2.0834, 2.0672, 1.9256],
    "rnn adamw": [2.3628, 2.2916, 2.3031, 2.3416, 2.3255, 2.302, 2.3462, 2.318, 2.2833, 2.3216],
    "rnn muon": [2.3628, 2.2904, 2.2976, 2.3255, 2.3063, 2.2748, 2.3116, 2.2887, 2.2611, 2.2762],
    "mlp on text adamw": [
        3.4702,
        3.4605,
        3.4645,
        3.4577,
        3.4439,
        3.4416,
        3.4425,
        3.4359,
        3.432,
        3.4323,
    ],
    "mlp on text muon": [
        3.4702,
        3.4568,
        3.4514,
        3.431,
        3.4057,
        3.3982,
        3.3832,
        3.3726,
        3.3678,
        3.3685,
    ],
    "rnn on text adamw": [
        3.406,
        3.4218,
        3.419,
        3.4191,
        3.3898,
        3.4014,
        3.3985,
        3.3866,
        3.3778,
        3.4013,
    ],
    "rnn on text muon": [
        3.406,
        3.4148,
        3.3969,
        3.3684,
        3.3127,
        3.3001,
        3.284,
        3.2582,
        3.2427,
        3.2593,
    ],
    "gpt adamw": [3.4638, 3.4024, 3.3986, 3.359, 3.2591, 3.1771, 3.1892, 3.168, 3.1367, 3.1019],
    "gpt muon": [3.4638, 3.3822, 3.333, 3.1789, 3.0321, 2.9332, 2.9048, 2.8609, 2.8253, 2.7954],
    "gpt, later options adamw": [
        3.434,
        3.4271,
        3.4102,
        3.385,
        3.3587,
        3.3425,
        3.3179,
        3.3037,
        3.2949,
        3.3002,
    ],
    "gpt, later options muon": [
        3.434,
        3.4132,
        3.3612,
        3.277,
        3.1903,
        3.1441,
        3.0669,
        3.0224,
        2.996,
        3.0137,
    ],
}


def digits_batches():
    part = Digits(batch_size=64, split={"stratified": False}).splits.train
    order = BatchSampler(len(part), batch_size=64, shuffle=True, seed=0)
    return [(x.double(), y) for x, y in map(part.__getitem__, [*order][:10])]


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


IMAGE = {"input_shape": (1, 8, 8), "num_outputs": 10}
TEXT = {"input_shape": (16,), "num_outputs": 31, "vocab_size": 31}
SMALL_GPT = {"vocab_size": 31, "context": 16, "width": 32, "depth": 2, "head_dim": 16}
LATER = {"activation": "swiglu", "norm": "rms", "positions": "rotary", "qk_norm": True}
NETS = {
    "mlp": lambda: MLP(**IMAGE, width=32),
    "cnn": lambda: CNN(**IMAGE, width=8, norm="batch"),
    "resnet": lambda: ResNet(**IMAGE, width=4),
    "vgg": lambda: VGG(**IMAGE, width=4),
    "rnn": lambda: RNN(**IMAGE, width=16),
    "mlp on text": lambda: MLP(**TEXT, width=16, window=4),
    "rnn on text": lambda: RNN(**TEXT, width=16, cell="gru"),
    "gpt": lambda: GPT(**SMALL_GPT),
    "gpt, later options": lambda: GPT(**SMALL_GPT, **LATER, tied_head=False, zero_init=True),
}


def losses_of(family, make_optimizer):
    torch.manual_seed(0)
    is_text = "text" in family or "gpt" in family
    batches = arithmetic_batches() if is_text else digits_batches()
    return first_losses(NETS[family]().double(), make_optimizer, batches)


@pytest.mark.parametrize("family", NETS)
@pytest.mark.parametrize("make_optimizer", [adamw, muon])
def test_the_first_ten_losses_are_golden(family, make_optimizer):
    golden = GOLDEN[f"{family} {make_optimizer.__name__}"]
    assert losses_of(family, make_optimizer) == pytest.approx(golden, rel=5e-5)
