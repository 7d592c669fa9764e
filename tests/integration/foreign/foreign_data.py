"""Data sets as strangers write them, sound and unsound; every one is a `data` in `test_foreign`."""

import sys

import torch
from pytorch_lightning import LightningDataModule

from leyden.data import BatchIndices, DataModule, DataSplits, Spec  # noqa: F401


class Points:
    def __init__(self, n):
        self.x = torch.randn(n, 1, 8, 8, generator=torch.Generator().manual_seed(n))
        self.y = (self.x.sum(dim=(1, 2, 3)) > 0).long()

    def __len__(self):
        return len(self.x)

    def __getitem__(self, draw):
        return self.x[draw.index], self.y[draw.index]


SPEC = Spec("image", input_shape=(1, 8, 8), num_outputs=2)


class Ok(DataModule):
    kind = "image"

    def load(self):
        return DataSplits(SPEC, train=Points(100), val=Points(64), test=Points(64))


class LDM(LightningDataModule):
    pass


def function(batch_size, seed, overfit_samples, allow_synthetic):
    return Ok(batch_size=batch_size)


def other(batch_size, **k):
    return 5


other.kind = "image"
other.task = None


def good(batch_size, **k):
    return Ok(batch_size=batch_size, **k)


good.kind = "image"


class LoadRaises(Ok):
    def load(self):
        raise KeyError("column")


class LoadExits(Ok):
    def load(self):
        sys.exit(3)


class LoadNone(Ok):
    def load(self):
        return None


class LoadTuple(Ok):
    def load(self):
        return Points(10), Points(10), Points(10)


class InitRaises(Ok):
    def __init__(self, **k):
        raise OSError("disk")


class InitPlain(Ok):
    def __init__(self):
        pass


class InitNoSuper(Ok):
    def __init__(self, batch_size=3, seed=0, overfit_samples=None, allow_synthetic=False):
        pass


class NoKind(DataModule):
    def load(self):
        return DataSplits(SPEC, train=Points(100), val=Points(64), test=Points(64))


class WrongKind(Ok):
    kind = "sound"


class WrongTask(Ok):
    task = "guessing"


class SpecOther(Ok):
    def load(self):
        return DataSplits(
            Spec("table", (3,), 2, task="classification"),
            train=Points(100),
            val=Points(64),
            test=Points(64),
        )


class NoLen(Ok):
    def load(self):
        return DataSplits(SPEC, train=object(), val=Points(64), test=Points(64))


class ValNone(Ok):
    def load(self):
        return DataSplits(SPEC, train=Points(100), val=None, test=Points(64))


class ValNoneItems(Ok):
    def load(self):
        class P(Points):
            def __getitem__(self, draw):
                raise RuntimeError("val broke")

        return DataSplits(SPEC, train=Points(100), val=P(64), test=Points(64))


class ItemByOne(Ok):
    def load(self):
        class P(Points):
            def __getitem__(self, i):
                return self.x[int(i)], self.y[int(i)]

        return DataSplits(SPEC, train=P(100), val=P(64), test=P(64))


class ItemDict(Ok):
    def load(self):
        class P(Points):
            def __getitem__(self, draw):
                return {"x": self.x[draw.index]}

        return DataSplits(SPEC, train=P(100), val=P(64), test=P(64))


class ItemNumpy(Ok):
    def load(self):
        class P(Points):
            def __getitem__(self, draw):
                return self.x[draw.index].numpy(), self.y[draw.index]

        return DataSplits(SPEC, train=P(100), val=P(64), test=P(64))


class ItemInts(Ok):
    def load(self):
        class P(Points):
            def __getitem__(self, draw):
                return self.x[draw.index].long(), self.y[draw.index]

        return DataSplits(SPEC, train=P(100), val=P(64), test=P(64))


class LabelsFloat(Ok):
    def load(self):
        class P(Points):
            def __getitem__(self, draw):
                return self.x[draw.index], self.y[draw.index].float()

        return DataSplits(SPEC, train=P(100), val=P(64), test=P(64))


class LabelsBeyond(Ok):
    def load(self):
        class P(Points):
            def __getitem__(self, draw):
                return self.x[draw.index], self.y[draw.index] + 5

        return DataSplits(SPEC, train=P(100), val=P(64), test=P(64))


class Late(Ok):
    def load(self):
        class P(Points):
            def __getitem__(self, draw):
                if len(draw.index) > 2:
                    raise ValueError("late")
                return self.x[draw.index], self.y[draw.index]

        return DataSplits(SPEC, train=P(100), val=P(64), test=P(64))


class Double(Ok):
    def load(self):
        class P(Points):
            def __getitem__(self, draw):
                return self.x[draw.index].double(), self.y[draw.index]

        return DataSplits(SPEC, train=P(100), val=P(64), test=P(64))


class Prints(Ok):
    def load(self):
        print("hello from load")  # noqa: T201
        return super().load()


class Finger(Ok):
    def fingerprint(self):
        raise RuntimeError("finger")


class Here(Ok):
    def is_here(self):
        return False


class FetchRaises(Ok):
    def is_here(self):
        return False

    def fetch(self):
        raise ConnectionError("no net")
