from types import SimpleNamespace

import pytest
import torch
from torch import nn

from leyden.callbacks import GradientNorm


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_it_has_all_digits_of_the_gradients(dtype):
    parameters = [nn.Parameter(torch.zeros(n, dtype=dtype)) for n in (1000, 37)]
    for seed, parameter in enumerate(parameters):
        generator = torch.Generator().manual_seed(seed)
        parameter.grad = torch.randn(len(parameter), generator=generator).to(dtype)
    optimizer = torch.optim.SGD(parameters)
    loop = SimpleNamespace(values={})
    trainer = SimpleNamespace(global_step=0, log_every_n_steps=1, optimizers=[optimizer])
    trainer.strategy = SimpleNamespace(_lightning_module=None)
    trainer.fit_loop = SimpleNamespace(epoch_loop=loop)
    GradientNorm().on_before_optimizer_step(trainer, None, optimizer)
    squares = sum(float(p.grad.double().square().sum()) for p in parameters)
    assert float(loop.values["grad_norm"]) == pytest.approx(squares**0.5, rel=1e-6)
