"""The Python that README and the pages of docs show runs, as a script of its own."""

import subprocess
import sys

import pytest

from tests.docs.pages import PAGES, snippets

WITH_SNIPPETS = {page: code for page, text in PAGES.items() if (code := snippets(text))}
LONG = {"docs/python.md"}
BEFORE = {
    "docs/export.md": ("train trainer=smoke run_dir=RUN", "export RUN --format onnx --output model")
}
"""Commands that a page shows, or takes for given, before its Python."""


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=[pytest.mark.slow] if p in LONG else []) for p in WITH_SNIPPETS],
)
def test_the_python_of_a_page_runs(page, leyden, tmp_path):
    for command in BEFORE.get(page, ()):
        assert leyden(*command.split()).status == 0
    script = tmp_path / "script.py"
    script.write_text(WITH_SNIPPETS[page])
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
