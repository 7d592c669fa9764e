"""What Leyden uses of torch's private names is there, and does what Leyden takes it for."""

import gc
import socket
from datetime import timedelta

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import flop_registry

from leyden.compat import torch as private


def test_a_mode_sees_every_operation_and_its_tensors():
    seen = []

    class Mode(private.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            seen.append(len(private.tree_leaves(args)))
            return function(*args, **(kwargs or {}))

    with Mode():
        torch.ones(2) + torch.ones(2)
    assert 2 in seen


def test_a_module_that_was_compiled_in_place_is_known():
    net = nn.Linear(1, 1)
    assert not private.is_compiled(net)
    net.compile()
    assert private.is_compiled(net)


def test_storages_that_are_alive_have_numbers_of_their_own():
    one, other = torch.ones(3, device="meta"), torch.ones(3, device="meta")
    assert private.storage_key(one) == private.storage_key(one[1:])
    assert private.storage_key(one) != private.storage_key(other)
    gc.collect()


def test_all_tensors_become_zero():
    tensors = [torch.ones(2), torch.ones(3)]
    private.zero_all(tensors)
    assert not any(tensor.any() for tensor in tensors)


def test_fused_attention_is_that_of_the_public_function():
    q, k, v = torch.randn(3, 1, 2, 4, 8).unbind(0)
    expected = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    found = private.flash_attention_for_cpu(q, k, v, is_causal=True)
    torch.testing.assert_close(found, expected)


def test_another_attention_is_called_within_and_not_after():
    before = F.scaled_dot_product_attention
    with private.attention_by(lambda *arguments: "mine"):
        assert F.scaled_dot_product_attention(1, 2, 3) == "mine"
    assert F.scaled_dot_product_attention is before


def test_a_fused_optimizer_no_longer_offers_to_unscale():
    (parameter,) = nn.Linear(1, 1, bias=False).parameters()
    optimizer = torch.optim.AdamW([parameter], fused=True)
    assert optimizer._step_supports_amp_scaling
    private.leave_unscaling_to_the_scaler(optimizer)
    assert not optimizer._step_supports_amp_scaling


def test_the_store_listens_on_the_socket_that_it_is_given():
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    store = private.loopback_store(
        address="127.0.0.1",
        port=port,
        world_size=1,
        is_first=True,
        timeout=timedelta(seconds=10),
        file=listener.detach(),
    )
    store.set("key", "value")
    assert store.get("key") == b"value"


def test_the_operation_of_an_overload_is_the_key_of_torchs_table_of_formulas():
    seen = []

    class Mode(private.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            seen.append(private.operation_of(function))
            return function(*args, **(kwargs or {}))

    with Mode():
        torch.ones(2, 3) @ torch.ones(3, 4)
    assert torch.ops.aten.mm in seen
    formula = flop_registry[torch.ops.aten.mm]
    assert formula(torch.ones(2, 3), torch.ones(3, 4), out_val=torch.ones(2, 4)) == 2 * 2 * 3 * 4
