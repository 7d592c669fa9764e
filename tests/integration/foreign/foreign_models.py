"""Networks as strangers write them, sound and unsound; every one is a `model` in `test_foreign`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from pytorch_lightning import LightningModule
from torch import nn

if TYPE_CHECKING:
    from nowhere import Thing


class Good(nn.Module):
    def __init__(self, input_shape, num_outputs):
        super().__init__()
        c, h, w = input_shape
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(c * h * w, num_outputs))

    def forward(self, x):
        return self.net(x)


class Hidden(Good):
    def __init__(self, input_shape: Thing, num_outputs: "Missing", other: Thing | None = None):  # noqa: UP037
        super().__init__(input_shape, num_outputs)


class ForwardFails(Good):
    def forward(self, x):
        raise RuntimeError("no idea\nsecond line")


class ForwardFailsKey(Good):
    def forward(self, x):
        return {}["nothing"]


class ReturnsTuple(Good):
    def forward(self, x):
        return self.net(x), x


class ReturnsDict(Good):
    def forward(self, x):
        return {"logits": self.net(x)}


class ReturnsNone(Good):
    def forward(self, x):
        self.net(x)


class ReturnsScalar(Good):
    def forward(self, x):
        return self.net(x).sum()


class Returns1d(Good):
    def forward(self, x):
        return self.net(x).flatten()


class Nan(Good):
    def forward(self, x):
        return self.net(x) * float("nan")


class WrongOutputs(Good):
    def __init__(self, input_shape, num_outputs):
        super().__init__(input_shape, num_outputs + 3)


class FewOutputs(Good):
    def __init__(self, input_shape, num_outputs):
        super().__init__(input_shape, num_outputs - 3)


class Lazy(nn.Module):
    def __init__(self, num_outputs):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), nn.LazyLinear(16), nn.ReLU(), nn.LazyLinear(num_outputs)
        )

    def forward(self, x):
        return self.net(x)


class LazyNorm(nn.Module):
    def __init__(self, num_outputs):
        super().__init__()
        self.net = nn.Sequential(
            nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(num_outputs)
        )

    def forward(self, x):
        return self.net(x)


class Star(Good):
    def __init__(self, *args, **kwargs):
        super().__init__(kwargs.get("input_shape", (1, 8, 8)), kwargs.get("num_outputs", 10))


class PositionalOnly(Good):
    def __init__(self, input_shape, num_outputs, /):
        super().__init__(input_shape, num_outputs)


class NoArguments(Good):
    def __init__(self):
        super().__init__((1, 8, 8), 10)


class Required(Good):
    def __init__(self, input_shape, num_outputs, size):
        super().__init__(input_shape, num_outputs)


class Raises(Good):
    def __init__(self, input_shape, num_outputs):
        raise ZeroDivisionError("on purpose")


class Exits(Good):
    def __init__(self, input_shape, num_outputs):
        raise SystemExit(3)


class Prints(Good):
    def __init__(self, input_shape, num_outputs):
        super().__init__(input_shape, num_outputs)
        print("hello from my constructor")  # noqa: T201


class Values(Good):
    def __init__(self, input_shape, num_outputs):
        super().__init__(input_shape, num_outputs)
        if self.net[1].weight.sum().item() > 1e9:
            raise ValueError


class ForwardValues(Good):
    def forward(self, x):
        y = self.net(x)
        return y + float(y.sum().item()) * 0


class NumpyInit(Good):
    def __init__(self, input_shape, num_outputs):
        super().__init__(input_shape, num_outputs)
        self.net[1].weight.data.copy_(torch.from_numpy(self.net[1].weight.detach().numpy() * 1))


class CpuInit(Good):
    def __init__(self, input_shape, num_outputs):
        super().__init__(input_shape, num_outputs)
        self.extra = nn.Parameter(torch.zeros(3, device="cpu"))

    def forward(self, x):
        return self.net(x) + self.extra.sum()


class Parameterless(nn.Module):
    def __init__(self, num_outputs):
        super().__init__()
        self.n = num_outputs

    def forward(self, x):
        return x.flatten(1)[:, : self.n]


class BuffersOnly(nn.Module):
    def __init__(self, num_outputs):
        super().__init__()
        self.register_buffer("b", torch.ones(num_outputs))

    def forward(self, x):
        return x.flatten(1)[:, : self.b.numel()] * self.b


class Frozen(Good):
    def __init__(self, input_shape, num_outputs):
        super().__init__(input_shape, num_outputs)
        self.requires_grad_(False)


class IntParameter(Good):
    def __init__(self, input_shape, num_outputs):
        super().__init__(input_shape, num_outputs)
        self.k = nn.Parameter(torch.ones(3, dtype=torch.long), requires_grad=False)


class ComplexParameter(Good):
    def __init__(self, input_shape, num_outputs):
        super().__init__(input_shape, num_outputs)
        self.k = nn.Parameter(torch.ones(10, dtype=torch.complex64))

    def forward(self, x):
        return self.net(x) * self.k.abs()


class DoubleParameter(Good):
    def __init__(self, input_shape, num_outputs):
        super().__init__(input_shape, num_outputs)
        self.double()

    def forward(self, x):
        return self.net(x.double()).float()


class Unused(Good):
    def __init__(self, input_shape, num_outputs):
        super().__init__(input_shape, num_outputs)
        self.more = nn.Linear(3, 3)


class Detached(Good):
    def forward(self, x):
        return self.net(x).detach()


class NoInit(nn.Module):
    def forward(self, x):
        return x.flatten(1)[:, :10]


class NoForward(Good):
    forward = nn.Module.forward


class NoSuper(nn.Module):
    def __init__(self, num_outputs):
        self.net = nn.Linear(3, num_outputs)


class WidthText(Good):
    def __init__(self, input_shape, num_outputs, width: str = "large"):
        super().__init__(input_shape, num_outputs)


class WidthIgnored(Good):
    def __init__(self, input_shape, num_outputs, width: int = 8):
        super().__init__(input_shape, num_outputs)


class Meta(type(nn.Module)):
    def __call__(cls, *a, **k):
        return super().__call__(*a, **k)


class WithMeta(Good, metaclass=Meta):
    pass


class NewOnly(Good):
    def __new__(cls, *a, **k):
        return super().__new__(cls)


class Lit(LightningModule):
    def __init__(self, input_shape, num_outputs):
        super().__init__()
        self.net = Good(input_shape, num_outputs)

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, i):
        return self.net(batch[0]).sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


def make_lit(input_shape, num_outputs):
    return Lit(input_shape, num_outputs)


def make_net(input_shape, num_outputs) -> nn.Module:
    return Lit(input_shape, num_outputs)


def make_good(input_shape, num_outputs):
    return Good(input_shape, num_outputs)


def make_number():
    return 3


def make_none():
    return None


def make_class():
    return Good


class NotSuch(nn.Module):
    def __init__(self, input_shape, num_outputs):
        super().__init__()

    def __new__(cls, *a, **k):
        return 3


class HasLit(Good):
    def __init__(self, input_shape, num_outputs):
        super().__init__(input_shape, num_outputs)
        self.inner = Lit(input_shape, num_outputs)

    def forward(self, x):
        return self.inner(x)


class BadKinds(Good):
    kinds = "image"


class NoneKinds(Good):
    kinds = None


class EvilRepr(Good):
    def __repr__(self):
        raise RuntimeError("no repr")


class FailsForReal(Good):
    def forward(self, x):
        if not x.is_meta:
            raise TypeError("only in truth")
        return self.net(x)


class ExitsForReal(Good):
    def forward(self, x):
        if not x.is_meta:
            raise SystemExit(7)
        return self.net(x)


def tall(input_shape, num_outputs, width=7, **kwargs):
    if width > 300 or width % 7:
        raise ValueError("not such a width")
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.Linear(width, num_outputs))


def never(input_shape, num_outputs, width=7):
    raise ValueError("never")


def values(input_shape, num_outputs, width: int = 7):
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.Linear(width, num_outputs))
    net[1].weight.sum().item()
    return net


class This(nn.Module):
    def __init__(this, num_outputs: int):  # noqa: N805
        super().__init__()
        this.net = nn.Linear(64, num_outputs)

    def forward(this, x):  # noqa: N805
        return this.net(x.flatten(1))
