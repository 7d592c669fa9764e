"""Every command that README and the pages of docs show works."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from leyden.cli.command import command_parser
from leyden.cli.parser import parse
from leyden.cli.request import compose_words
from leyden.config.compose import compose_request
from leyden.config.new_project import write_project
from leyden.config.request import Request
from leyden.config.validate import check_job
from leyden.planning.rules import RULES
from tests.docs.pages import PAGES, ROOT, SHORT, blocks, commands, section

COMMANDS = commands()
PROJECT = ROOT / "tests" / "assets" / "template_project"
COMPOSED = ("train", "plan", "data")
"""Verbs that take overrides of a config."""

SHOWING = {"--help", "--cfg", "--info"}
"""With these `train` shows something and trains nothing."""

EXPERIMENTS = "|".join(path.stem for path in (ROOT / "experiments").glob("*.yaml"))
ELSEWHERE = re.compile(rf"leyden (doctor|board|serve)\b|leyden train experiment=({EXPERIMENTS})$")
"""`tests/doctor/test_doctor.py` runs the first, and looks at what it finds; those that serve until
they are stopped, `test_board.py` and `test_serve.py` in `tests/integration`; each experiment alone,
`test_trainers.py` there."""

ACCEPTED = [pytest.param(one, id=f"{page}: {one[:80]}") for one, page in COMMANDS.items()]
RUN = [
    one
    for one in ACCEPTED
    if not SHOWING & {*one.values[0].split()} and not ELSEWHERE.match(one.values[0])
]

OF_RESNET = r"\bresnet18\.(pth|safetensors)\b"
OF_REVIEWS = r"\bbert\b|\breviewed\b"
TRAIN_REVIEWED = (
    "train model=hf model.name=bert data=labelled_text data.path=reviews.csv data.text=review"
    " data.target=label trainer=smoke run_dir=reviewed"
)
NEEDED = {
    "data.path=shards": "tokenize novel.txt --output shards --tokenizer bpe --vocab-size 300",
    "explain pictures": "train model=cnn trainer=smoke run_dir=pictures",
    "explain writer": "train model=gpt data=text data.path=novel.txt trainer=smoke run_dir=writer",
    "explain prices": "train data=csv data.path=houses.csv data.target=price trainer=smoke"
    " run_dir=prices",
    "predict sales": "train data=csv_series data.path=sales.csv data.target=sold data.time=date"
    " model=rnn trainer=smoke run_dir=sales",
    "eval prices": "train data=csv data.path=houses.csv data.target=price trainer=smoke"
    " run_dir=prices",
    "predict prices": "train data=csv data.path=houses.csv data.target=price trainer=smoke"
    " run_dir=prices",
    "predict reviewed": TRAIN_REVIEWED,
    "eval reviewed": TRAIN_REVIEWED,
    "--ensemble again": "train seed=1 trainer=smoke run_dir=again",
    "scaling ladder": "train -m params=3e3,1e4,3e4,1e5 trainer=smoke run_dir=ladder",
    "hf:exported": "export MODEL --format hf --output exported",
}
"""Commands that come before those that have a word."""


def words_of(command, named):
    """What follows `leyden`, with folders in the place of RUN and SWEEP."""
    of_text = "generate" in command or "export" in command
    if "RUN" in command:
        command = command.replace("RUN", named("language_model" if of_text else "trained"))
    if "SWEEP" in command:
        command = command.replace("SWEEP", named("swept"))
    words = shlex.split(command)
    return words[words.index("leyden") + 1 :]


def shown_in(page, heading):
    """The text of the commands of a section."""
    return "".join(blocks("bash", section(PAGES[page], heading)))


OF_TEMPLATE = shown_in("docs/your-project.md", "## A project with Hydra and Lightning")
OF_NEW = shown_in("README.md", "### Your own project") + "".join(
    shown_in("docs/your-project.md", f"## {heading}")
    for heading in ("The YAML of a class", "An editor that knows the keys")
)


def make_project(command, folder, monkeypatch):
    """For a command of a project: one, which is new, or adopted unless the command does it."""
    if command in OF_NEW and command not in OF_TEMPLATE and command != "leyden new demo":
        write_project(folder / "demo", is_lightning=False)
        monkeypatch.chdir(folder / "demo")
    if command not in OF_TEMPLATE:
        return
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
    if "adopt" not in command:
        with (folder / "pyproject.toml").open("a") as file:
            file.write('[tool.leyden]\npackages = ["src"]\nconf = "configs"\n')


def set_environment(command, monkeypatch):
    for setting in re.findall(r"^(\w+)=([\w,]+) ", command):
        monkeypatch.setenv(*setting)


@pytest.mark.usefixtures("users_code")
@pytest.mark.parametrize("command", ACCEPTED)
def test_a_command_is_accepted(command, leyden, named, monkeypatch, tmp_path, request):
    make_project(command, tmp_path, monkeypatch)
    if re.search(OF_REVIEWS, command):
        request.getfixturevalue("bert")
    if re.search(OF_RESNET, command):
        request.getfixturevalue("resnet18_files")
    set_environment(command, monkeypatch)
    Path("shards").mkdir()
    needs_run = "init_from=RUN" in command
    words = words_of(command, named if needs_run else str)
    if SHOWING & set(words):
        assert leyden(*words).status == 0
        return
    options = parse(command_parser()[0], words)
    if options.verb in COMPOSED:
        without = ("model",) if options.verb == "data" else ()
        assert compose_words(options.overrides, without=without).jobs


@pytest.mark.slow
@pytest.mark.usefixtures("users_code")
@pytest.mark.parametrize("command", RUN)
def test_a_command_works(command, leyden, named, monkeypatch, tmp_path, request):
    make_project(command, tmp_path, monkeypatch)
    if re.search(OF_REVIEWS, command):
        request.getfixturevalue("bert")
    if re.search(OF_RESNET, command):
        request.getfixturevalue("resnet18_files")
    set_environment(command, monkeypatch)
    for word, before in NEEDED.items():
        if word in command and f"leyden {before.partition(' ')[0]}" not in command:
            folder = named("language_model") if "MODEL" in before else ""
            assert leyden(*before.replace("MODEL", folder).split()).status == 0
    if "leyden runs" in command:
        named("trained")
    words = words_of(command, named)
    short = []
    if words[0] == "train":
        short = SHORT[1:] if any(word.startswith("trainer=") for word in words) else SHORT
        if any(word.startswith("budget.") for word in words):
            short = ()  # it says how long the run is
        if not any(word.startswith("baselines") for word in words):
            short = (*short, "baselines=null")  # those of text take ten seconds
    assert leyden(*words, *short).status == 0


def test_readme_and_docs_show_commands():
    assert len(COMMANDS) >= 40
    assert {"README.md", "docs/your-data.md"} <= {*COMMANDS.values()}


def test_the_sweep_that_is_declared_has_the_jobs_it_says(tmp_path):
    (declared,) = (
        block
        for block in blocks("yaml", PAGES["docs/sweeps-and-searches.md"])
        if block.startswith("sweep:")
    )
    file = tmp_path / "mine" / "experiment" / "declared.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(f"# @package _global_\n{declared}")
    composed = compose_request(Request(("experiment=declared",), config_dir=tmp_path / "mine"))
    # 2 models x 2 widths x (3 rates for sgd + 2 for adamw), without the 2 x 3 of cnn with sgd, and
    # the one listed; with three seeds each.
    assert len(composed.jobs) == (2 * 2 * (3 + 2) - 2 * 3 + 1) * 3
    assert [problem for job in composed.jobs for problem in check_job(job, RULES)] == []


def test_readme_shows_the_message_that_is_given(leyden):
    shown = re.search(r"\$ leyden train (.*)\n((?:    error.*\n)+)", PAGES["README.md"])
    assert shown is not None
    expected = [line.strip() for line in shown.group(2).splitlines()]
    assert leyden("train", *shown.group(1).split()).err.splitlines()[:-1] == expected
