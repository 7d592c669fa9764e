"""A project in lightning-hydra-template's layout, as it is: what its configs become here."""

import shutil
import sys
import tomllib
from pathlib import Path

import pytest

import leyden as package
from leyden.config.compose import compose_request
from leyden.config.project import forget_project
from leyden.config.request import Request
from leyden.errors import ConfigError

PROJECT = Path(__file__).parents[1] / "assets" / "template_project"
TABLE = '\n[tool.leyden]\npackages = ["src"]\nconf = "configs"\noutputs = "logs"\n'


@pytest.fixture(autouse=True)
def layout(tmp_path, monkeypatch):
    """The project in the folder of the test, adopted."""
    shutil.copytree(PROJECT, tmp_path, dirs_exist_ok=True)
    (tmp_path / ".git").mkdir()
    with (tmp_path / "pyproject.toml").open("a") as file:
        file.write(TABLE)
    monkeypatch.setattr("sys.path", list(sys.path))
    for name in [one for one in sys.modules if one.partition(".")[0] == "src"]:
        monkeypatch.delitem(sys.modules, name)
    forget_project()
    yield tmp_path
    for name in [one for one in sys.modules if one.partition(".")[0] == "src"]:
        del sys.modules[name]


def job_of(*overrides):
    return compose_request(Request(overrides)).jobs[0]


def test_a_primary_config_of_the_user_is_valid_as_it_is():
    (job,) = package.compose("seed=1").jobs
    assert job.choices["model"] == "digits"
    assert job.cfg.name == "train"
    assert job.cfg.own_keys == [
        *("task_name", "tags", "train", "test", "ckpt_path", "paths", "extras"),
    ]


def test_its_checkpoint_callback_says_what_is_best():
    cfg = job_of().cfg
    assert (cfg.monitor.metric, cfg.monitor.mode) == ("val/acc", "max")
    assert cfg.callbacks.best._target_ == "leyden.callbacks.BestCheckpoint"
    assert cfg.callbacks.early_stopping._target_ == "pytorch_lightning.callbacks.EarlyStopping"
    assert "model_checkpoint" not in cfg.callbacks
    assert "rich_progress_bar" not in cfg.callbacks
    assert job_of("callbacks.model_checkpoint.monitor=val/loss").cfg.monitor.metric == "val/loss"


def test_keys_of_its_checkpoint_callback_that_are_not_taken_are_said():
    notes = " ".join(job_of("callbacks.model_checkpoint.every_n_epochs=2").notes)
    assert "in the run's folder; without dirpath, filename, every_n_epochs" in notes


def test_a_misspelt_callback_is_refused_with_the_name():
    with pytest.raises(ConfigError, match=r"did you mean `callbacks\.early_stopping`"):
        job_of("callbacks.early_stoping.patience=3")


def test_a_misspelt_package_in_a_target_is_refused_with_the_path():
    text = "model._target_=srcc.models.digits_module.DigitsModule"
    result = package.compose("seed=1")
    assert str(result.jobs[0].cfg.model._target_).startswith("src.")
    with pytest.raises(ConfigError, match=r"did you mean `src\.models\.digits_module"):
        package.plan(text)


def test_its_trainer_has_lightnings_defaults_where_it_says_nothing():
    trainer = job_of().cfg.trainer
    assert "_target_" not in trainer
    assert (trainer.max_epochs, trainer.min_epochs, trainer.accelerator) == (3, 1, "cpu")
    assert trainer.gradient_clip_val is None
    assert trainer.num_sanity_val_steps == 2
    assert trainer.log_every_n_steps == 50


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (("experiment=example",), {"seed": 12345, "trainer.gradient_clip_val": 0.5}),
        (("experiment=example",), {"model.net.lin1_size": 48, "tags": ["digits", "dense"]}),
        (("debug=fdr",), {"trainer.max_steps": 1, "trainer.limit_val_batches": 1, "logger": {}}),
        (("debug=fdr",), {"name": "debug", "trainer.detect_anomaly": True}),
        (("debug=limit",), {"trainer.limit_train_batches": 0.1, "trainer.max_epochs": 3}),
        (("debug=overfit",), {"trainer.limit_train_batches": 3, "trainer.limit_val_batches": 3}),
        (("trainer=ddp_sim",), {"trainer.strategy": "ddp", "trainer.devices": 2}),
        (("trainer=ddp",), {"trainer.accelerator": "gpu", "trainer.devices": 4}),
        (("tags=[a,b]",), {"tags": ["a", "b"]}),
        (("task_name=mine",), {"name": "mine"}),
        (("test=false",), {"trainer.limit_test_batches": 0}),
        (("ckpt_path=some/last.ckpt",), {"init_from": "some/last.ckpt"}),
        (("trainer.precision=16",), {"trainer.precision": "16-mixed"}),
        (("logger=many_loggers",), {"logger.csv._target_": "leyden.loggers.CSV"}),
        (("logger=many_loggers",), {"logger.tensorboard._target_": "leyden.loggers.TensorBoard"}),
        (("logger=null",), {"logger": {}}),
        (("callbacks=none", "run_dir=here"), {"monitor.metric": None, "run_dir": "here"}),
        (("resume.keep=0",), {"resume.keep": 0, "resume.every_minutes": 1}),
        (("trainer=smoke",), {"trainer.max_steps": 2}),
    ],
)
def test_what_is_asked_for_means_what_it_means_there(overrides, expected):
    from omegaconf import OmegaConf

    cfg = job_of(*overrides).cfg
    found = {key: OmegaConf.select(cfg, key) for key in expected}
    plain = {
        key: OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
        for key, value in found.items()
    }
    assert plain == expected


def test_wandb_keeps_its_own_keys_and_writes_into_the_folder_of_the_run():
    cfg = job_of("logger=wandb").cfg
    assert cfg.logger.wandb == {
        "_target_": "leyden.loggers.Wandb",
        "offline": False,
        "project": "digits",
    }


def test_its_search_is_leydens():
    sweep = compose_request(Request(("hparams_search=digits_optuna",))).sweep
    assert sweep is not None
    assert sweep.searcher is not None
    found = dict(sweep.searcher)
    assert found["_target_"] == "leyden.sweeps.search.OptunaSearch"
    assert (found["sampler"], found["seed"], found["n_trials"]) == ("tpe", 1234, 2)
    assert found["objectives"] == {"val/acc_best": "max"}
    assert sweep.axes.keys == ("model.optimizer.lr", "data.batch_size", "model.net.lin1_size")


def test_a_seed_that_is_null_is_drawn():
    seeds = {job_of().cfg.seed for _ in range(3)}
    assert len(seeds) == 3
    assert len({job_of("run_dir=here").cfg.seed for _ in range(3)}) == 1


def test_each_job_of_a_sweep_has_a_seed_that_it_keeps():
    def seeds():
        request = Request(("model.optimizer.lr=0.1,0.2",), multirun=True)
        return [job.cfg.seed for job in compose_request(request).jobs]

    assert seeds() == seeds()
    assert len(set(seeds())) == 2


def test_folders_are_the_projects_and_that_of_the_run(layout):
    paths = job_of().cfg.paths
    assert paths.data_dir == f"{layout}/data/"
    assert paths.work_dir == str(layout)
    assert paths.output_dir == "<run_dir>"


def test_what_is_replaced_is_said_with_its_line():
    notes = job_of().notes
    line = (PROJECT / "configs/callbacks/default.yaml").read_text().splitlines()
    number = line.index("model_checkpoint:") + 1
    place = f"callbacks.model_checkpoint (configs/callbacks/default.yaml:{number}): "
    assert [note for note in notes if place in note] != []
    assert [note for note in notes if "hydra.run.dir (configs/hydra/default.yaml:" in note] != []


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("train=false", "`leyden eval RUN`"),
        ("trainer._target_=src.Other", "Lightning's own Trainer"),
        ("tag=[a]", "did you mean `tags`?"),
        ("model.optimizer.lrr=1", "did you mean `model.optimizer.lr`?"),
        ("model=digit", "did you mean `model=digits`?"),
        ("paths.work_dir=${hydra:job.num}", "has no meaning in Leyden"),
        ("experiment=null", ""),
    ],
)
def test_what_has_no_counterpart_is_refused_in_a_line(leyden, override, said):
    if not said:
        assert job_of(override).cfg.name == "train"
        return
    result = leyden("train", override)
    assert result.status == 2
    (line,) = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert said in line
    assert not Path("logs").exists()


def test_adoption_writes_the_project_file_alone(layout, leyden):
    before = {path: path.read_bytes() for path in layout.rglob("*.yaml")}
    file = layout / "pyproject.toml"
    file.write_text('[tool.other]\r\nkey = "kept"\r\n'.replace("\r\n", "\n"))
    result = leyden("adopt")
    assert result.status == 0, result.err
    assert tomllib.loads(file.read_text())["tool"] == {
        "other": {"key": "kept"},
        "leyden": {"packages": ["src"], "conf": "configs", "outputs": "logs"},
    }
    assert file.read_text().startswith('[tool.other]\nkey = "kept"\n\n[tool.leyden]\n')
    assert "primary config: configs/train.yaml" in result.err
    assert "callbacks.model_checkpoint (configs/callbacks/default.yaml:" in result.err
    assert {path: path.read_bytes() for path in layout.rglob("*.yaml")} == before
    assert package.compose("experiment=example").jobs


def test_adoption_never_writes_twice(layout, leyden):
    before = (layout / "pyproject.toml").read_bytes()
    result = leyden("adopt")
    assert result.status == 2
    assert "has a table [tool.leyden] already" in result.err
    assert (layout / "pyproject.toml").read_bytes() == before


def test_adoption_names_what_registers_resolvers(layout, leyden, own_resolvers):
    own_resolvers.append("thrice")
    (layout / "pyproject.toml").unlink()
    (layout / "src" / "resolvers.py").write_text(
        "from omegaconf import OmegaConf\n"
        "OmegaConf.register_new_resolver('thrice', lambda x: 3 * x, replace=True)\n"
    )
    program = (layout / "src" / "train.py").read_text()
    (layout / "src" / "train.py").write_text(f"# register_new_resolver()\n{program}")
    result = leyden("adopt")
    assert result.status == 0
    table = tomllib.loads((layout / "pyproject.toml").read_text())["tool"]["leyden"]
    assert table["import"] == ["src.resolvers"]
    assert "not taken: src/train.py registers" in result.err
    assert job_of("seed=2", "data.batch_size=${thrice:7}").cfg.data.batch_size == 21


@pytest.mark.parametrize("text", ["tool = {}\n", "[broken\n"])
def test_a_file_that_cannot_be_added_to_stays(layout, leyden, text):
    (layout / "pyproject.toml").write_text(text)
    result = leyden("adopt")
    assert result.status == 2
    assert (layout / "pyproject.toml").read_text() == text


def test_a_folder_without_configs_is_not_adopted(tmp_path, leyden):
    (tmp_path / "empty").mkdir()
    result = leyden("adopt", "empty")
    assert result.status == 2
    assert "train or config.yaml" in result.err
    assert not list((tmp_path / "empty").iterdir())


def test_a_group_in_a_package_of_its_own_is_a_key_of_the_root(layout):
    data = (layout / "configs" / "data" / "digits.yaml").read_text()
    (layout / "configs" / "data" / "others.yaml").write_text(data)
    cfg = job_of("+data@val_data=others").cfg
    assert cfg.val_data.batch_size == 64
    assert "val_data" in cfg.own_keys
    with pytest.raises(ConfigError, match="no such option"):
        job_of("+data@val_data=other_s")
