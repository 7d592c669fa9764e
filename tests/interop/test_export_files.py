"""Exported models, asked by the libraries that they are for, without Leyden."""

import json
import re
import subprocess
import sys

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch

from leyden.data import Digits
from leyden.inference.load import load_run
from leyden.interop.deployable import Deployable
from leyden.interop.program_export import differences, write_onnx

SHORT = ("trainer.max_steps=3", "trainer.max_epochs=null", "logger=null", "baselines=null")
TEXT = ("data=stdlib_text", "data.max_bytes=60000", "data.context=16", "callbacks.samples=null")
RUNS = {
    "mlp": (),
    "cnn": ("model=cnn", "model.width=8"),
    "resnet": ("model=resnet", "model.width=8"),
    "vgg": ("model=vgg", "model.width=8"),
    "rnn on images": ("model=rnn", "model.width=8"),
    "table": ("data=blobs",),
    "line": ("data=line", "data.batch_size=4"),
    "series": ("model=rnn", "data=sunspots", "model.width=8", "data.horizon=3"),
    "gru": ("model=rnn", "model.cell=gru", "data=sine", "model.width=8"),
    "gpt": ("model=gpt", *TEXT, "model.width=16", "model.depth=1"),
    "llama-like": ("model=gpt", *TEXT, "model.width=16", "model.depth=1", "model.norm=rms"),
    "rnn on text": ("model=rnn", *TEXT, "model.width=16"),
}


def run_of(leyden, name):
    result = leyden("train", *SHORT, *RUNS[name], "run_dir=run")
    assert result.status == 0, result.err
    return result.folder


def export(leyden, folder, format, *more):
    result = leyden("export", str(folder), "--format", format, "--output", "out", *more)
    assert result.status == 0, result.err
    return result


@pytest.mark.parametrize("name", RUNS)
def test_onnx_runtime_gives_what_the_network_gives_for_each_size(name, leyden, tmp_path):
    folder = run_of(leyden, name)
    export(leyden, folder, "onnx")
    run = load_run(folder)
    model = Deployable(run.net, run.spec, run.preparation).eval()
    session = onnxruntime.InferenceSession(tmp_path / "out" / "model.onnx")
    for count in (1, 3, 40):
        for length in (5, 16) if run.spec.kind == "text" else (None,):
            if length is None:
                inputs = torch.rand(count, *run.spec.input_shape)
            else:
                inputs = torch.randint(0, run.spec.num_outputs, (count, length))
            (outputs,) = session.run(None, {"inputs": inputs.numpy()})
            with torch.inference_mode():
                expected = model(inputs).numpy()
            np.testing.assert_allclose(outputs, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["mlp", "cnn", "series", "gpt", "rnn on text"])
def test_a_program_of_torch_export_is_the_same_to_the_bit(name, leyden, tmp_path):
    folder = run_of(leyden, name)
    result = export(leyden, folder, "torch")
    run = load_run(folder)
    model = Deployable(run.net, run.spec, run.preparation).eval()
    loaded = torch.export.load(tmp_path / "out" / "model.pt2").module()
    inputs = torch.randint(0, 9, (2, 16)) if run.spec.kind == "text" else None
    inputs = torch.rand(2, *run.spec.input_shape) if inputs is None else inputs
    with torch.inference_mode():
        assert torch.equal(loaded(inputs), model(inputs))
    assert ("takes exactly 16 tokens" in result.err) == (name == "rnn on text")


def test_pixels_go_in_and_the_probabilities_of_predict_come_out(leyden, tmp_path):
    folder = run_of(leyden, "cnn")
    export(leyden, folder, "onnx")
    test = Digits(batch_size=8).splits.test
    np.save(tmp_path / "images.npy", test.pixels[:20, 0].numpy())
    leyden("predict", str(folder), "images.npy", "--out", "told.csv")
    told = pd.read_csv(tmp_path / "told.csv")
    session = onnxruntime.InferenceSession(tmp_path / "out" / "model.onnx")
    (found,) = session.run(None, {"inputs": test.pixels[:20].float().numpy()})
    for digit in range(10):
        np.testing.assert_allclose(found[:, digit], told[f"probability {digit}"], atol=1e-6)


@pytest.mark.parametrize("format", ["onnx", "torch", "safetensors"])
def test_the_card_says_how_to_load_and_that_works_without_leyden(format, leyden, tmp_path):
    folder = run_of(leyden, "mlp")
    export(leyden, folder, format)
    card = (tmp_path / "out" / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert len(code.strip().splitlines()) <= 6
    blocked = "import sys; sys.modules['leyden'] = None\n"
    done = subprocess.run(
        [sys.executable, "-c", blocked + code], cwd=tmp_path / "out", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    metrics = json.loads((folder / "run.json").read_text())["metrics"]
    assert f"| test/acc | {metrics['test/acc']:.4g} |" in card
    assert "Split drawn, each class alike." in card


def test_weights_in_safetensors_are_those_of_the_checkpoint(leyden, tmp_path):
    from safetensors.torch import load_file

    folder = run_of(leyden, "cnn")
    export(leyden, folder, "safetensors")
    expected = load_run(folder).net.state_dict()
    found = load_file(tmp_path / "out" / "model.safetensors")
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_shared_weights_are_written_once_and_loaded_again(leyden, tmp_path):
    from safetensors.torch import load_model

    folder = run_of(leyden, "gpt")
    export(leyden, folder, "safetensors")
    expected, other = load_run(folder).net, load_run(folder).net
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    load_model(other, tmp_path / "out" / "model.safetensors")
    for name, tensor in expected.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor)


def test_a_file_that_differs_from_the_live_model_is_refused(leyden, monkeypatch, tmp_path):
    folder = run_of(leyden, "mlp")
    run = load_run(folder)
    model = Deployable(run.net, run.spec, run.preparation).eval()
    written = write_onnx(model, tmp_path / "model.onnx")
    with torch.no_grad():
        next(model.net.parameters()).add_(0.5)
    assert max(one.value for one in differences(model, written, None)) > 1e-2
    monkeypatch.setattr("leyden.inference.export.TOLERANCE", -1.0)
    result = leyden("export", "run", "--format", "onnx", "--output", "out")
    assert result.status == 2
    assert "differs from the live model" in result.err
    assert not (tmp_path / "out").exists()


def test_without_its_data_a_model_is_compared_on_random_inputs(leyden, tmp_path):
    pd.DataFrame({"x": range(60), "y": [2.5 * k for k in range(60)]}).to_csv("t.csv", index=False)
    words = ("data=csv", "data.path=t.csv", "data.target=y", "run_dir=run")
    folder = leyden("train", *SHORT, *words).folder
    (tmp_path / "t.csv").unlink()
    result = export(leyden, folder, "onnx")
    assert "the run's data is gone: compared on random inputs alone" in result.err
    kept = json.loads((tmp_path / "out" / "preparation.json").read_text())
    assert kept == json.loads((folder / "preparation.json").read_text())


def test_a_taken_folder_is_refused(leyden, tmp_path):
    folder = run_of(leyden, "mlp")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("")
    result = leyden("export", str(folder), "--format", "onnx", "--output", "out")
    assert result.status == 2
    assert "is not empty" in result.err


@pytest.mark.parametrize("name", ["cnn", "series", "gpt", "rnn on text"])
def test_the_file_of_8_bits_is_small_and_loses_what_the_card_says(name, leyden, tmp_path):
    folder = run_of(leyden, name)
    told = export(leyden, folder, "onnx", "--quantize", "int8").err
    small, whole = (tmp_path / "out" / f"model{bits}.onnx" for bits in (".int8", ""))
    assert small.stat().st_size < 0.7 * whole.stat().st_size
    assert "weights of 8 bits" in told
    card = (tmp_path / "out" / "README.md").read_text()
    rows = re.findall(r"^\| (acc|loss|rmse) \| (\S+) \| (\S+) \|$", card, re.MULTILINE)
    found = {key: (float(before), float(after)) for key, before, after in rows}
    metrics = json.loads((folder / "run.json").read_text())["metrics"]
    for key, (before, after) in found.items():
        assert before == pytest.approx(metrics[f"test/{key}"], rel=2e-3)
        assert after == pytest.approx(before, rel=0.1)
    assert found


def test_the_accuracy_of_8_bits_is_that_of_plain_onnx_runtime(leyden, tmp_path):
    words = ("model=cnn", "model.width=8", "trainer.max_epochs=3", "logger=null", "run_dir=run")
    folder = leyden("train", *words, "baselines=null").folder
    export(leyden, folder, "onnx", "--quantize", "int8")
    session = onnxruntime.InferenceSession(tmp_path / "out" / "model.int8.onnx")
    test = Digits(batch_size=8).splits.test
    # The ranges of activations are those of a batch; a batch is of 64, as in `quantized_export`.
    parts = [
        session.run(None, {"inputs": part.numpy()})[0] for part in test.pixels.float().split(64)
    ]
    accuracy = float((np.concatenate(parts).argmax(-1) == test.labels.numpy()).mean())
    card = (tmp_path / "out" / "README.md").read_text()
    (row,) = re.findall(r"^\| acc \| \S+ \| (\S+) \|$", card, re.MULTILINE)
    assert float(row) == pytest.approx(accuracy, abs=1e-4)


def test_quantising_is_for_onnx_alone(leyden):
    folder = run_of(leyden, "mlp")
    words = ("--format", "torch", "--output", "out", "--quantize", "int8")
    done = leyden("export", str(folder), *words)
    assert done.status == 2
    assert "is for --format onnx" in done.err
