"""Parts of other libraries compute: through them no config writes, fetches, reads or runs code."""

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from leyden.config.composer import Composer
from leyden.config.library_arguments import CHOICES, LABELS, WITHHELD, WORDS, unsafe_arguments
from leyden.config.library_parts import LIBRARY_MODULES, MODELS, REFUSED
from leyden.config.request import Request
from leyden.config.sweep_space import Assignment
from leyden.config.targets import find_target
from leyden.config.validate import validate_frozen
from leyden.errors import ConfigError
from tests.security.library_probe import public_names

PROBE = Path(__file__).with_name("library_probe.py")
PLACES = ("model", "data", "optimizer", "scheduler", "callbacks.evil", "logger.evil")


def probed(folder: Path, *words: str) -> dict[str, Any]:
    """What the probe reports, run in an empty folder, which it must leave empty."""
    folder.mkdir()
    command = [sys.executable, str(PROBE), *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not list(folder.iterdir())
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])  # torch tells of downloads
    return report


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return probed(tmp_path_factory.mktemp("probe") / "empty")


@pytest.fixture(scope="module")
def parts():
    """Every name that configs may use, and what it stands for."""
    found = {}
    for path in public_names():
        try:
            found[path] = find_target(path)
        except ValueError:
            continue
    return found


@pytest.fixture(scope="module")
def composed():
    """The config of `leyden train`."""
    return Composer(Request()).job([], Assignment()).cfg


def problems(target: str, **arguments) -> list[str]:
    """Keys of a node that a config may not have."""
    node = {"_target_": target, **arguments}
    return [problem.key for problem in unsafe_arguments("x", node, find_target(target))]


def frozen_problems(cfg) -> dict[str, str]:
    """What is wrong with the config in a stranger's run folder."""
    with pytest.raises(ConfigError) as refused:
        validate_frozen(cfg)
    return {problem.key: problem.message for problem in refused.value.problems}


def test_every_public_name_is_taken_or_refused_with_one_line(report):
    assert len(report["parts"]) > 1000
    lines = [found["refused"] for found in report["parts"].values() if "refused" in found]
    assert len(lines) > 300
    assert all(line and "\n" not in line for line in lines)


def test_no_part_that_is_taken_touches_anything_while_it_is_made(report):
    touched = {path: found.get("touched") for path, found in report["parts"].items()}
    assert {path: events for path, events in touched.items() if events} == {}


@pytest.mark.slow
def test_no_network_touches_anything_while_it_is_made(tmp_path):
    parts = probed(tmp_path / "empty", "--all")["parts"]
    assert {path: found for path, found in parts.items() if found.get("touched")} == {}


def test_nearly_all_parts_can_be_made_at_all(report):
    probes = [found for found in report["parts"].values() if "made" in found]
    assert sum(found["made"] > 0 for found in probes) > 0.9 * len(probes)


def test_the_watch_sees_constructors_that_touch_something(report):
    assert all(report["controls"].values()), report["controls"]


@pytest.mark.parametrize("path", REFUSED)
def test_a_refused_name_says_what_to_do_instead_whether_it_is_installed_or_not(path):
    assert path.rpartition(".")[0] in LIBRARY_MODULES
    with pytest.raises(ValueError, match="is not supported") as refused:
        find_target(path)
    assert REFUSED[path] in str(refused.value)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("torchvision.models.ResNet18_Weights", "init_from"),
        ("torchvision.models.segmentation.FCN_ResNet50_Weights", "init_from"),
        ("torchvision.models.Weights", "init_from"),
        ("torchvision.models.quantization.resnet18", "is not allowed"),
        ("torchvision.models.resnet.resnet18", "is not allowed"),
        ("torchvision.transforms.functional.pad", "is not allowed"),
        ("torchvision.io.read_image", "is not allowed"),
        ("torchvision.datasets.CIFAR10", "is not allowed"),
        ("torchmetrics.video.VideoMultiMethodAssessmentFusion", "is not allowed"),
        ("torchmetrics.functional.text.bert.bert_score", "is not allowed"),
        ("torchmetrics.utilities.checks.run", "is not allowed"),
        ("torch.utils.data.IterDataPipe", "there is"),
        ("torch.utils.data.functional_datapipe", "there is"),
        ("torch.utils.data.get_worker_info", "there is"),
        ("torchmetrics.text.BLEU", "did you mean `BLEUScore`"),
    ],
)
def test_what_fetches_weights_or_lies_deeper_is_refused(path, line):
    with pytest.raises(ValueError, match=line):
        find_target(path)


@pytest.mark.parametrize(
    "path",
    [
        *("torch.optim.lr_scheduler.Counter", "torch.optim.lr_scheduler.partial"),
        *("torch.optim.lr_scheduler.ref", "torch.optim.lr_scheduler.Optimizer"),
        *("torch.optim.lr_scheduler.Tensor", "torch.optim.swap_in_optimizer_params_and_state"),
        *("torch.nn.Parameter", "torch.nn.factory_kwargs", "torch.nn.functional"),
        *("torchmetrics.Metric", "torchmetrics.BLEUScore", "torchmetrics.package_available"),
        *("torchmetrics.RetrievalMAP", "torchmetrics.classification.Metric"),
        *("torchvision.transforms.v2.check_type", "torchvision.transforms.v2.functional"),
        *("torchvision.models.WeightsEnum", "torchvision.models.GoogLeNetOutputs"),
        *("torchvision.models.segmentation", "torchvision.models.resnet"),
    ],
)
def test_a_borrowed_name_is_refused(path):
    with pytest.raises(ValueError, match=r"is not a class|no such name"):
        find_target(path)


@pytest.mark.parametrize("module", LIBRARY_MODULES)
@pytest.mark.parametrize("borrowed", ["subprocess.Popen", "torch.load", "torch.nn.Linear"])
def test_an_alias_lets_nothing_in(module, borrowed, monkeypatch):
    home, _, name = borrowed.rpartition(".")
    found = getattr(import_module(home), name)
    room = import_module(module)
    for alias in {"Later", name} - {"Linear"}:
        monkeypatch.setattr(room, alias, found, raising=False)
        if hasattr(room, "__all__"):
            monkeypatch.setattr(room, "__all__", [*room.__all__, alias])
        with pytest.raises(ValueError, match=r"is not supported|is not a class"):
            find_target(f"{module}.{alias}")


def later(module: str, name: str, monkeypatch) -> str:
    """A class of a later version of a library."""

    def build(self: Any, path: str = "x", *, weights: str = "DEFAULT") -> None: ...

    found = type(name, (), {"__module__": f"{module}.later", "__init__": build})
    monkeypatch.setattr(import_module(module), name, found, raising=False)
    return f"{module}.{name}"


@pytest.mark.parametrize("module", LIBRARY_MODULES)
def test_a_class_of_a_later_version_is_refused_or_takes_no_text(module, monkeypatch):
    path = later(module, "Later", monkeypatch)
    try:
        find_target(path)
    except ValueError:
        return
    assert problems(path, path="x", weights="/etc/passwd") == ["x.path", "x.weights"]


def test_a_function_of_torchvisions_that_is_no_registered_builder_is_refused(monkeypatch):
    def later() -> None: ...

    later.__module__, later.__qualname__ = "torchvision.models.later", "later"
    monkeypatch.setattr(import_module("torchvision.models"), "later", later, raising=False)
    with pytest.raises(ValueError, match="is not a class"):
        find_target("torchvision.models.later")


HOSTILE = (
    *("/etc/passwd", "a/b", "../x", "~/x", "x.pth", "C:\\x", "https://x.org/y", "file://x", "s3:x"),
    *("os.system", "lambda x: x", "__import__('os')", "{x}", "$HOME", "", "a\nb", "a\0"),
)


def parameters(target: Any) -> Iterator[str]:
    for one in inspect.signature(target).parameters.values():
        if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY):
            yield one.name


def test_no_parameter_of_any_part_takes_a_path_an_address_or_code(parts):
    for path, target in parts.items():
        for name in {*parameters(target)} - {*LABELS}:
            for value in (HOSTILE[0], [HOSTILE[0]], {"a": HOSTILE[6]}, b"/x", Path("x")):
                node = {"_target_": path, name: value}
                assert [*unsafe_arguments("x", node, target)], (path, name, value)


@pytest.mark.parametrize("name", [*WORDS, *CHOICES, *WITHHELD, "anything"])
def test_a_text_that_is_no_word_is_refused_whatever_the_parameter_is_called(name):
    for text in HOSTILE:
        assert problems("torch.nn.Identity", **{name: text}) == [f"x.{name}"]
        assert problems("torch.nn.Identity", _args_=[text]) == ["x._args_.0"]


def test_a_word_is_taken_by_a_parameter_that_chooses_by_words_and_by_no_other():
    assert problems("torch.nn.Conv2d", padding_mode="reflect") == []
    assert problems("torch.nn.Conv2d", in_channels="reflect") == ["x.in_channels"]
    assert problems("torch.nn.Sequential", _args_=["reflect"]) == ["x._args_.0"]


@pytest.mark.parametrize("words", ["flores101", "flores200", "ja-mecab"])
def test_a_tokenizer_that_would_be_fetched_or_imported_is_refused(words):
    assert problems("torchmetrics.text.SacreBLEUScore", tokenize=words) == ["x.tokenize"]
    assert problems("torchmetrics.text.SacreBLEUScore", tokenize="zh") == []


@pytest.mark.parametrize("name", WITHHELD)
def test_a_withheld_parameter_is_refused_whatever_its_value(name):
    for value in ("cuda", 0, True, [1], {"_target_": "torch.nn.Identity", "_partial_": True}):
        assert problems("torch.utils.data.DataLoader", **{name: value}) == [f"x.{name}"]
    assert problems("torch.utils.data.DataLoader", **{name: None}) == []


def test_a_node_that_would_reach_a_part_as_it_is_written_is_refused():
    node = {"_target_": "torch.nn.Identity", "path": "/etc/passwd"}
    given = {"modules": {"a": node}, "_recursive_": False}
    assert problems("torch.nn.ModuleDict", **given) == ["x._recursive_"]


FUNCTION_PARAMETERS = [
    ("torch.optim.lr_scheduler.LambdaLR", "lr_lambda"),
    ("torchvision.transforms.Lambda", "lambd"),
    ("torchvision.transforms.v2.Lambda", "lambd"),
    ("torchvision.transforms.RandomApply", "transforms"),
    ("torchmetrics.wrappers.LambdaInputTransformer", "transform_pred"),
    ("torch.utils.data.DataLoader", "collate_fn"),
]


@pytest.mark.parametrize(("target", "name"), FUNCTION_PARAMETERS)
def test_a_function_is_passed_as_a_node_and_never_as_a_text(target, name):
    node = {"_target_": "torch.nn.Identity", "_partial_": True}
    assert problems(target, **{name: node}) == []
    assert problems(target, **{name: [node]}) == []
    for text in ("lambda x: x", "os.system", "torch.nn.Identity", "abs"):
        assert problems(target, **{name: text}) == [f"x.{name}"]
        assert problems(target, **{name: [node, text]}) == [f"x.{name}.1"]


WEIGHTS = ("weights", "weights_backbone", "pretrained", "pretrained_backbone")


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("value", ["DEFAULT", "IMAGENET1K_V1", "legacy", "x", True, 1, 0, [1]])
def test_a_network_takes_no_weights(name, value):
    for target in ("torchvision.models.resnet18", "torchvision.models.detection.ssd300_vgg16"):
        given = {"weights_backbone": None, name: value}
        assert f"x.{name}" in problems(target, **given)


def test_weights_are_refused_as_nodes_too():
    node = {"_target_": "torchvision.models.ResNet18_Weights", "value": "DEFAULT"}
    assert problems("torchvision.models.resnet18", weights=node) == ["x.weights"]


def test_a_network_whose_default_would_be_fetched_needs_a_null(parts):
    fetching = {
        path
        for path, target in parts.items()
        if path.rpartition(".")[0] in MODELS and "x.weights_backbone" in problems(path)
    }
    assert "torchvision.models.segmentation.fcn_resnet50" in fetching
    assert len(fetching) == 15
    for path in fetching:
        assert problems(path, weights_backbone=None) == []


def test_a_network_is_made_at_once_with_arguments_by_name():
    path = "torchvision.models.resnet18"
    assert problems(path, _partial_=True) == ["x._partial_"]
    assert problems(path, _args_=[True]) == ["x._args_"]
    assert problems(path, num_classes=10, norm_layer={"_target_": "torch.nn.BatchNorm2d"}) == []


@pytest.mark.parametrize(
    ("target", "given"),
    [
        ("torch.nn.TransformerEncoderLayer", {"d_model": 8, "nhead": 2, "activation": "gelu"}),
        ("torch.nn.Conv2d", {"in_channels": 1, "out_channels": 2, "padding": "same"}),
        ("torch.optim.LBFGS", {"line_search_fn": "strong_wolfe"}),
        ("torch.optim.lr_scheduler.ReduceLROnPlateau", {"mode": "max", "threshold_mode": "abs"}),
        ("torch.utils.data.DataLoader", {"dataset": {"_target_": "a.b"}, "batch_size": 8}),
        ("torchmetrics.Accuracy", {"task": "multiclass", "num_classes": 3, "average": "macro"}),
        ("torchmetrics.MetricCollection", {"metrics": {"a": {"_target_": "a.b"}}, "prefix": "v/"}),
        ("torchmetrics.classification.MulticlassCohenKappa", {"weights": "quadratic"}),
        ("torchmetrics.detection.MeanAveragePrecision", {"iou_type": ["bbox", "segm"]}),
        ("torchvision.transforms.InterpolationMode", {"value": "nearest-exact"}),
        ("torchvision.transforms.v2.Resize", {"size": [8, 8], "interpolation": "bilinear"}),
        ("torchvision.models.VisionTransformer", {"image_size": 32, "patch_size": 4}),
        ("torchvision.models.SqueezeNet", {"version": "1_1"}),
    ],
)
def test_what_experiments_need_is_taken(target, given):
    assert problems(target, **given) == []


@pytest.mark.parametrize("path", ["torchvision.models.get_model", "torch.nn.Parameter"])
def test_a_library_that_the_user_allows_as_a_whole_is_the_users_affair(path, monkeypatch):
    monkeypatch.setenv("LEYDEN_PACKAGES", path.partition(".")[0])
    target = find_target(path)
    assert [*unsafe_arguments("x", {"_target_": path, "name": "resnet18"}, target)] == []


@pytest.mark.parametrize("target", REFUSED)
def test_a_refused_name_is_refused_in_a_strangers_run(composed, target):
    cfg = deepcopy(composed)
    for place in PLACES:
        OmegaConf.update(cfg, f"{place}._target_", target, force_add=True)
    found = frozen_problems(cfg)
    assert all(REFUSED[target] in found[f"{place}._target_"] for place in PLACES)


@pytest.mark.parametrize(
    ("place", "node", "key"),
    [
        ("model", {"_target_": "torchvision.models.resnet18", "weights": "DEFAULT"}, "weights"),
        ("model", {"_target_": "torchvision.models.resnet18", "pretrained": True}, "pretrained"),
        (
            "model",
            {"_target_": "torchvision.models.segmentation.fcn_resnet50"},
            "weights_backbone",
        ),
        ("model", {"_target_": "torchvision.models.resnet18", "_partial_": True}, "_partial_"),
        ("optimizer", {"_target_": "torchvision.transforms.Lambda", "lambd": "x"}, "lambd"),
        ("model", {"_target_": "torchmetrics.MeanMetric", "nan_strategy": "/x"}, "nan_strategy"),
        ("scheduler", {"_target_": "torch.optim.lr_scheduler.LambdaLR", "lr_lambda": "x"}, None),
        (
            "optimizer",
            {"_target_": "torch.utils.data.DataLoader", "multiprocessing_context": "spawn"},
            "multiprocessing_context",
        ),
    ],
)
def test_an_unsafe_argument_is_refused_in_a_strangers_run(composed, place, node, key):
    cfg = deepcopy(composed)
    cfg[place] = node
    assert f"{place}.{key or 'lr_lambda'}" in frozen_problems(cfg)


def test_a_strangers_run_with_weights_is_refused_before_anything_is_fetched(leyden, changed):
    node = {"_target_": "torchvision.models.resnet18", "weights": "DEFAULT"}
    folder = changed(lambda cfg: cfg.__setitem__("model", node))
    result = leyden("eval", str(folder))
    assert result.status == 2
    assert "error: model.weights=DEFAULT (config.yaml): would be fetched" in result.err
