"""A LightningDataModule of the user's has the capabilities that its class names, and no others."""

import pytest
import torch
from pytorch_lightning import LightningDataModule
from torch.utils.data import TensorDataset

from leyden.data import Digits, TorchDatasets
from leyden.data.capabilities import fingerprint_of, is_on_machine, report_of, spec_of
from leyden.data.report import DataReport
from leyden.data.spec import Spec

SPEC = Spec(kind="table", input_shape=(3,), num_outputs=2, task="classification")


class Silent(LightningDataModule):
    pass


class Tells(LightningDataModule):
    spec = SPEC
    is_readable = False

    def fingerprint(self):
        return {"file": "a", "rows": 3, "digest": None, 4: True}


class TellsOtherThings(LightningDataModule):
    """Attributes of these names that mean something else."""

    spec = "audio"
    report = "fine"

    def fingerprint(self):
        return "abc"


class TellsInItsConstructor(LightningDataModule):
    def __init__(self):
        super().__init__()
        self.spec = SPEC


def test_a_silent_one_has_none_and_is_tried():
    data = Silent()
    assert (spec_of(data), fingerprint_of(data), report_of(data)) == (None, None, DataReport())
    assert is_on_machine(data)


def test_what_a_class_tells_is_taken():
    data = Tells()
    assert spec_of(data) == SPEC
    assert not is_on_machine(data)


def test_a_fingerprint_is_of_texts():
    facts = {"file": "a", "rows": "3", "digest": None, "4": "True"}
    assert fingerprint_of(Tells()) == facts


def test_an_attribute_of_an_object_counts_as_one_of_its_class():
    assert spec_of(TellsInItsConstructor()) == SPEC


@pytest.mark.parametrize("capability", [spec_of, fingerprint_of])
def test_attributes_that_mean_something_else_are_passed_over(capability):
    assert capability(TellsOtherThings()) is None


def test_a_report_that_means_something_else_is_empty():
    assert report_of(TellsOtherThings()) == DataReport()


def test_torch_datasets_tell_nothing_and_leydens_own_all():
    data = TorchDatasets(TensorDataset(torch.ones(1)))
    assert spec_of(data) is None
    digits = Digits(batch_size=32, num_workers=0)
    assert spec_of(digits).num_outputs == 10
    assert fingerprint_of(digits)
