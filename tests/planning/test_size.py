import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.data import BatchIndices, Spec
from leyden.models import RNN
from leyden.planning.building import build_net, build_task
from leyden.planning.cache import Cache
from leyden.planning.resolve import cached_data, resolve_config
from leyden.planning.size import flops_per_sample

TEXT = ("data=stdlib_text", "data.context=12", "data.batch_size=4")
SERIES = ("data=sunspots", "data.batch_size=4")
IMAGES = ("data=digits", "data.batch_size=4")


def fitted(*overrides):
    (job,) = compose_request(Request(overrides)).jobs
    return resolve_config(job.cfg)


def counted_on_a_real_batch(fit):
    """Forward and backward of the task's loss on the CPU.

    Torch counts neither oneDNN's fused LSTM nor the CPU's fused attention: plain ones take their
    place.
    """
    data, spec, _ = cached_data(fit.cfg, Cache())
    task = build_task(fit.cfg, build_net(fit.cfg, spec), spec)
    task.log = lambda *values: None
    batch = data.splits.train[BatchIndices(0, torch.arange(fit.cfg.data.batch_size))]
    fused = torch.backends.mkldnn.flags(enabled=False)
    with fused, sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        task.training_step(batch, 0).backward()
    return counter.get_total_flops()


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("depth", [1, 2])
def test_the_flops_of_a_recurrent_network_are_those_of_reading_every_token(cell, depth):
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        net = RNN(input_shape=(9,), num_outputs=5, vocab_size=5, width=6, cell=cell, depth=depth)
        net(torch.zeros(1, 9, dtype=torch.long)).sum().backward()
    assert flops_per_sample(net, Spec("text", (9,), 5)) == counter.get_total_flops()


@pytest.mark.parametrize(
    "overrides",
    [
        ("model=mlp", *IMAGES),
        ("model=mlp", *TEXT),
        ("model=cnn", "model.norm=batch", *IMAGES),
        ("model=cnn", *SERIES),
        ("model=resnet", "model.width=8", *IMAGES),
        ("model=vgg", "model.width=8", *IMAGES),
        *(("model=rnn", f"model.cell={cell}", *SERIES) for cell in ("rnn", "gru", "lstm")),
        *(("model=rnn", f"model.cell={cell}", *TEXT) for cell in ("rnn", "gru", "lstm")),
        ("model=gpt/tiny", *TEXT),
        ("model=gpt/tiny", "model.positions=rotary", "model.activation=swiglu", *TEXT),
    ],
    ids=" ".join,
)
@pytest.mark.filterwarnings("ignore:TF32 acceleration:UserWarning")
def test_the_flops_of_a_step_are_those_of_a_real_batch(overrides):
    fit = fitted(*overrides)
    assert fit.flops_per_step == counted_on_a_real_batch(fit)


def test_the_flops_of_a_gpt_are_six_for_each_weight_and_token_and_its_attention():
    width, depth, context, batch = 64, 4, 12, 4
    fit = fitted("model=gpt/tiny", *TEXT)
    matrices = depth * 12 * width**2 + width * fit.spec.num_outputs
    # Per layer and pair of tokens: scores and values, each 2 forward and 4 backward per channel.
    attention = depth * 12 * width * context
    assert fit.flops_per_step == batch * context * (6 * matrices + attention)
