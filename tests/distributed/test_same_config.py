"""Two processes of a run with different configs don't train."""

import os
import socket
from contextlib import nullcontext

import pytest
import torch
from torch import distributed
from torch.multiprocessing import ProcessRaisedException

from leyden.callbacks import RequireSameConfig


class OfTwo:
    world_size = 2


def meet(rank, port, digests):
    torch.set_num_threads(1)
    where = f"tcp://127.0.0.1:{port}"
    distributed.init_process_group("gloo", init_method=where, rank=rank, world_size=2)
    try:
        RequireSameConfig(digests[rank]).on_fit_start(OfTwo(), None)
    finally:
        distributed.destroy_process_group()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.slow
@pytest.mark.parametrize("others", ["a", "b"])
def test_processes_with_different_configs_raise_before_they_train(others, spawn):
    refused = pytest.raises(ProcessRaisedException, match="the processes have different configs")
    with nullcontext() if others == "a" else refused:
        spawn(meet, (free_port(), ("a", others)))


def test_a_single_process_asks_nobody():
    class OfOne:
        world_size = 1

    assert "RANK" not in os.environ
    RequireSameConfig("a").on_fit_start(OfOne(), None)
