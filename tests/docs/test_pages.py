"""What the pages of the documentation name is there, and what they list is complete."""

import re
import tomllib
from dataclasses import fields

import pytest
import yaml

from leyden.cli.command import command_parser
from leyden.cli.variables import KNOWN
from leyden.config.location import CONF
from leyden.config.schema import Monitor, ResumeKeys, Root, SweepKeys, TaskKeys, TrainerKeys
from tests.docs.pages import DOCS, PAGES, ROOT, section, table_rows

PATH = re.compile(r"`((?:src|tests|conf|experiments|docs|\.ci|\.github)/[\w./-]*)`")


def anchors(text):
    """The anchors that a forge gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)]+)\)", PAGES[page]):
        target, _, anchor = link.partition("#")
        if target.startswith("https://"):
            continue
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), link
        assert not anchor or anchor in anchors(path.read_text()), link


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_are_there(page):
    assert [path for path in PATH.findall(PAGES[page]) if not (ROOT / path).exists()] == []


def test_readme_has_at_most_250_lines():
    assert len(PAGES["README.md"].splitlines()) <= 250


def test_the_index_links_every_page():
    linked = re.findall(r"\]\(([\w-]+\.md)\)", PAGES["docs/README.md"])
    pages = [path.name for path in DOCS.glob("*.md") if path.name != "README.md"]
    assert sorted(linked) == sorted(pages)


def options_of(group):
    return {path.stem for path in (CONF / group).glob("*.yaml")}


@pytest.mark.parametrize(
    "group",
    ["model", "data", "optimizer", "scheduler", "task", "trainer", "strategy", "hydra/launcher"],
)
def test_readme_lists_every_option(group):
    rows = table_rows(section(PAGES["README.md"], "## The parts"))
    listed = [re.findall(r"`([^`]+)`", row[1])[0] for row in rows if f"`{group}`" in row[0]]
    assert {*" ".join(listed).split()} == options_of(group)


def test_readme_lists_every_verb():
    rows = table_rows(section(PAGES["README.md"], "## The verbs"))
    assert {row[0].strip("`").split()[1] for row in rows if "leyden" in row[0]} == {
        *command_parser()[1]
    }


KEYS = {
    "": [one.name for one in fields(Root) if one.name not in {"model", "data", "optimizer"}],
    "monitor.": [one.name for one in fields(Monitor)],
    "resume.": [one.name for one in fields(ResumeKeys)],
    "task.": [one.name for one in fields(TaskKeys)],
    "sweep.": [one.name for one in fields(SweepKeys)],
    "trainer.": [one.name for one in fields(TrainerKeys)],
}
GROUPS = {"scheduler", "trainer", "callbacks", "logger", "task", "monitor", "resume"}


def documented():
    """The default that the page of keys gives to each key."""
    rows = table_rows(PAGES["docs/keys.md"])
    return {row[0].strip("`"): row[1] for row in rows if row[0].startswith("`")}


def test_the_page_of_keys_has_every_key():
    wanted = {prefix + name for prefix, names in KEYS.items() for name in names} - GROUPS
    assert wanted - documented().keys() == set()


def test_the_page_of_keys_gives_the_defaults():
    root = yaml.safe_load((CONF / "config.yaml").read_text())
    trainer = yaml.safe_load((CONF / "trainer" / "default.yaml").read_text())
    task = yaml.safe_load((CONF / "task" / "auto.yaml").read_text())
    defaults = {
        **{key: value for key, value in root.items() if not isinstance(value, dict | list)},
        **{f"{s}.{k}": v for s in ("monitor", "resume", "sweep") for k, v in root[s].items()},
        **{f"task.{key}": value for key, value in task.items()},
        **{f"trainer.{key}": value for key, value in trainer.items()},
    }
    given = documented()
    shown = {key: yaml.safe_load(given[key].strip("`")) for key in defaults}
    assert shown == defaults


def test_the_page_of_keys_has_every_environment_variable():
    assert set(KNOWN) <= documented().keys()


def test_contributing_lists_the_layers_as_they_are_checked():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(one["layers"] for one in contracts["contracts"] if one["type"] == "layers")
    rows = table_rows(section(PAGES["CONTRIBUTING.md"], "## The folders"))
    listed = [re.findall(r"`(\w+)`", row[0]) for row in rows[1:]]
    assert listed == [re.findall(r"\w+", layer) for layer in layers]
