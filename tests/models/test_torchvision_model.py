"""Networks of torchvision and their weights, against torchvision itself."""

import pytest
import torch
from torchvision import models

from leyden.errors import ConfigError
from leyden.models import torchvision_model
from leyden.optim.groups import hidden_matrices
from leyden.run.weights_fit import fit_weights

SHAPE = (3, 64, 64)


def built(name, shape=SHAPE, num_outputs=5, **keys):
    return torchvision_model(name=name, input_shape=shape, num_outputs=num_outputs, **keys)


def with_weights(net):
    """As a run gives a network its weights."""
    fit = fit_weights(net.pretrained.load(), net.state_dict())
    assert fit.misfits(net.pretrained.new) == []
    net.load_state_dict(fit.taken, strict=False)
    return fit


def all_but_head(state):
    return {name: one for name, one in state.items() if not name.startswith(("fc.", "head"))}


@pytest.fixture
def file(tmp_path):
    torch.manual_seed(1)
    torch.save(models.resnet18().state_dict(), tmp_path / "resnet18.pth")
    return tmp_path / "resnet18.pth"


def test_a_network_has_the_layers_and_outputs_of_torchvisions():
    torch.manual_seed(0)
    ours = built("resnet18").eval()
    theirs = models.resnet18(num_classes=5).eval()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, *SHAPE)
    assert torch.equal(ours(x), theirs(x))


def test_a_grey_image_is_the_same_as_one_with_three_equal_channels():
    net = built("resnet18", (1, 64, 64)).eval()
    x = torch.randn(2, 1, 64, 64)
    assert torch.equal(net(x), net(x.expand(-1, 3, -1, -1).contiguous()))


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("resnet19", SHAPE, "did you mean `resnet18`"),
        ("resnet18", (4, 64, 64), "reads images of 1 or 3 channels; these have 4"),
        ("vit_b_16", (3, 64, 32), "reads square images; these have 64 x 32 pixels"),
        ("fasterrcnn_resnet50_fpn", SHAPE, "torchvision has no such classifier"),
    ],
)
def test_what_torchvision_has_not_or_can_not_read_is_refused(name, shape, words):
    with pytest.raises(ConfigError, match=words):
        built(name, shape)


def test_all_weights_of_a_file_are_taken_but_the_head(file):
    net = built("resnet18", weights=str(file))
    head = net.fc.weight.clone()
    fit = with_weights(net)
    assert set(fit.not_taken) == set(net.pretrained.new) == {"fc.weight", "fc.bias"}
    wanted = all_but_head(torch.load(file))
    assert all(torch.equal(net.state_dict()[name], wanted[name]) for name in wanted)
    assert torch.equal(net.fc.weight, head)


def test_the_head_of_a_file_is_taken_where_it_fits(file):
    net = built("resnet18", num_outputs=1000, weights=str(file))
    assert with_weights(net).not_taken == {}


def test_default_weights_are_those_that_torchvision_has_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    theirs = models.resnet18()
    cached = tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    cached.parent.mkdir(parents=True)
    torch.save(theirs.state_dict(), cached)
    net = built("resnet18", weights="DEFAULT")
    with_weights(net)
    assert torch.equal(net.layer4[1].conv2.weight, theirs.layer4[1].conv2.weight)


@pytest.mark.slow
def test_positions_of_a_transformer_are_interpolated_as_torchvision_does(tmp_path):
    torch.manual_seed(0)
    theirs = models.vit_b_16(image_size=32).state_dict()
    torch.save(theirs, tmp_path / "vit.pth")
    net = built("vit_b_16", weights=str(tmp_path / "vit.pth"))
    with_weights(net)
    wanted = models.vision_transformer.interpolate_embeddings(64, 16, dict(theirs))
    assert torch.equal(net.encoder.pos_embedding, wanted["encoder.pos_embedding"])


@pytest.mark.slow
def test_a_densenets_file_of_an_earlier_version_is_read(tmp_path):
    state = models.densenet121().state_dict()
    former = {
        name.replace("norm1", "norm.1")
        .replace("norm2", "norm.2")
        .replace("conv1", "conv.1")
        .replace("conv2", "conv.2")
        if "denselayer" in name
        else name: one
        for name, one in state.items()
    }
    torch.save(former, tmp_path / "densenet.pth")
    net = built("densenet121", num_outputs=1000, weights=str(tmp_path / "densenet.pth"))
    assert with_weights(net).not_taken == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_heads_for_the_first_training_are_left_out(name, tmp_path):
    theirs = models.get_model(name, weights=None, init_weights=False, aux_logits=True)
    torch.save(theirs.state_dict(), tmp_path / "a.pth")
    net = built(name, (3, 96, 96), weights=str(tmp_path / "a.pth"))
    with_weights(net)
    assert net.eval()(torch.randn(1, 3, 96, 96)).shape == (1, 5)


def test_muon_leaves_the_first_convolution_and_the_head_to_adamw():
    net = built("resnet18")
    hidden = {id(parameter) for parameter in hidden_matrices(net)}
    outer = [name for name, p in net.named_parameters() if p.ndim > 1 and id(p) not in hidden]
    assert outer == ["conv1.weight", "fc.weight"]


def test_to_build_a_network_with_weights_draws_the_numbers_of_one_without(file):
    torch.manual_seed(3)
    one = built("resnet18")
    torch.manual_seed(3)
    other = built("resnet18", weights=str(file))
    assert torch.equal(one.fc.weight, other.fc.weight)
