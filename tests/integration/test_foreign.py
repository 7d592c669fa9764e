"""Parts that strangers wrote: they run, or are refused in one line before anything is started."""

import json
from pathlib import Path

import pytest

FOREIGN = Path(__file__).parent / "foreign"

RUN = [
    "Good",
    "Hidden",
    "Nan",
    "Lazy",
    "LazyNorm",
    "Star",
    "NoArguments",
    "Prints",
    "Values",
    "ForwardValues",
    "NumpyInit",
    "CpuInit",
    "IntParameter",
    "DoubleParameter",
    "Unused",
    "WidthText",
    "WidthIgnored",
    "WithMeta",
    "NewOnly",
    "make_good",
    "HasLit",
    "Lit",
    "EvilRepr",
    "FailsForReal",
    "ExitsForReal",
    "tall",
    "values",
    "This",
]
"""Models that a run takes."""

FAIL = {"Nan": 4, "FailsForReal": 1, "ExitsForReal": 1}
"""What can only be seen with values, and the exit status then."""

REFUSED = {
    "ForwardFails": "RuntimeError: no idea",
    "ForwardFailsKey": "KeyError: 'nothing'",
    "ReturnsTuple": "of the class tuple",
    "ReturnsDict": "of the class dict",
    "ReturnsNone": "of the class NoneType",
    "ReturnsScalar": "of shape ()",
    "Returns1d": "of shape (10,)",
    "WrongOutputs": "gives 13 outputs; the data needs 10",
    "FewOutputs": "gives 7 outputs; the data needs 10",
    "PositionalOnly": "missing 2 required positional arguments",
    "Required": "model.size: must be given",
    "Raises": "ZeroDivisionError: on purpose",
    "Exits": "SystemExit: 3",
    "never": "ValueError: never",
    "Parameterless": "no parameter that is trained",
    "BuffersOnly": "no parameter that is trained",
    "Frozen": "no parameter that is trained",
    "Detached": "no parameter that is trained",
    "NoInit": "no parameter that is trained",
    "ComplexParameter": "complex parameters",
    "NoForward": "defines no forward pass",
    "NoSuper": "AttributeError",
    "make_lit": "make_lit makes a LightningModule; say so: `def make_lit(...) -> Lit`",
    "make_net": "make_net makes a LightningModule; say so: `def make_net(...) -> Lit`",
    "make_number": "the class int; must be a torch.nn.Module",
    "make_none": "the class NoneType; must be a torch.nn.Module",
    "make_class": "the class type; must be a torch.nn.Module",
    "NotSuch": "the class int; must be a torch.nn.Module",
    "BadKinds": "BadKinds.kinds is 'image'",
    "NoneKinds": "NoneKinds.kinds is None",
}
"""Models that no run takes, and what is said of them."""

DATA_RUN = ["Ok", "good", "Prints"]
DATA_REFUSED = {
    "LDM": "data.batch_size=20",
    "function": "function makes a leyden.data.DataModule; say so",
    "other": "its train part is an object of the class int",
    "LoadRaises": "KeyError: 'column'",
    "LoadExits": "SystemExit: 3",
    "InitRaises": "OSError: disk",
    "InitPlain": "no such key",
    "InitNoSuper": "can't be read",
    "NoKind": "NoKind.kind is None",
    "WrongKind": "WrongKind.kind is 'sound'",
    "WrongTask": "WrongTask.task is 'guessing'",
    "SpecOther": "its spec says (3,)",
    # Of these four the check of types in tests says its own.
    "LoadNone": "error: data",
    "LoadTuple": "error: data",
    "NoLen": "error: data",
    "ValNone": "error: data",
    "ValNoneItems": "its validation part can't give a batch",
    "ItemByOne": "its training part can't give a batch",
    "ItemDict": "its training part can't give a batch",
    "ItemNumpy": "of the class ndarray",
    "ItemInts": "samples of torch.int64",
    "LabelsFloat": "targets of torch.float32; they must be torch.long",
    "Double": "samples of torch.float64",
    "Here": "does not say its spec",
    "FetchRaises": "does not say its spec",
}


@pytest.fixture(autouse=True)
def packages(tmp_path, monkeypatch):
    monkeypatch.setenv("LEYDEN_PACKAGES", "foreign_models,foreign_data")
    monkeypatch.syspath_prepend(FOREIGN)
    for group, target in (("model", "foreign_models.Good"), ("data", "foreign_data.Ok")):
        (tmp_path / "conf" / group).mkdir(parents=True)
        batch = "batch_size: 20\n" if group == "data" else ""
        (tmp_path / "conf" / group / "foreign.yaml").write_text(f"_target_: {target}\n{batch}")


def typed(group, name):
    part = (
        f"{group}=foreign",
        f"{group}._target_=foreign_{group}{'s' * (group == 'model')}.{name}",
    )
    return ("--config-dir", "conf", *part)


def assert_refused(result, words):
    assert result.status == 2
    problem, end = result.err.splitlines()
    assert words in problem
    assert end == "Nothing was started, nothing written."
    assert not Path("outputs").exists()


@pytest.mark.parametrize("verb", ["plan", "train"])
@pytest.mark.parametrize("name", REFUSED)
def test_a_model_that_cannot_be_trained_is_refused_in_one_line(verb, name, leyden):
    assert_refused(leyden(verb, *typed("model", name), "trainer=smoke"), REFUSED[name])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:for net")
@pytest.mark.parametrize("name", RUN)
def test_a_model_that_can_be_built_is_planned_and_trained(name, leyden):
    assert leyden("plan", *typed("model", name), "trainer=smoke").status == 0
    result = leyden("train", *typed("model", name), "trainer=smoke")
    assert result.status == FAIL.get(name, 0)


@pytest.mark.parametrize("verb", ["plan", "train"])
@pytest.mark.parametrize("name", DATA_REFUSED)
def test_data_that_cannot_be_read_is_refused_in_one_line(verb, name, leyden):
    assert_refused(leyden(verb, *typed("data", name), "trainer=smoke"), DATA_REFUSED[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", DATA_RUN)
def test_data_that_can_be_read_is_planned_and_trained_on(name, leyden):
    assert leyden("plan", *typed("data", name), "trainer=smoke").status == 0
    assert leyden("train", *typed("data", name), "trainer=smoke").status == 0


def test_every_foreign_part_is_in_a_table(monkeypatch):
    import foreign_data
    import foreign_models

    tables = {foreign_models: {*RUN, *REFUSED}, foreign_data: {*DATA_RUN, *DATA_REFUSED}}
    no_parts = {"Meta", "Points", "Late", "LabelsBeyond", "Finger"}
    for module, names in tables.items():
        there = {name for name, one in vars(module).items() if is_of(one, module)}
        assert names == there - no_parts


def is_of(one, module):
    return getattr(one, "__module__", None) == module.__name__ and hasattr(one, "__name__")


def test_a_plan_names_why_a_step_of_a_model_cannot_be_timed(leyden):
    result = leyden("plan", *typed("model", "FailsForReal"))
    assert result.status == 0
    assert "foreign_models.py:" in result.err
    assert "TypeError: only in truth" in result.err


@pytest.mark.parametrize("name", ["Good", "WidthText", "values", "never", "Star"])
def test_a_size_that_cannot_be_solved_for_is_refused_in_one_line(name, leyden):
    result = leyden("plan", *typed("model", name), "params=1e4")
    assert_refused(result, "model" if name == "never" else "params=10000")


def test_a_size_is_solved_where_few_widths_can_be_built(leyden):
    assert leyden("plan", *typed("model", "tall"), "params=1e4").status == 0


@pytest.mark.parametrize("verb", ["plan", "eval"])
def test_what_a_constructor_prints_is_no_part_of_the_json(verb, leyden):
    words = typed("model", "Prints")
    if verb == "eval":
        words = (str(leyden("train", *words, "trainer=smoke").folder),)
    result = leyden(verb, *words, "--json")
    assert json.loads(result.out)
    assert "hello from my constructor" in result.err
