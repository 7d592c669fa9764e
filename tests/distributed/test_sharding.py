"""Parameters are really split: each of two processes holds half of them."""

import pytest
import torch
from pytorch_lightning import LightningModule
from torch import distributed, nn
from torch.distributed.device_mesh import init_device_mesh

from leyden.distributed.sharding import is_split, shard, whole
from leyden.models import GPT, MLP
from leyden.optim import adamw

NETS = {
    "gpt": lambda: GPT(vocab_size=100, context=16, width=64, depth=3, head_dim=16),
    "mlp": lambda: MLP(input_shape=(64,), num_outputs=10, width=96, depth=2),
}


def hold(rank, store, make):
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    try:
        torch.manual_seed(0)
        net = make()
        total = sum(parameter.numel() for parameter in net.parameters())
        before = {name: parameter.detach().clone() for name, parameter in net.named_parameters()}
        task = LightningModule()
        task._device_mesh = init_device_mesh("cpu", (2, 1), mesh_dim_names=("data_parallel", "t"))
        shard(task, net)
        shard(task, net)  # a second time changes nothing
        assert is_split(net)
        held = sum(parameter.to_local().numel() for parameter in net.parameters())
        assert 0.49 < held / total < 0.51
        for name, parameter in net.named_parameters():
            assert torch.equal(whole(parameter.detach()), before[name])
            parameter.grad = torch.ones_like(parameter)
        optimizer = adamw(net)
        optimizer.step()
        means = [state["exp_avg"].to_local().numel() for state in optimizer.state.values()]
        assert sum(means) == held
    finally:
        distributed.destroy_process_group()


def make_gpt():
    return NETS["gpt"]()


def make_mlp():
    return NETS["mlp"]()


@pytest.mark.slow
@pytest.mark.parametrize("make", [make_gpt, make_mlp])
def test_each_process_holds_half_of_the_parameters_and_of_the_optimizers_state(
    tmp_path, make, spawn
):
    spawn(hold, (tmp_path / "store", make))


def test_a_network_of_one_process_stays_whole():
    net = nn.Linear(2, 2)
    shard(LightningModule(), net)
    assert not is_split(net)
