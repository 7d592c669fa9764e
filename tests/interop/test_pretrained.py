import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from leyden.errors import ConfigError
from leyden.interop.gpt2 import gpt2_weights, read_gpt2, require_matching_gpt2
from leyden.models import GPT
from leyden.models.hf_folder import UnreadableFolder

TOKENS = torch.arange(20)[None]


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copied")


def gpt(**options):
    sizes = {"vocab_size": 280, "context": 24, "width": 32, "depth": 2, "head_dim": 8}
    with torch.device("meta"):
        return GPT(**sizes | options)


def rewrite(folder, change):
    file = folder / "model.safetensors"
    weights = change(load_file(file))
    save_file(weights, file, metadata={"format": "pt"})


@torch.no_grad()
def test_the_model_of_a_folder_has_the_logits_of_transformers(saved, theirs):
    ours = read_gpt2(saved).eval()
    torch.testing.assert_close(ours(TOKENS), theirs(TOKENS).logits, rtol=0, atol=1e-5)


def test_the_names_and_masks_of_the_released_files_are_read(folder):
    before = gpt2_weights(folder)

    def as_released(weights):
        bare = {name.removeprefix("transformer."): t for name, t in weights.items()}
        return bare | {"h.0.attn.bias": torch.ones(1, 1, 24, 24).tril()}

    rewrite(folder, as_released)
    after = gpt2_weights(folder)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_weights_of_half_precision_are_read_into_single(folder):
    rewrite(folder, lambda weights: {name: t.half() for name, t in weights.items()})
    assert {p.dtype for p in read_gpt2(folder).parameters()} == {torch.float32}


def test_weights_of_another_model_are_named(folder):
    rewrite(folder, lambda weights: weights | {"transformer.h.0.attn.q_proj.weight": torch.ones(2)})
    with pytest.raises(UnreadableFolder, match=r"not a GPT-2's.*q_proj"):
        gpt2_weights(folder)


def test_weights_that_are_not_of_the_config_are_an_error(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"n_layer": 3}))
    with pytest.raises(UnreadableFolder, match=r"not of the model in its config\.json"):
        read_gpt2(folder)


def test_the_same_model_is_not_refused(saved):
    require_matching_gpt2("init_from", f"hf:{saved}", gpt())


def test_another_model_is_refused_with_what_to_type_and_no_weights_read(folder):
    (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(ConfigError) as raised:
        require_matching_gpt2(
            "init_from", f"hf:{folder}", gpt(width=64, head_dim=64, vocab_size=99)
        )
    (problem,) = raised.value.problems
    assert "type `model.vocab_size=280 model.width=32 model.head_dim=8`" in problem.message
    assert f"its tokenizer: `data.tokenizer={folder}`" in problem.message


def test_a_folder_without_weights_is_refused(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"holds no model\.safetensors"):
        require_matching_gpt2("init_from", f"hf:{folder}", gpt())


def test_a_variant_of_gpt2_is_refused_by_its_key(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"activation_function": "relu"}))
    with pytest.raises(ConfigError, match="activation_function is 'relu'"):
        require_matching_gpt2("init_from", f"hf:{folder}", gpt())
