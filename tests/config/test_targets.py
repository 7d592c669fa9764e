"""What configs may name: nothing that runs other people's code."""

import pytest

from leyden.config.targets import find_target

HOSTILE = [
    "os.system",
    "subprocess.run",
    "builtins.eval",
    "builtins.__import__",
    "pickle.loads",
    "torch.load",
    "torch.hub.load",
    "torch.utils.cpp_extension.load",
    "numpy.load",
    "pathlib.Path.unlink",
    "shutil.rmtree",
    "importlib.import_module",
    "logging.os.system",
    "functools.partial",
    "hydra.utils.get_object",
    "leyden.cli.command.main",
    "leyden.training.train.train",
    "leyden.config.targets.make",
    "leyden.run.provenance.subprocess.run",
    # aliases that lie in an allowed room
    "leyden.data.images.digits.Path",
    "leyden.data.images.digits.find_spec",
    "leyden.data.text.stdlib_text.sysconfig",
    "leyden.callbacks.signal_stop.signal",
    "leyden.callbacks.text_samples.logging",
    "leyden.models.gpt.torch.load",
    "torch.nn.modules.module.torch.load",
    "torch.nn.__loader__",
    "torch.optim._functional",
    "pytorch_lightning.callbacks.model_checkpoint.shutil.rmtree",
    "pytorch_lightning.callbacks.model_checkpoint.os.remove",
    "leyden.models..MLP",
    "leyden.models.",
    "",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_target_is_refused(path):
    with pytest.raises(ValueError, match=r"allowed|is not a class|can't be imported|no such name"):
        find_target(path)


def test_a_refused_package_is_not_even_imported(tmp_path, monkeypatch):
    (tmp_path / "canary.py").write_text(f"open({str(tmp_path / 'sang')!r}, 'w')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="not allowed"):
        find_target("canary.anything")
    assert not (tmp_path / "sang").exists()


def test_a_package_that_the_user_allows_is_found_in_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "mine_here.py").write_text("class Thing: pass\n")
    monkeypatch.setenv("LEYDEN_PACKAGES", "other, mine_here")
    assert find_target("mine_here.Thing").__name__ == "Thing"


def test_an_alias_in_a_users_package_is_refused(tmp_path, monkeypatch):
    (tmp_path / "mine_alias.py").write_text("from os import system\n")
    monkeypatch.setenv("LEYDEN_PACKAGES", "mine_alias")
    with pytest.raises(ValueError, match="is not a class or function"):
        find_target("mine_alias.system")


@pytest.mark.parametrize(
    "path",
    [
        "leyden.models.GPT",
        "leyden.optim.muon",
        "leyden.data.Digits",
        "leyden.loggers.CSV",
        "pytorch_lightning.callbacks.ModelCheckpoint",
        "torch.nn.Linear",
    ],
)
def test_what_configs_need_is_allowed(path):
    assert find_target(path).__name__ == path.rpartition(".")[2]


def test_a_hostile_target_in_hydras_own_node_is_refused(leyden):
    result = leyden("train", "hydra.launcher._target_=os.system", "-m", "seed=1,2")
    assert result.status == 2
    assert "hydra/launcher=os.system" in result.err


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("class A:\n    def f(self:\n", r"broken\.py:2: SyntaxError: '\(' was never closed"),
        ("import torch\nx = 1 / 0\n", r"broken\.py:2: ZeroDivisionError: division by zero"),
        ("\nimport lacking\n", r"broken\.py:2: No module named 'lacking'"),
    ],
)
def test_a_module_of_the_users_that_can_not_be_imported_is_named_with_its_line(
    code, said, user_package
):
    user_package("broken", code)
    with pytest.raises(ValueError, match=f"can't be imported: .*{said}"):
        find_target("broken.A")
