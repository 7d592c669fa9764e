"""What a message prints to type gives exactly the text that was meant."""

import re
import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from leyden.config.overrides import parse_overrides
from leyden.config.quoting import is_surely_text, typed_form, typed_list_form
from leyden.errors import ConfigError

# A command line can't hold a NUL, and its bytes that are no UTF-8 come as halves of surrogates.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
SIGNS = st.text(st.sampled_from("\\\"'`$-{}[](),=:~!# ab1ö\n*"), max_size=14)


def value_of(override):
    """What a config holds in the end."""
    (parsed,) = OverridesParser.create().parse_overrides([override])
    return OmegaConf.create({"it": parsed.value()}).it


@given(TEXTS | SIGNS)
@example("${a}")
@example("\\${a}")
@example("\\\\${a}\\")
@example('it\'s "so"\\')
@example("")
@example("price ($)")
def test_the_form_that_is_printed_gives_the_text_back(text):
    (word,) = shlex.split(typed_form("data.target", text))
    assert word.startswith("data.target=")
    assert value_of(word) == text


@given(TEXTS | SIGNS)
def test_a_value_that_is_taken_as_text_is_the_one_that_was_typed(text):
    try:
        (parsed,) = parse_overrides([f"data.path={text}"])
    except ConfigError:
        return
    try:
        (by_hydra,) = OverridesParser.create().parse_overrides([f"data.path={text}"])
    except Exception:  # the grammar can't read it, or can't evaluate it
        assert value_of(parsed.input_line) == text.rstrip()
        assert is_surely_text("data.path", text)
    else:
        assert parsed.input_line == by_hydra.input_line  # what has a meaning keeps it


@given(
    st.lists(st.text(st.sampled_from("ab1ö -"), min_size=1, max_size=6).map(str.strip), max_size=4)
)
def test_a_list_of_what_was_typed_is_a_list_of_texts(texts):
    texts = [text for text in texts if text]
    (word,) = shlex.split(typed_list_form("data.features", f"[{','.join(texts)}]"))
    assert value_of(word) == texts


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("größe/t.csv", "größe/t.csv"),
        ("~/t.csv", "~/t.csv"),
        ("run=1/t.csv", "run=1/t.csv"),
        ("x#y/t.csv", "x#y/t.csv"),
        ("it's/t.csv", "it's/t.csv"),
        ("q{1}/t.csv", "q{1}/t.csv"),
        ("price ($)", "price ($)"),
        ("C:\\data\\t.csv", "C:\\data\\t.csv"),
        ("日本/t.csv", "日本/t.csv"),
        ("100%/t.csv", "100%/t.csv"),
        ("a & b; c", "a & b; c"),
    ],
)
def test_what_can_only_be_a_text_is_taken_without_quotes(value, expected):
    (parsed,) = parse_overrides([f"data.path={value}"])
    assert value_of(parsed.input_line) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("data.path=run=1,lr=0.1/t.csv", "a value with `=` and a comma"),
        ("data.path=größe,b", "a value with `ö` and a comma"),
        ("größe=3", "the key has a `ö`"),
        ("data.target=f(1)", "Unknown function"),
        ("model.width=[1,2", "can't be read"),
        ('name="a', "can't be read"),
        ("model.width=${a", "can't be read"),
        ("model.width", "is not of the form key=value"),
        ("model.width==3", "is not of the form key=value"),
    ],
)
def test_what_may_be_something_else_is_refused_with_the_character_or_the_form(text, says):
    with pytest.raises(ConfigError) as raised:
        parse_overrides([text])
    (problem,) = raised.value.problems
    assert says in problem.message
    key, _, value = text.partition("=")
    if found := re.search(r"(?:type|quotes:) ('[^']*')", problem.message):
        (word,) = shlex.split(found[1])
        assert word.startswith(f"{key}=")
        assert value_of(word) == value


def test_several_texts_are_shown_each_in_quotes():
    with pytest.raises(ConfigError) as raised:
        parse_overrides(["data.path=größe/a.csv,b=1.csv"])
    (word,) = shlex.split(re.search(r"('[^']*') several", raised.value.problems[0].message)[1])
    (sweep,) = OverridesParser.create().parse_overrides([word])
    texts = [element.text for element in sweep.sweep_iterator()]
    assert texts == ["größe/a.csv", "b=1.csv"]


@pytest.mark.usefixtures("user_files")
@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("data.target=1", """'data.target="1"'"""),
        ("data.target=null", """'data.target="null"'"""),
        ("data.target=true", """'data.target="true"'"""),
        ("data.target=1_000", """'data.target="1_000"'"""),
        ("data.features=[0,1,null]", """'data.features=["0","1","null"]'"""),
        ("data.features=[0,'a b']", """data.features=["0",'a b']"""),
        ("data.features=0", """'data.features=["0"]'"""),
    ],
)
def test_where_a_text_is_wanted_its_form_is_shown(typed, form, leyden):
    base = ("train", "data=csv", "data.path=houses.csv", "data.target=price")
    result = leyden(*base, typed)
    assert result.status == 2
    (line,) = [line for line in result.err.splitlines() if line.startswith("error")]
    assert line.split("; type ")[1].replace("'\"'\"'", "'").strip("'") == form.strip("'")


def test_a_run_is_evaluated_on_a_path_of_any_letters(leyden, user_files):
    run = ("data=csv", "data.target=price", "model.width=8", "trainer.max_steps=2")
    (user_files / "größe").mkdir()
    (user_files / "größe" / "t.csv").write_text((user_files / "houses.csv").read_text())
    folder = leyden("train", "data.path=houses.csv", *run).folder
    assert leyden("eval", str(folder), "data.path=größe/t.csv").status == 0
    assert leyden("train", "data.path=größe/t.csv", "name=ünï", *run).folder.parts[1] == "ünï"
