import json
import pickle
import shutil
import socket

import pytest
import torch
import transformers
from omegaconf import OmegaConf
from safetensors.torch import load_file, save_file
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForSequenceClassification

from leyden.errors import CheckpointError
from leyden.models import HFClassifier
from leyden.models.hf_architecture import UnreadableModel
from tests.hf_models import CONTEXT, VOCAB, configs, write_model

FAMILIES = ("bert", "distilbert", "roberta", "gpt2")
PADDING = {"bert": 0, "distilbert": 0, "roberta": 1, "gpt2": 0}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder of each family, with a head for three classes."""
    root = tmp_path_factory.mktemp("models")
    for family in FAMILIES:
        write_model(root / family, family, num_classes=3)
    return root


def loaded(net):
    """The network with the weights that it knows of."""
    missing, unexpected = net.load_state_dict(net.pretrained.load(), strict=False)
    assert unexpected == []
    return net.eval(), missing


def tokens_of(family):
    """Four texts of 12 tokens, of which the last ones are filled up."""
    tokens = torch.randint(5, VOCAB, (4, 12), generator=torch.Generator().manual_seed(0))
    for row in (1, 2, 3):
        tokens[row, 12 - 3 * row :] = PADDING[family]
    return tokens


def theirs_of(folder, family, **options):
    theirs = AutoModelForSequenceClassification.from_pretrained(folder, **options).eval()
    theirs.config.pad_token_id = PADDING[family]
    return theirs


@pytest.mark.parametrize("family", FAMILIES)
def test_logits_are_those_of_transformers(family, folders):
    net, missing = loaded(
        HFClassifier(name=str(folders / family), num_outputs=3, pad_token=PADDING[family])
    )
    tokens = tokens_of(family)
    mask = (tokens != PADDING[family]).long()
    with torch.no_grad():
        wanted = theirs_of(folders / family, family)(tokens, attention_mask=mask).logits
        found = net(tokens)
    assert missing == []
    assert float(wanted.std()) > 0.01  # random weights that tell texts apart
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_fills_a_text_up_changes_nothing(family, folders):
    net, _ = loaded(
        HFClassifier(name=str(folders / family), num_outputs=3, pad_token=PADDING[family])
    )
    tokens = tokens_of(family)
    with torch.no_grad():
        whole, cut = net(tokens)[2], net(tokens[2:3, :6])[0]
    torch.testing.assert_close(whole, cut, rtol=0, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_constructor_leaves_the_weights_random(family, folders):
    name = str(folders / family)
    torch.manual_seed(5)
    with_weights = HFClassifier(name=name, num_outputs=3, pad_token=PADDING[family])
    torch.manual_seed(5)
    without = HFClassifier(name=name, num_outputs=3, weights=None, pad_token=PADDING[family])
    assert without.pretrained is None
    pairs = zip(with_weights.parameters(), without.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    loaded_weights = with_weights.pretrained.load()
    own = with_weights.state_dict()
    assert any(not torch.equal(own[key], value) for key, value in loaded_weights.items())


@pytest.mark.parametrize("family", FAMILIES)
def test_reading_weights_leaves_random_numbers_as_they_were(family, folders):
    net = HFClassifier(name=str(folders / family), num_outputs=5, pad_token=PADDING[family])
    torch.manual_seed(3)
    wanted = torch.rand(4)
    torch.manual_seed(3)
    net.pretrained.load()
    assert torch.equal(torch.rand(4), wanted)


@pytest.mark.parametrize(
    ("family", "new"),
    [
        ("bert", ("model.bert.pooler", "model.classifier")),
        ("distilbert", ("model.classifier", "model.pre_classifier")),
        ("roberta", ("model.classifier",)),
        ("gpt2", ("model.score",)),
    ],
)
def test_the_parts_that_are_made_for_the_classes_are_named(family, new, folders):
    net = HFClassifier(name=str(folders / family), num_outputs=3, pad_token=PADDING[family])
    assert net.pretrained.new == new
    assert net.pretrained.source == str(folders / family)
    names = [name for name, _ in net.named_parameters()]
    assert all(any(name.startswith(f"{one}.") for name in names) for one in new)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_head_of_other_classes_begins_anew(family, folders):
    net = HFClassifier(name=str(folders / family), num_outputs=5, pad_token=PADDING[family])
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    _, missing = loaded(net)
    assert missing
    assert all(name.startswith(net.pretrained.new) for name in missing)
    assert all(torch.equal(before[name], net.state_dict()[name]) for name in missing)


@pytest.mark.parametrize("family", ["bert", "distilbert", "roberta"])
def test_a_model_that_fills_in_words_gives_its_body(family, tmp_path):
    write_model(tmp_path / "words", family, kind="AutoModelForMaskedLM")
    saved = load_file(tmp_path / "words" / "model.safetensors")
    net, missing = loaded(
        HFClassifier(name=str(tmp_path / "words"), num_outputs=2, pad_token=PADDING[family])
    )
    assert all(name.startswith(net.pretrained.new) for name in missing)
    own = net.state_dict()
    body = [name for name in saved if f"model.{name}" in own and f"model.{name}" not in missing]
    assert len(body) > 20
    assert all(torch.equal(own[f"model.{name}"], saved[name]) for name in body)


def test_weights_come_from_a_file_that_is_named(folders, tmp_path):
    tensors = load_file(folders / "bert" / "model.safetensors")
    tensors["classifier.bias"] = torch.tensor([1.0, 2.0, 3.0])
    save_file(tensors, tmp_path / "other.safetensors", metadata={"format": "pt"})
    file = str(tmp_path / "other.safetensors")
    net, missing = loaded(HFClassifier(name=str(folders / "bert"), num_outputs=3, weights=file))
    assert missing == []
    assert net.pretrained.source == file
    assert net.model.classifier.bias.tolist() == [1.0, 2.0, 3.0]


def test_weights_of_several_files_are_those_of_one(folders, tmp_path):
    theirs = theirs_of(folders / "bert", "bert")
    theirs.save_pretrained(tmp_path / "shards", max_shard_size="10KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    one = HFClassifier(name=str(folders / "bert"), num_outputs=3).pretrained.load()
    several = HFClassifier(name=str(tmp_path / "shards"), num_outputs=3).pretrained.load()
    assert one.keys() == several.keys()
    assert all(torch.equal(one[name], several[name]) for name in one)


def test_weights_of_another_model_are_refused(folders, tmp_path):
    tensors = load_file(folders / "bert" / "model.safetensors")
    name = "bert.embeddings.word_embeddings.weight"
    for changed, message in (
        ({**tensors, name: tensors[name][:-1].clone()}, "has another shape"),
        ({key: value for key, value in tensors.items() if key != name}, "is not among them"),
    ):
        save_file(changed, tmp_path / "odd.safetensors", metadata={"format": "pt"})
        net = HFClassifier(
            name=str(folders / "bert"), num_outputs=3, weights=str(tmp_path / "odd.safetensors")
        )
        with pytest.raises(CheckpointError, match=f"`{name}` {message}"):
            net.pretrained.load()


def test_pickled_weights_are_not_read(folders, tmp_path):
    shutil.copytree(folders / "bert", tmp_path / "bert")
    (tmp_path / "bert" / "model.safetensors").rename(tmp_path / "bert" / "pytorch_model.bin")
    arguments = {"name": str(tmp_path / "bert")}
    with pytest.raises(UnreadableModel, match=r"holds no model\.safetensors.*weights=null"):
        HFClassifier.frozen_arguments(arguments)
    with pytest.raises(CheckpointError, match=r"holds no model\.safetensors"):
        HFClassifier(**arguments, num_outputs=2).pretrained.load()
    assert HFClassifier.frozen_arguments({**arguments, "weights": None})


@pytest.mark.parametrize("family", FAMILIES)
def test_a_frozen_architecture_gives_the_same_network_without_the_folder(family, folders, tmp_path):
    arguments = {"name": str(folders / family), "weights": None}
    frozen = HFClassifier.frozen_arguments(arguments)
    OmegaConf.save(OmegaConf.create(frozen), tmp_path / "config.yaml")
    read = OmegaConf.to_container(OmegaConf.load(tmp_path / "config.yaml"))
    assert read == frozen
    nets = []
    for given in ({}, {**read, "name": "gone/from/here"}):
        torch.manual_seed(2)
        nets.append(
            HFClassifier(**{**arguments, **given}, num_outputs=3, pad_token=PADDING[family]).eval()
        )
    with torch.no_grad():
        assert torch.equal(nets[0](tokens_of(family)), nets[1](tokens_of(family)))
    assert HFClassifier.frozen_arguments({**arguments, **read}) == {}


def test_no_network_is_asked_for_a_folder(folders, monkeypatch):
    def connect(*_):
        raise AssertionError("asks the network")

    monkeypatch.setattr(socket.socket, "connect", connect)
    name = str(folders / "bert")
    HFClassifier.frozen_arguments({"name": name})
    loaded(HFClassifier(name=name, num_outputs=3))


def test_code_that_a_folder_names_is_not_executed(folders, tmp_path):
    folder = shutil.copytree(folders / "bert", tmp_path / "bert")
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {
        "AutoConfig": "code.Config",
        "AutoModelForSequenceClassification": "code.Model",
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w')\n")
    net, _ = loaded(HFClassifier(name=str(folder), num_outputs=3))
    assert type(net.model) is transformers.BertForSequenceClassification
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    "key", ["attn_implementation", "_attn_implementation", "_attn_implementation_internal"]
)
def test_a_kernel_on_the_hub_that_an_architecture_names_is_not_asked_for(key, folders):
    architecture = HFClassifier.frozen_arguments({"name": str(folders / "bert")})["architecture"]
    assert not any("implementation" in one for one in architecture)
    hostile = {**architecture, key: "someone/attention", "trust_remote_code": True}
    net = HFClassifier(name="gone", num_outputs=3, architecture=hostile)
    assert net.model.config._attn_implementation in ("sdpa", "eager")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quantization_config": {"bits": 8}}, "weights are quantized"),
        ({"model_type": None}, "has no `model_type`"),
        ({"extra": {"_target_": "os.system"}}, "has `_target_`"),
        ({"extra": ["${oc.env:HOME}"]}, "has `.*HOME"),
    ],
)
def test_a_config_that_is_none_of_transformers_is_refused(change, message, folders, tmp_path):
    folder = shutil.copytree(folders / "bert", tmp_path / "bert")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(UnreadableModel, match=message):
        HFClassifier.frozen_arguments({"name": str(folder)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"context": CONTEXT + 1}, f"type data.context={CONTEXT}$"),
        ({"vocab_size": 300}, "the tokenizer has 300 tokens, the model 290"),
        ({"pad_token": 2}, "fills texts up with token 1, the tokenizer with 2"),
        ({"architecture": {"model_type": "perhaps"}}, "is none of transformers"),
        ({"architecture": {"model_type": "vit"}}, "`vit` classify no texts"),
    ],
)
def test_what_does_not_fit_the_texts_is_refused(options, message, folders):
    given = {"pad_token": 1, **options}
    with pytest.raises(ValueError, match=message):
        HFClassifier(name=str(folders / "roberta"), num_outputs=2, **given)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_text_of_all_tokens_that_a_model_reads_fits(family, folders):
    net = HFClassifier(
        name=str(folders / family), num_outputs=2, context=CONTEXT, pad_token=PADDING[family]
    )
    tokens = torch.full((1, CONTEXT), 7)
    assert net(tokens).shape == (1, 2)


def test_operations_are_counted_without_memory(folders):
    with torch.device("meta"):
        net = HFClassifier(name=str(folders / "bert"), num_outputs=3, pad_token=0)
        with FlopCounterMode(display=False) as counter:
            net(torch.zeros(1, 8, dtype=torch.long))
    config = configs()["bert"]
    width, hidden, length = config.hidden_size, config.intermediate_size, 8
    # Of each layer: four projections, the two of the MLP, and the two products of attention.
    layer = 2 * length * (4 * width * width + 2 * width * hidden) + 4 * length * length * width
    heads = 2 * width * width + 2 * width * 3
    assert counter.get_total_flops() == config.num_hidden_layers * layer + heads


def test_a_network_can_be_sent_to_another_process(folders):
    net, _ = loaded(HFClassifier(name=str(folders / "bert"), num_outputs=3))
    again = pickle.loads(pickle.dumps(net))
    with torch.no_grad():
        assert torch.equal(again(tokens_of("bert")), net(tokens_of("bert")))
    assert again.pretrained.load().keys() == net.state_dict().keys()
