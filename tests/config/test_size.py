import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from leyden.config.size import flops_per_sample
from leyden.data import Spec
from leyden.models import RNN


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("depth", [1, 2])
def test_the_flops_of_a_recurrent_network_are_those_of_reading_every_token(cell, depth):
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        net = RNN(input_shape=(9,), num_outputs=5, vocab_size=5, width=6, cell=cell, depth=depth)
        net(torch.zeros(1, 9, dtype=torch.long)).sum().backward()
    assert flops_per_sample(net, Spec("text", (9,), 5)) == counter.get_total_flops()
