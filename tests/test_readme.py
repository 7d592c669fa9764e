"""Every command that README shows works."""

import re
import shlex
from pathlib import Path

import pytest

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.config.validate import check_job
from leyden.planning.rules import RULES

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL)
QUICK = ("trainer=smoke", "trainer.max_steps=2")
TOKENIZE = "leyden tokenize novel.txt --output shards --tokenizer bpe --vocab-size 300"
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if "leyden" in line]


def words_of(command, folder):
    words = shlex.split(command.replace("RUN", folder).replace("SWEEP", folder), comments=True)
    return words[words.index("leyden") + 1 :]


def write_the_worked_examples():
    files = re.findall(r"```(?:python|yaml)\n# (my_\S+)\n(.*?)```", README, flags=re.DOTALL)
    assert len(files) == 4
    for name, text in files:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


@pytest.mark.usefixtures("user_files")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_readme_works(command, leyden, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)
    for setting in re.findall(r"^(\w+)=(\w+) ", command):
        monkeypatch.setenv(*setting)
    write_the_worked_examples()
    folder = "outputs"
    if "SWEEP" in command:
        folder = str(leyden("train", "-m", "seed=1,2", *QUICK).folder)
    elif "RUN" in command or "leyden runs" in command:
        folder = str(leyden("train", *QUICK).folder)
    if "generate" in command or "export" in command:
        folder = str(leyden("train", "model=gpt", "data=stdlib_text", *QUICK).folder)
    if "hf:exported" in command:
        leyden("export", folder, "--format", "hf", "--output", "exported")
    if "data.path=shards" in command:
        assert leyden(*words_of(TOKENIZE, folder)).status == 0
    words = words_of(command, folder)
    is_training = words[0] == "train" and "--help" not in words
    assert leyden(*words, *(QUICK if is_training else [])).status == 0


def test_the_sweep_that_readme_declares_has_the_jobs_it_says(tmp_path):
    (declared,) = re.findall(r"```yaml\n(sweep:\n.*?)```", README, flags=re.DOTALL)
    file = tmp_path / "mine" / "experiment" / "declared.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(f"# @package _global_\n{declared}")
    plan = compose_request(Request(("experiment=declared",), config_dir=tmp_path / "mine"))
    # 2 models x 2 widths x (3 rates for sgd + 2 for adamw), without the 2 x 3 of cnn with sgd, and
    # the one listed; with three seeds each.
    assert len(plan.jobs) == (2 * 2 * (3 + 2) - 2 * 3 + 1) * 3
    assert [problem for job in plan.jobs for problem in check_job(job, RULES)] == []


def test_readme_shows_commands():
    assert len(COMMANDS) >= 10


def test_readme_shows_the_message_that_is_given(leyden):
    shown = re.search(r"\$ leyden train (.*)\n((?:    error.*\n)+)", README)
    assert shown is not None
    expected = [line.strip() for line in shown.group(2).splitlines()]
    assert leyden("train", *shown.group(1).split()).err.splitlines()[:-1] == expected


def test_the_tree_names_what_is_there():
    tree = README.partition("## The tree")[2].partition("## ")[0]
    names = re.findall(r"[\w/]+(?:/|\.py|\.yaml)(?=[ \n])", tree.partition("A file of")[0])
    root = Path(__file__).parents[1]
    places = [root, root / "src" / "leyden", root / "conf", root / "tests"]
    assert len(names) > 25
    assert [name for name in names if not any((place / name).exists() for place in places)] == []
