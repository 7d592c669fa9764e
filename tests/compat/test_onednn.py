"""Where this CPU's MKL is as fast, the same is computed by oneDNN all the same: torch has it."""

import copy

import pytest
import torch
from torch import distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Shard, distribute_tensor
from torch.func import functional_call, vmap

from leyden.compat import onednn
from leyden.compat.onednn import OneDnnLinear, batched_product, product, use_onednn
from leyden.models import MLP
from leyden.optim import muon
from leyden.optim.muon import orthogonalize

pytestmark = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN"
)


@pytest.fixture(autouse=True)
def is_used_for_all(monkeypatch):
    monkeypatch.setattr(onednn, "is_faster_here", lambda: True)
    monkeypatch.setattr(onednn, "LEAST_WORK", 1)


def gaussian(*shape, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype)


@pytest.mark.parametrize("shape", [(5, 8), (2, 3, 8), (2, 0, 8)])
@pytest.mark.parametrize("has_bias", [True, False])
def test_gradients_are_those_of_torch(shape, has_bias):
    plain = nn.Linear(8, 6, bias=has_bias)
    ours = copy.deepcopy(plain)
    use_onednn(nn.Sequential(ours))
    seen = []
    for layer in (plain, ours):
        x = gaussian(*shape).requires_grad_()
        layer(x).square().sum().backward()
        seen.append([x.grad, *(parameter.grad for parameter in layer.parameters())])
    assert type(ours) is OneDnnLinear
    for expected, got in zip(*seen, strict=True):
        torch.testing.assert_close(got, expected)


def test_only_what_is_asked_for_gets_a_gradient():
    x, weight = gaussian(4, 3), gaussian(2, 3, seed=1).requires_grad_()
    product(x, weight).sum().backward()
    assert x.grad is None
    torch.testing.assert_close(weight.grad, x.sum(0).expand(2, 3))


def test_second_derivatives_are_those_of_torch():
    def second(multiply):
        x, weight = gaussian(4, 3).requires_grad_(), gaussian(2, 3, seed=1).requires_grad_()
        (first,) = torch.autograd.grad(multiply(x, weight).pow(3).sum(), x, create_graph=True)
        return torch.autograd.grad(first.square().sum(), weight)[0]

    torch.testing.assert_close(second(product), second(lambda x, weight: x @ weight.T))


@pytest.mark.parametrize("shapes", [((3, 4, 5), (3, 5, 6)), ((1, 7, 2), (1, 2, 7))])
def test_products_of_a_batch_are_those_of_torch(shapes):
    a, b = gaussian(*shapes[0]), gaussian(*shapes[1], seed=1)
    torch.testing.assert_close(batched_product(a, b), a @ b)


def losses(net, *, steps):
    optimizer = muon(net)
    x, y = gaussian(64, 12), torch.arange(64) % 3
    seen = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        seen.append(loss.item())
    return seen


def test_training_has_the_losses_that_it_has_without(monkeypatch):
    torch.manual_seed(0)
    plain = MLP(input_shape=(12,), num_outputs=3, width=16, depth=2)
    ours = copy.deepcopy(plain)
    use_onednn(ours)
    assert sum(type(module) is OneDnnLinear for module in ours.modules()) == 3
    with_onednn = losses(ours, steps=20)
    monkeypatch.setattr(onednn, "LEAST_WORK", float("inf"))  # Muon's products are torch's now
    assert losses(plain, steps=20) == pytest.approx(with_onednn, rel=1e-5)


@pytest.mark.parametrize("around", ["autocast", "double", "vmap", "trace", "export"])
def test_what_onednn_does_not_know_is_torch_s(around):
    layer = nn.Linear(8, 6)
    ours = nn.Sequential(copy.deepcopy(layer))
    use_onednn(ours)
    x = gaussian(5, 8)
    if around == "autocast":
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(ours(x), layer(x))
            assert ours(x).dtype == torch.bfloat16
    elif around == "double":
        assert torch.equal(ours.double()(x.double()), layer.double()(x.double()))
    elif around == "vmap":
        weights = {"0.weight": gaussian(2, 6, 8), "0.bias": gaussian(2, 6)}
        got = vmap(lambda numbers: functional_call(ours, numbers, x))(weights)
        expected = x @ weights["0.weight"].mT + weights["0.bias"][:, None]
        torch.testing.assert_close(got, expected)
    elif around == "trace":
        assert "PythonOp" not in str(torch.jit.trace(ours, x).graph)
    else:
        exported = torch.export.export(ours, (x,))
        assert "linear" in str(exported.graph)
        assert "mkldnn" not in str(exported.graph)


@pytest.fixture
def mesh(tmp_path):
    store = f"file://{tmp_path / 'store'}"
    distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1)
    yield init_device_mesh("cpu", (1,))
    distributed.destroy_process_group()


def test_products_of_split_matrices_are_torch_s(mesh):
    matrices = gaussian(2, 4, 6)
    split = distribute_tensor(matrices, mesh, [Shard(1)])
    got = orthogonalize(split, num_iterations=5)
    torch.testing.assert_close(got.full_tensor(), orthogonalize(matrices, num_iterations=5))


def test_small_products_are_torch_s(monkeypatch):
    monkeypatch.setattr(onednn, "LEAST_WORK", 5 * 8 * 6)
    x, weight = gaussian(5, 8), gaussian(6, 8)
    assert onednn.serves(x, weight, outputs=6)
    assert not onednn.serves(x[:4], weight, outputs=6)


@pytest.mark.filterwarnings("ignore:TF32 acceleration:UserWarning")
def test_torch_s_own_switch_turns_it_off():
    with torch.backends.mkldnn.flags(enabled=False):
        assert not onednn.serves(gaussian(5, 8), gaussian(6, 8), outputs=6)


def test_a_network_is_left_alone_where_mkl_is_as_fast(monkeypatch):
    monkeypatch.setattr(onednn, "is_faster_here", lambda: False)
    net = MLP(input_shape=(12,), num_outputs=3)
    use_onednn(net)
    assert not any(type(module) is OneDnnLinear for module in net.modules())
