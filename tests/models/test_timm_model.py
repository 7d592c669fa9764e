"""Networks of timm and their weights, against timm itself."""

import pytest
import timm
import torch
from safetensors.torch import save_file

from leyden.errors import CheckpointError, ConfigError
from leyden.models import timm_model
from leyden.run.weights_fit import fit_weights


def built(name, shape=(3, 64, 64), num_outputs=5, **keys):
    return timm_model(name=name, input_shape=shape, num_outputs=num_outputs, **keys)


@pytest.fixture(params=[".pth", ".safetensors"])
def file(request, tmp_path):
    torch.manual_seed(1)
    path = tmp_path / f"weights{request.param}"
    state = timm.create_model("resnet10t", num_classes=7).state_dict()
    (save_file if request.param == ".safetensors" else torch.save)(state, path)
    return path


def taken(net):
    fit = fit_weights(net.pretrained.load(), net.state_dict())
    assert fit.misfits(net.pretrained.new) == []
    return fit


def test_a_network_is_that_of_timm_for_the_channels_and_classes_of_the_data():
    ours = built("resnet10t", (1, 64, 64)).eval()
    theirs = timm.create_model("resnet10t", num_classes=5, in_chans=1).eval()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 1, 64, 64)
    assert torch.equal(ours(x), theirs(x))


def test_a_file_gives_all_but_a_head_of_other_classes(file):
    net = built("resnet10t", weights=str(file))
    assert set(taken(net).not_taken) == {"fc.weight", "fc.bias"}


def test_a_file_gives_its_head_where_it_fits(file):
    fit = taken(built("resnet10t", num_outputs=7, weights=str(file)))
    assert fit.not_taken == {}
    torch.manual_seed(1)
    assert torch.equal(
        fit.taken["fc.weight"], timm.create_model("resnet10t", num_classes=7).fc.weight
    )


def test_the_first_convolution_is_fitted_to_one_channel_as_timm_does(file):
    fit = taken(built("resnet10t", (1, 64, 64), weights=str(file)))
    torch.manual_seed(1)
    theirs = timm.create_model("resnet10t", num_classes=7).conv1[0].weight
    torch.testing.assert_close(fit.taken["conv1.0.weight"], theirs.sum(1, keepdim=True))


def test_positions_are_fitted_to_the_size_of_the_images(tmp_path):
    path = tmp_path / "vit.pth"
    torch.save(timm.create_model("test_vit", img_size=160).state_dict(), path)
    net = built("test_vit", (3, 64, 64), weights=str(path))
    assert set(taken(net).not_taken) == {"head.weight", "head.bias"}
    assert net(torch.randn(1, 3, 64, 64)).shape == (1, 5)


def test_a_file_of_another_network_says_so(file):
    with pytest.raises(CheckpointError, match=r"is not of test_vit.*strict=false"):
        built("test_vit", weights=str(file)).pretrained.load()


def test_a_name_that_timm_does_not_know_is_refused():
    with pytest.raises(ConfigError, match=r"timm has no such network; did you mean `resnet18`"):
        built("resnet1")
