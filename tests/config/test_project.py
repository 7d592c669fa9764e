"""The file of a user's project: found from its folders, never in a run's, and checked."""

import os
import sys

import pytest
from omegaconf import OmegaConf

import leyden as package
from leyden.config.project import current_project, forget_project
from leyden.config.targets import find_target, user_packages
from leyden.errors import ConfigError

NET = """
from torch import nn


class Net(nn.Module):
    def __init__(self, *, input_shape: tuple[int, ...], num_outputs: int, width: int = 8) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.LazyLinear(width), nn.ReLU(), nn.Linear(width, num_outputs)
        )

    def forward(self, x):
        return self.layers(x)
"""


def write(folder, **tables):
    """Writes a project file; its table has the given lines."""
    lines = [f"{key.replace('_', '-')} = {value}" for key, value in tables.items()]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text("\n".join(["[tool.leyden]", *lines, ""]))
    forget_project()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a package in `src`, a model, an experiment, and a folder for its runs."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "src" / "my_nets").mkdir(parents=True)
    (tmp_path / "src" / "my_nets" / "__init__.py").write_text(NET)
    (tmp_path / "configs" / "model").mkdir(parents=True)
    (tmp_path / "configs" / "model" / "mine.yaml").write_text("_target_: my_nets.Net\nwidth: 8\n")
    (tmp_path / "asked").mkdir()
    (tmp_path / "asked" / "first.yaml").write_text(
        "# @package _global_\ndefaults:\n  - override /model: mine\n\nseed: 3\n"
    )
    write(
        tmp_path,
        packages='["my_nets"]',
        conf='"configs"',
        experiments='"asked"',
        outputs='"logs"',
    )
    (tmp_path / "notebooks" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "notebooks" / "deep")
    monkeypatch.setattr("sys.path", list(sys.path))
    yield tmp_path
    sys.modules.pop("my_nets", None)


def test_a_project_is_found_from_its_subfolders(project):
    found = current_project()
    assert found is not None
    assert found.folder == project
    assert found.conf == project / "configs"
    assert found.outputs == project / "logs"


def test_a_project_needs_no_flags(project):
    (job,) = package.compose("experiment=first").jobs
    assert job.cfg.model._target_ == "my_nets.Net"
    assert job.cfg.seed == 3
    assert find_target("my_nets.Net").__module__ == "my_nets"


def test_the_environment_adds_packages(project, monkeypatch):
    monkeypatch.setenv("LEYDEN_PACKAGES", "others")
    assert user_packages() == ("others", "my_nets")


def test_help_lists_the_options_of_a_project(project, leyden):
    out = leyden("train", "--help").out
    assert f"In {project / 'configs'}:\n  model       mine" in out
    assert "experiment  first" in out


def test_an_unknown_option_is_answered_with_those_of_the_project(project, leyden):
    result = leyden("train", "model=mime")
    assert result.status == 2
    assert "did you mean `model=mine`?" in result.err
    result = leyden("train", "experiment=frist")
    assert "did you mean `experiment=first`?" in result.err


def test_completion_knows_the_options_of_a_project(project, leyden, monkeypatch):
    line = "leyden train model=mi"
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    assert "model=mine" in leyden("-sc", "query=bash").out


def test_runs_lie_in_the_folder_of_the_project(project, leyden):
    result = leyden("train", "model=mine", "trainer=smoke")
    assert result.status == 0, result.err
    assert result.folder.is_relative_to(project / "logs")
    assert "mine_digits" in leyden("runs").out
    assert leyden("eval", str(result.folder)).status == 0


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"packages": '["my_net"]'}, "packages=my_net (…): there is no such package; did you"),
        (
            {"pakages": '["my_nets"]'},
            "pakages=['my_nets'] (…): no such key; did you mean",
        ),
        ({"packages": '"my_nets"'}, "packages=my_nets (…): must be a list of names"),
        ({"conf": '"config"'}, "conf=config (…): there is no such folder; did you mean `configs`?"),
        ({"conf": "3"}, "conf=3 (…): must be the path of a folder, as a text"),
        ({"outputs": '"pyproject.toml"'}, "outputs=pyproject.toml (…): is a file; name a folder"),
        (
            {"import": '["my_nets.no_such"]'},
            "import=my_nets.no_such (…): can't be imported: ",
        ),
        ({"import": '["my nets"]'}, "import=my nets (…): must be names of Python modules"),
    ],
)
def test_a_wrong_file_is_one_line(project, leyden, lines, said):
    write(project, **lines)
    result = leyden("train", "trainer=smoke")
    assert result.status == 2
    (error,) = [line for line in result.err.splitlines() if line.startswith("error: ")]
    before, after = said.split("(…)")
    assert f"tool.leyden.{before}({project}/pyproject.toml){after}" in error
    assert not list(project.glob("logs/*"))


def test_a_broken_file_is_said(project, leyden):
    (project / "pyproject.toml").write_text("[tool.leyden\n")
    result = leyden("runs")
    assert result.status == 2
    assert "pyproject.toml=" in result.err
    assert "can't be read" in result.err


def test_a_file_without_the_table_is_passed_over(project):
    (project / "notebooks" / "pyproject.toml").write_text('[project]\nname = "leyden-notes"\n')
    forget_project()
    found = current_project()
    assert found is not None
    assert found.folder == project


def test_nothing_is_looked_for_above_the_repository(project, monkeypatch):
    (project / "notebooks" / ".git").mkdir()
    forget_project()
    assert current_project() is None


@pytest.mark.parametrize("record", ["run.json", "sweep.json"])
@pytest.mark.parametrize("place", [".", "inner"])
def test_the_file_in_a_run_folder_allows_nothing(tmp_path, monkeypatch, record, place):
    run = tmp_path / "theirs"
    write(run / place, packages='["evil"]', **{"import": '["evil"]'})
    (run / place / "evil.py").write_text("raise SystemExit('ran')")
    (run / record).write_text("{}")
    monkeypatch.chdir(run / place)
    forget_project()
    assert current_project() is None
    assert user_packages() == ()


def test_a_run_of_a_project_is_within_the_project(project, monkeypatch):
    run = project / "logs" / "mine" / "run"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    monkeypatch.chdir(run)
    assert user_packages() == ("my_nets",)


@pytest.mark.skipif(os.name == "nt", reason="has no rights of this kind")
def test_a_file_that_others_may_have_written_is_not_read(project, monkeypatch):
    mine = os.getuid()
    monkeypatch.setattr("os.getuid", lambda: mine + 1)
    root_is_trusted = mine == 0
    forget_project()
    assert (current_project() is None) is not root_is_trusted
    if root_is_trusted:
        project.chmod(0o777)
        forget_project()
        assert current_project() is None


def test_a_module_registers_before_anything_is_composed(project, leyden, own_resolvers):
    own_resolvers.append("twice_of_mine")
    (project / "my_registry.py").write_text(
        "from dataclasses import dataclass\n"
        "from hydra.core.config_store import ConfigStore\n"
        "from omegaconf import OmegaConf\n\n"
        "@dataclass\nclass Wide:\n    _target_: str = 'my_nets.Net'\n    width: int = 64\n\n"
        "ConfigStore.instance().store(group='model', name='wide_of_mine', node=Wide)\n"
        "OmegaConf.register_new_resolver('twice_of_mine', lambda x: 2 * x, replace=True)\n"
    )
    write(project, **{"import": '["my_registry"]'}, packages='["my_nets"]', conf='"configs"')
    (project / "configs" / "experiment").mkdir()
    (project / "configs" / "experiment" / "twice.yaml").write_text(
        "# @package _global_\nseed: 4\ndata:\n  batch_size: ${twice_of_mine:${seed}}\n"
    )
    (job,) = package.compose("experiment=twice").jobs
    assert job.cfg.data.batch_size == 8
    (job,) = package.compose("model=wide_of_mine", "model.width=32").jobs
    assert OmegaConf.get_type(job.cfg.model) is dict
    assert job.cfg.model.width == 32
    with pytest.raises(ConfigError, match=r"model\.width"):
        package.compose("model=wide_of_mine", "model.width=many")
    result = leyden("train", "model=wide_of_mine", "model.wdth=4")
    assert "did you mean `model.width`?" in result.err
    assert leyden("train", "model=wide_of_mine", "trainer=smoke").status == 0


MAKERS = """


class Made(Net):
    @classmethod
    def from_width(cls, *, input_shape: tuple[int, ...], num_outputs: int, width: int = 4):
        return cls(input_shape=input_shape, num_outputs=num_outputs, width=width)

    @staticmethod
    def small(*, input_shape: tuple[int, ...], num_outputs: int) -> Net:
        return Net(input_shape=input_shape, num_outputs=num_outputs, width=2)
"""


@pytest.mark.parametrize("maker", ["from_width", "small"])
def test_a_class_method_is_a_target(project, leyden, maker):
    (project / "src" / "my_nets" / "__init__.py").write_text(NET + MAKERS)
    file = project / "configs" / "model" / "made.yaml"
    file.write_text(f"_target_: my_nets.Made.{maker}\n")
    assert leyden("train", "model=made", "trainer=smoke").status == 0
    result = leyden("train", "model=made", "model.wdth=3")
    assert result.status == 2
    assert "model.wdth=3" in result.err


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("Made.forward", "neither a classmethod nor a staticmethod"),
        ("Made.from_widht", "did you mean `from_width`?"),
        ("Made.nn.Module", "can't be imported"),
        ("Net.register_parameter", "neither a classmethod nor a staticmethod"),
    ],
)
def test_what_else_a_class_has_is_no_target(project, target, said):
    (project / "src" / "my_nets" / "__init__.py").write_text(NET + MAKERS)
    with pytest.raises(ValueError, match=said):
        find_target(f"my_nets.{target}")


def test_a_method_that_a_class_inherits_from_a_library_is_no_target(project):
    code = (
        "from pytorch_lightning import LightningModule\n\n\nclass Lit(LightningModule):\n    pass\n"
    )
    (project / "src" / "my_nets" / "__init__.py").write_text(code)
    with pytest.raises(ValueError, match="is not a class or function of the packages"):
        find_target("my_nets.Lit.load_from_checkpoint")


@pytest.mark.parametrize("override", ["logger=null", "~logger"])
def test_a_run_may_have_no_logger(leyden, override):
    (job,) = package.compose(override).jobs
    assert job.cfg.logger == {}
    assert leyden("train", override, "trainer=smoke").status == 0
