"""Files that a run or a sweep can't make again are replaced or appended to, never cut."""

import ast
import os
import re
from pathlib import Path

import pytest

import leyden
from leyden.files.atomic import remove_parts, write_atomically

SOURCES = Path(leyden.__file__).parent

CUTS = {
    "files/atomic.py": "stages the file that takes the place of another",
    "sweeps/report/__init__.py": "into a new folder, which gets its name when it is whole",
    "sweeps/reuse.py": "copies into the new folder of a job; the run that it is of keeps its own",
    "analysis/board/folder.py": "copies into the temporary folder of a board",
    "tokenization/chunk.py": "stages, as above",
    "tokenization/sequences.py": "into a new folder of a run, whose data is read anew without it",
    "tokenization/tokenizer.py": "into a new folder; the same command writes it again",
    "inference/export.py": "an export: the same command writes it again",
    "inference/explanation_folder.py": "staged: a folder gets its name when it is whole",
    "interop/model_card.py": "an export: the same command writes it again",
    "interop/hf_export.py": "an export: the same command writes it again",
    "config/new_project.py": "staged: a project gets its name when it is whole",
    "inference/serving/dockerfile.py": "staged: a folder gets its name when it is whole",
    "data/images/torchvision_images.py": "a download, which gets its name when it is whole",
    "data/text/plain_text.py": "a download, which gets its name when it is whole",
    "files/row_writer.py": "staged: a file of rows gets its name when it is whole",
    "doctor/fault_suite.py": "damages a checkpoint of its own on purpose",
}
"""Where a file is opened so that its content is gone at once, and why no work can be lost there."""


METHODS = {"write_text", "write_bytes", "truncate", "ftruncate"}
OPENS = {"open", "fdopen", "NamedTemporaryFile", "TemporaryFile"}
COPIES = {"shutil.copy", "shutil.copy2", "shutil.copyfile"}
MODES = re.compile("[rwxab+t]*w[rwxab+t]*")


def is_cut(call):
    """Whether a call empties a file, or shortens it."""
    name = ast.unparse(call.func)
    texts = [argument.value for argument in ast.walk(call) if isinstance(argument, ast.Constant)]
    opens_anew = any(isinstance(text, str) and MODES.fullmatch(text) for text in texts)
    last = name.rpartition(".")[2]
    return last in METHODS or name in COPIES or (last in OPENS and opens_anew)


def cuts(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and is_cut(node)]


@pytest.mark.parametrize(
    "line",
    [
        *("open(path, 'w')", "path.open('wb')", "path.open(mode='w+')", "os.fdopen(handle, 'wb')"),
        *("path.write_text('')", "os.truncate(path, 3)", "shutil.copy(one, other)"),
    ],
)
def test_a_line_that_empties_a_file_is_found(line):
    assert cuts(ast.parse(line))


@pytest.mark.parametrize("line", ["open(path)", "path.open('a')", "open(path, 'rb')", "a.copy()"])
def test_other_lines_are_not(line):
    assert not cuts(ast.parse(line))


def test_nothing_is_opened_for_writing_where_it_could_be_the_only_copy():
    found = {
        str(path.relative_to(SOURCES))
        for path in SOURCES.rglob("*.py")
        if cuts(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set(CUTS)


def test_a_file_left_half_written_by_a_process_of_the_same_number_is_no_obstacle(tmp_path):
    (tmp_path / f".run.json.{os.getpid()}.part").write_text("{")
    write_atomically(tmp_path / "run.json", "whole")
    assert (tmp_path / "run.json").read_text() == "whole"
    remove_parts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_file_that_could_not_be_written_leaves_the_old_one_and_nothing_else(
    tmp_path, monkeypatch
):
    write_atomically(tmp_path / "run.json", "old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="space"):
        write_atomically(tmp_path / "run.json", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
    assert (tmp_path / "run.json").read_text() == "old"
