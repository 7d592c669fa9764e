import json
import shutil
import sys

import pytest
import torch
from safetensors.torch import save_file

from leyden.models.hf_folder import (
    UnreadableFolder,
    locate,
    read_config,
    read_tensors,
    weight_files,
)


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copied")


def same(tensors, others):
    return tensors.keys() == others.keys() and all(
        torch.equal(tensors[n], others[n]) for n in tensors
    )


def test_a_path_names_the_folder(saved):
    assert locate(f"hf:{saved}", ["config.json"]) == saved


def test_the_tensors_of_several_files_are_those_of_one(saved, theirs, tmp_path):
    theirs.save_pretrained(tmp_path / "sharded", max_shard_size="20KB")
    assert len(list((tmp_path / "sharded").glob("*.safetensors"))) > 1
    assert same(read_tensors(tmp_path / "sharded"), read_tensors(saved))


def test_weights_that_only_a_pickle_holds_are_not_read(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UnreadableFolder, match=r"holds no model\.safetensors"):
        read_tensors(folder)


@pytest.mark.parametrize("name", ["../model.safetensors", "/etc/model.safetensors", "a/b"])
def test_an_index_names_no_files_outside_the_folder(folder, name):
    index = {"weight_map": {"wte.weight": name}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UnreadableFolder, match="names files outside"):
        weight_files(folder)


def test_an_index_without_a_map_is_an_error(folder):
    (folder / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(UnreadableFolder, match="has no weight_map"):
        weight_files(folder)


def test_a_file_that_was_cut_off_is_an_error(folder):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(UnreadableFolder, match=r"its model\.safetensors can't be read"):
        read_tensors(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "holds no config.json"), ("{", "can't be read"), ("[]", "is no JSON object")],
)
def test_a_config_that_is_none_is_an_error(tmp_path, text, message):
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(UnreadableFolder, match=message):
        read_config(tmp_path)


def test_the_shapes_of_what_is_read_are_those_that_were_saved(tmp_path):
    save_file({"a": torch.arange(6.0).view(2, 3)}, tmp_path / "model.safetensors")
    assert same(read_tensors(tmp_path), {"a": torch.tensor([[0.0, 1, 2], [3, 4, 5]])})


def test_a_name_that_is_neither_a_folder_nor_on_the_hub_is_an_error():
    with pytest.raises(UnreadableFolder, match="neither a folder nor"):
        locate("hf:no such/na me", ["config.json"])


def test_without_a_network_the_hub_is_an_error_of_one_line(monkeypatch, tmp_path):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UnreadableFolder, match="could not be fetched from the Hub") as raised:
        locate("hf:gpt2", ["config.json"])
    assert "\n" not in str(raised.value)


def test_a_missing_package_is_named_with_its_extra(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(UnreadableFolder, match=r"safetensors.*pip install 'leyden\[hf\]'"):
        locate(f"hf:{saved}", ["config.json"])


def test_a_model_that_was_fetched_before_is_found_without_a_network(saved, monkeypatch, tmp_path):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    kept = tmp_path / "models--some--model"
    shutil.copytree(saved, kept / "snapshots" / ("a" * 40))
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("a" * 40)
    found = locate("hf:some/model", ["config.json"])
    assert read_config(found) == read_config(saved)
