"""What configs name is code: none of it is run, or even imported, that is not on the list."""

import sys
from copy import deepcopy

import pytest
from omegaconf import OmegaConf, open_dict

from leyden.config.compose import reject_foreign_plugins
from leyden.config.composer import Composer
from leyden.config.instantiate import make
from leyden.config.request import Request
from leyden.config.sweep_space import Assignment
from leyden.config.validate import validate_frozen
from leyden.errors import ConfigError

PLACES = ("model", "data", "optimizer", "scheduler", "callbacks.evil", "logger.evil")

SYSTEM = [
    *("os.system", "os.popen", "os.mkdir", "os.remove", "os.execv", "os.kill", "posix.system"),
    *("subprocess.run", "subprocess.Popen", "subprocess.check_output", "pty.spawn"),
    *("builtins.eval", "builtins.exec", "builtins.compile", "builtins.open", "builtins.getattr"),
    *("builtins.__import__", "importlib.import_module", "runpy.run_path", "code.interact"),
    *("ctypes.CDLL", "ctypes.cdll.LoadLibrary", "webbrowser.open", "socket.create_connection"),
    *("pathlib.Path", "pathlib.Path.unlink", "pathlib.Path.write_text", "pathlib.Path.mkdir"),
    *("shutil.rmtree", "shutil.copytree", "shutil.move", "tempfile.mkdtemp", "tarfile.open"),
    *("pickle.load", "pickle.loads", "shelve.open", "marshal.loads", "yaml.unsafe_load"),
    *("functools.partial", "functools.reduce", "operator.methodcaller", "urllib.request.urlopen"),
]
LIBRARIES = [
    *("torch.load", "torch.save", "torch.hub.load", "torch.jit.load", "torch.compile"),
    *("torch.utils.cpp_extension.load", "torch.utils.model_zoo.load_url", "torch.ops.load_library"),
    *("torch.nn.modules.module.register_module_forward_hook", "torch.nn.utils.rnn.pad_sequence"),
    *("torch.optim.swa_utils.update_bn", "torch.optim.lr_scheduler.Counter"),
    *("numpy.load", "numpy.fromfile", "numpy.save", "numpy.lib.npyio.load", "pandas.read_pickle"),
    *(
        "hydra.utils.instantiate",
        "hydra.utils.get_object",
        "hydra.main",
        "omegaconf.OmegaConf.load",
    ),
    *("pytorch_lightning.Trainer", "pytorch_lightning.LightningModule.load_from_checkpoint"),
    *("pytorch_lightning.utilities.migration.migrate_checkpoint", "logging.os.system"),
]
OURS = [
    *(
        "leyden.cli.command.main",
        "leyden.training.train.train",
        "leyden.config.targets.make",
        "leyden.inference.evaluate.evaluate",
    ),
    *("leyden.files.atomic.write_atomically", "leyden.run.checkpoint_file.remove"),
    *("leyden.data.fetching.fetch_into", "leyden.data.images.torchvision_images.unzip"),
    *(
        "leyden.data.images.torchvision_images.shutil.rmtree",
        "leyden.run.provenance.subprocess.run",
    ),
    *("leyden.distributed.worker.JobWork", "leyden.sweeps.launchers.slurm_job.Submitted"),
    *("leyden.sweeps.run.run_sweep", "leyden.sweeps.launchers.supervise.ask_to_stop"),
]
BORROWED = [
    *(
        "leyden.data.images.digits.Path",
        "leyden.data.tables.csv_table.Path",
        "leyden.models.gpt.torch.load",
    ),
    *(
        "leyden.callbacks.text_samples.logging",
        "leyden.models.MLP.__init__",
        "leyden.models.MLP.load",
    ),
    *("leyden.models.__loader__.load_module", "leyden.models.__builtins__", "leyden.models._MLP"),
    *("torch.nn.Module.__reduce__", "torch.nn.Linear.forward", "torch.nn.__loader__"),
    *("torch.nn.functional", "torch.nn.init.normal_", "torch.optim._functional.adam"),
    *("pytorch_lightning.callbacks.model_checkpoint.shutil.rmtree", "leyden.models..MLP"),
    *("pytorch_lightning.loggers.csv_logs.os.makedirs", ".leyden.models.MLP", "leyden.models."),
    *("leyden.models.MLP;import os", "leyden models MLP", "MLP", "", "leyden.models"),
]
STRANGERS = ["canary_bird.Song", "canary_bird.sing", "canary_bird", "hydra_plugins.canary.Song"]
HOSTILE = [*SYSTEM, *LIBRARIES, *OURS, *BORROWED, *STRANGERS]
FEW = ["os.system", "torch.load", "leyden.data.Path", "canary_bird.Song"]
assert len(set(HOSTILE)) == len(HOSTILE) >= 100


@pytest.fixture(autouse=True)
def stranger(tmp_path, monkeypatch, canary):
    """A module that leaves a trace when it is imported."""
    text = f"import os\nos.mkdir({str(canary)!r})\nclass Song: pass\ndef sing(): pass\n"
    (tmp_path / "canary_bird.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    assert not canary.exists()
    assert "canary_bird" not in sys.modules
    assert not (tmp_path / "outputs").exists()


@pytest.fixture(scope="module")
def composed():
    """The config of `leyden train` with the node `hydra`, and its job."""
    composer = Composer(Request())
    return composer.config([]).hydra, composer.job([], Assignment())


def problems_of(cfg):
    """What is wrong with a config, composed or saved; both are checked by the same functions."""
    with pytest.raises(ConfigError) as refused:
        validate_frozen(cfg)
    return refused.value.problems


@pytest.mark.parametrize("target", HOSTILE)
def test_it_is_refused_in_every_part_of_a_config(composed, target, canary):
    cfg = deepcopy(composed[1].cfg)
    for place in PLACES:
        OmegaConf.update(cfg, f"{place}._target_", target, force_add=True)
        OmegaConf.update(cfg, f"{place}.path", str(canary), force_add=True)
    assert {f"{place}._target_" for place in PLACES} <= {p.key for p in problems_of(cfg)}


@pytest.mark.parametrize("target", HOSTILE)
def test_it_is_refused_within_the_arguments_of_a_part(composed, target):
    cfg, places = deepcopy(composed[1].cfg), ("model", "data", "optimizer", "callbacks.best")
    for place in places:
        nested = [{"deep": {"_target_": target}}]
        OmegaConf.update(cfg, f"{place}.inner", nested, force_add=True)
    found = [p.key for p in problems_of(cfg) if p.key.endswith("_target_")]
    assert found == [f"{place}.inner[0].deep._target_" for place in places]
    with pytest.raises(ValueError):  # noqa: PT011 (each is refused for a reason of its own)
        make(cfg.optimizer)


@pytest.mark.parametrize("target", HOSTILE)
def test_it_is_refused_as_launcher_and_as_sweeper(composed, target):
    hydra = deepcopy(composed[0])
    with open_dict(hydra):
        hydra.launcher._target_ = hydra.sweeper._target_ = target
        hydra.callbacks = {"evil": {"_target_": target}}
    with pytest.raises(ConfigError) as refused:
        reject_foreign_plugins(hydra)
    keys = [problem.key for problem in refused.value.problems]
    assert keys == ["hydra/launcher", "hydra/sweeper", "hydra.callbacks.evil"]


@pytest.mark.parametrize("target", FEW)
def test_it_is_refused_in_a_saved_config(leyden, changed, target):
    places = ("model", "data", "callbacks.best", "logger.csv")

    def edit(cfg):
        for place in places:
            OmegaConf.update(cfg, f"{place}._target_", target, force_add=True)

    result = leyden("eval", str(changed(edit)))
    assert result.status == 2
    for place in places:
        assert f"error: {place}._target_={target} (config.yaml)" in result.err


@pytest.mark.parametrize("target", FEW)
def test_the_command_line_says_so_and_writes_nothing(leyden, target):
    words = [f"++{place}._target_={target}" for place in PLACES]
    result = leyden("train", *words)
    assert result.status == 2
    for place in PLACES:
        assert f"error: {place}._target_={target} (command line)" in result.err


@pytest.mark.parametrize("verb", ["generate", "export", "resume", "reproduce"])
def test_the_other_verbs_that_read_a_run_refuse_it_too(leyden, changed, verb, tmp_path):
    folder = changed(lambda cfg: cfg.model.update({"_target_": "canary_bird.Song"}))
    words = {"generate": ("--prompt", "a"), "export": ("--format", "hf", "--output", "out")}
    result = leyden(verb, str(folder), *words.get(verb, ()))
    assert result.status == 2
    assert "error: model._target_=canary_bird.Song" in result.err
    assert "is not allowed" in result.err


def test_hydras_callbacks_are_refused(leyden):
    for words in ((), ("-m", "seed=1,2")):
        result = leyden("train", "++hydra.callbacks.x._target_=canary_bird.Song", *words)
        assert result.status == 2
        assert "hydra.callbacks.x" in result.err


def test_a_package_of_configs_on_hydras_search_path_is_not_imported(leyden, tmp_path):
    (tmp_path / "theirs").mkdir()
    text = "defaults: [config, _self_]\nhydra:\n  searchpath: ['pkg://canary_bird']\n"
    (tmp_path / "theirs" / "mine.yaml").write_text(text)
    result = leyden("train", "--config-dir", "theirs", "--config-name", "mine")
    assert result.status == 2
    assert "pkg://canary_bird is not allowed" in result.err
