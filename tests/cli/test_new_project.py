"""`leyden new`: a project that passes its own two commands, and the file of a part that trains."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from leyden.config.project import forget_project

ROOT = Path(__file__).parents[2]
VARIANTS = pytest.mark.parametrize("flags", [(), ("--lightning",)], ids=["network", "lightning"])

USERS = '''
from torch import nn
from pytorch_lightning import Callback, LightningModule

from leyden.types import PositiveInt, Probability

class Activation:
    pass

class Net(nn.Module):
    """A net.

    More of it.

    Args:
        input_shape: Shape.
        width: Units of a layer, which are as many as one likes; there is more to be said of them
            than what stands in a single line. A second sentence.
        drop: Share that is left out.
    """

    def __init__(self, *, input_shape: tuple[int, ...], num_outputs: int, width: PositiveInt,
                 drop: Probability = 0.0, name: str = "3", shape: tuple[int, int] = (1, 2),
                 act=nn.ReLU, make=Activation(), rate: int = None):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.LazyLinear(width), act())
        self.head = nn.Linear(width, num_outputs)
        assert (name, shape) == ("3", (1, 2))

    def forward(self, x):
        return self.head(self.layers(x))

class Lit(LightningModule):
    """:param net: The network."""

    def __init__(self, net: nn.Module, optimizer, width: int = 3):
        super().__init__()

class Watch(Callback):
    changes_training = False

    def __init__(self, every: int = 3):
        self.every = every

def make_net(input_shape: tuple[int, ...], num_outputs: int, width: int = 4) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(num_outputs))

def untyped(width=3):
    return None
'''


PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Leyden's wheel, built of this clone."""
    wheels = tmp_path_factory.mktemp("wheels")
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), f"{ROOT}"]
    run([*PIP, *build], wheels)
    (built,) = wheels.glob("*.whl")
    return built


@pytest.fixture
def made(leyden, tmp_path, monkeypatch, request):
    """A new project, as the working folder."""
    assert leyden("new", "made_demo", *getattr(request, "param", ())).status == 0
    monkeypatch.chdir(tmp_path / "made_demo")
    monkeypatch.setattr("sys.path", list(sys.path))
    (tmp_path / "made_demo" / "made_demo" / "users.py").write_text(USERS)
    forget_project()
    yield tmp_path / "made_demo"
    for name in [name for name in sys.modules if name.partition(".")[0] == "made_demo"]:
        del sys.modules[name]
    forget_project()


def run(words, folder, **environment):
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@VARIANTS
def test_a_project_has_no_word_of_the_template(leyden, tmp_path, flags):
    assert leyden("new", "my_project2", *flags).status == 0
    assert leyden("new", "all-in-one", *flags).status == 0
    texts = [path.read_text() for path in (tmp_path / "all-in-one").rglob("*") if path.is_file()]
    assert not any("my_project" in text or "my-project" in text for text in texts)
    assert (tmp_path / "all-in-one" / "all_in_one" / "model.py").is_file()
    assert (tmp_path / "all-in-one" / ".gitignore").is_file()
    assert '["my_project2"]' in (tmp_path / "my_project2" / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    "made", [(), ("--lightning",)], ids=["network", "lightning"], indirect=True
)
def test_a_project_trains_and_sweeps_as_its_makefile_says(made, leyden):
    short = ("trainer.max_epochs=1", "data.samples=200")
    result = leyden("train", "experiment=first", *short)
    assert result.status == 0, result.err
    assert result.folder.absolute().is_relative_to(made / "outputs" / "first")
    assert leyden("plan", "experiment=sweep").status == 0
    lines = (made / "Makefile").read_text().splitlines()
    assert "\tleyden train experiment=first $(ARGS)" in lines
    assert "\t$(PYTHON) -m pytest $(ARGS)" in lines


@pytest.mark.parametrize(
    "made", [(), ("--lightning",)], ids=["network", "lightning"], indirect=True
)
def test_every_yaml_of_a_project_names_parameters_of_its_class_alone(made, leyden):
    result = leyden("train", "experiment=first", "model.widht=3", "data.nosie=1")
    assert result.status == 2
    assert "did you mean `model.width`?" in result.err
    assert "did you mean `data.noise`?" in result.err


@pytest.mark.slow
@pytest.mark.timeout(900)
@VARIANTS
def test_a_project_passes_its_two_commands_where_leyden_was_installed_from_a_wheel(
    tmp_path, flags, wheel
):
    """The libraries are those of this environment: nothing can be fetched in a test."""
    venv = tmp_path / "venv"
    run([sys.executable, "-m", "venv", "--without-pip", str(venv)], tmp_path)
    python = venv / "bin" / "python"
    install = ["--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    run([*PIP, *install], tmp_path)
    (site,) = (venv / "lib").glob("python*/site-packages")
    others = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "others.pth").write_text("\n".join(others))  # .pth files in these are not read
    path = f"{venv / 'bin'}:/usr/bin:/bin"
    clean = {"PATH": path, "PYTHONPATH": "", "VIRTUAL_ENV": str(venv)}
    where = "import leyden.config.location as l; print(l.TEMPLATES)"
    assert run([python, "-c", where], tmp_path, **clean).strip() == f"{site}/leyden/templates"
    run(["leyden", "new", "demo", *flags], tmp_path, **clean)
    out = run(["make", "--no-print-directory", "train"], tmp_path / "demo", **clean)
    assert "test/acc" in out
    assert "3 passed" in run(["make", "--no-print-directory", "test"], tmp_path / "demo", **clean)
    assert (tmp_path / "demo" / out.splitlines()[-1] / "run.json").is_file()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("1st", "must be letters, digits, - and _"),
        ("class", "must be letters, digits, - and _"),
        ("a b", "must be letters, digits, - and _"),
        ("..", "must be letters, digits, - and _"),
        ("_private", "must begin with a letter"),
        ("tests", "is the name of a folder of every project"),
        ("torch", "would hide the package `torch`"),
        ("json", "would hide the package `json`"),
        ("there", "is there and not empty"),
        ("a_file", "is a file or a link"),
        ("no/such/place", "there is no folder"),
    ],
)
def test_a_wrong_name_is_one_line_and_nothing_is_written(leyden, tmp_path, name, said):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "kept.txt").write_text("kept")
    (tmp_path / "a_file").write_text("kept")
    before = sorted(tmp_path.rglob("*"))
    result = leyden("new", name)
    assert result.status == 2
    (line,) = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert line.startswith(f"error: NAME={name}: ")
    assert said in line
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_folder_may_be_there(leyden, tmp_path):
    (tmp_path / "empty_one").mkdir()
    assert leyden("new", "empty_one").status == 0
    assert (tmp_path / "empty_one" / "empty_one" / "model.py").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty_one"]


@pytest.mark.parametrize(
    "words",
    [[], ["demo", "--conf", "a.B"], ["demo", "--group", "model"], ["--conf", "a.B", "--lightning"]],
)
def test_what_does_not_go_together_is_refused(leyden, tmp_path, words):
    result = leyden("new", *words)
    assert result.status == 2
    assert "see leyden new --help" in result.err
    assert not any(tmp_path.iterdir())


def test_the_file_of_a_model_has_its_parameters_with_defaults_types_and_texts(made, leyden):
    result = leyden("new", "--conf", "made_demo.users.Net", "--name", "other")
    assert result.status == 0, result.err
    assert "next: leyden train experiment=first model=other model.width=..." in result.err
    text = (made / "conf" / "model" / "other.yaml").read_text()
    assert yaml.safe_load(text) == {
        "_target_": "made_demo.users.Net",
        "width": "???",
        "drop": 0.0,
        "name": "3",
        "shape": [1, 2],
    }
    assert "drop: 0.0  # Share that is left out (number from 0 on, less than 1)\n" in text
    assert "# act: torch.nn.modules.activation.ReLU\n" in text
    assert "# make: <made_demo.users.Activation object" in text
    assert "must be a whole number" in text  # the default null is none
    assert "\n# rate: null\n" in text
    assert "# passed by Leyden: input_shape, num_outputs\n" in text
    assert "A second sentence" not in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_file_of_a_model_trains(made, leyden):
    assert leyden("new", "--conf", "made_demo.users.Net", "--name", "other").status == 0
    assert leyden("train", "model=other", "trainer=smoke").status == 2
    result = leyden("train", "model=other", "model.width=8", "data=spirals", "trainer=smoke")
    assert result.status == 0, result.err


def test_the_file_of_a_function_trains_in_the_group_that_it_says_to_return(made, leyden):
    assert leyden("new", "--conf", "made_demo.users.make_net").status == 0
    assert leyden("train", "model=make_net", "data=spirals", "trainer=smoke").status == 0


def test_the_file_of_a_callback_is_added_to_the_others(made, leyden):
    assert leyden("new", "--conf", "made_demo.users.Watch").status == 0
    node = yaml.safe_load((made / "conf" / "callbacks" / "watch.yaml").read_text())
    assert node["defaults"] == ["default", "_self_"]
    assert node["watch"] == {"_target_": "made_demo.users.Watch", "every": 3}
    result = leyden("train", "callbacks=watch", "model=net", "data=spirals", "trainer=smoke")
    assert result.status == 0, result.err
    frozen = (result.folder / "config.yaml").read_text()
    assert "made_demo.users.Watch" in frozen
    assert "leyden.callbacks.LearningRate" in frozen


@pytest.mark.parametrize(
    ("target", "group", "beside"),
    [
        ("torch.optim.SGD", "optimizer", ()),
        ("torch.optim.lr_scheduler.ExponentialLR", "scheduler", ("scheduler.gamma=0.9",)),
        ("made_demo.data.Spirals", "data", ("data.batch_size=8",)),
        ("pytorch_lightning.callbacks.Timer", "callbacks", ()),
        ("leyden.loggers.CSV", "logger", ()),
    ],
)
def test_the_group_follows_from_the_class_and_the_file_trains(made, leyden, target, group, beside):
    result = leyden("new", "--conf", target, "--name", "of_mine")
    assert result.status == 0, result.err
    assert result.out == f"conf/{group}/of_mine.yaml\n"
    chosen = [f"{group}=of_mine", *([] if group == "data" else ["data=spirals"])]
    result = leyden("train", "model=net", *chosen, *beside, "trainer=smoke")
    assert result.status == 0, result.err


def test_a_network_that_has_to_be_given_is_a_node(made, leyden):
    result = leyden("new", "--conf", "made_demo.users.Lit")
    assert "model.net=..." in result.err
    text = (made / "conf" / "model" / "lit.yaml").read_text()
    assert yaml.safe_load(text)["net"] == {"_target_": "???"}
    assert "net:  # The network (Module by `_target_`)" in text
    assert "# passed by Leyden: optimizer" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["made_demo.model.Nte"], "did you mean `Net`?"),
        (["others.Net"], "is not allowed"),
        (["made_demo.model.Net"], "conf/model/net.yaml is there; type another --name"),
        (["leyden.models.MLP"], "Leyden has model=mlp itself"),
        (["made_demo.model.Net", "--group", "modle"], "did you mean `model`?"),
        (["made_demo.model.Net", "--group", "data"], "must be a pytorch_lightning"),
        (["made_demo.model.Net", "--name", "../net"], "must be letters, digits, - and _"),
        (["made_demo.users.untyped"], "type --group"),
        (["torchmetrics.classification.BinaryAUROC"], "is a metric"),
    ],
)
def test_a_wrong_part_is_one_line_and_nothing_is_written(made, leyden, words, said):
    before = sorted(made.rglob("*.yaml"))
    result = leyden("new", "--conf", *words)
    assert result.status == 2
    (line,) = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert said in line
    assert sorted(made.rglob("*.yaml")) == before


def test_without_a_project_the_file_is_printed(leyden, tmp_path):
    result = leyden("new", "--conf", "torch.optim.SGD")
    assert result.status == 0
    assert yaml.safe_load(result.out)["_target_"] == "torch.optim.SGD"
    assert yaml.safe_load(result.out)["_partial_"] is True
    assert not any(tmp_path.iterdir())
