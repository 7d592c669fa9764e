"""A real notebook, run by nbclient: from composing to a sweep's table, an error, a resumed run."""

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

pytestmark = pytest.mark.slow  # a kernel imports torch
FEW = "'model.width=8', 'trainer.max_steps=20', 'baselines=null', 'trainer.max_epochs=null'"

CELLS = {
    "compose": "import leyden\nprint(leyden.compose('model=mlp').jobs[0].cfg.model.width)",
    "train": (
        "from leyden.cli.observer import TerminalObserver\n"
        f"run = leyden.train({FEW}, observer=TerminalObserver())\nrun"
    ),
    "plot": "run.plot('train/loss')",
    "sweep": f"sweep = leyden.sweep('optimizer=sgd,adamw', {FEW}, 'sweep.report=false')\nsweep",
    "killed": (
        "import subprocess, sys, os\n"
        "words = ['trainer.max_steps=20', 'trainer.max_epochs=null', 'model.width=8',\n"
        "         'baselines=null', 'resume.every_steps=5', 'run_dir=killed']\n"
        "fault = {**os.environ, 'LEYDEN_FAULT': 'SIGKILL@step:12'}\n"
        "command = [sys.executable, '-m', 'leyden', 'train', *words]\n"
        "print(subprocess.run(command, env=fault, capture_output=True).returncode)"
    ),
    "resumed": "again = leyden.resume('killed')\nprint(again.status, again.record.steps)",
    "error": "leyden.train('model.widht=3')",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS.values()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    place = {"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}}
    client = NotebookClient(notebook, timeout=300, resources=place)
    with pytest.raises(CellExecutionError, match=r"did you mean `model\.width`"):
        client.execute()
    return dict(zip(CELLS, (cell.outputs for cell in notebook.cells), strict=True))


def text_of(outputs, stream="stdout"):
    return "".join(
        one.text for one in outputs if one.output_type == "stream" and one.name == stream
    )


def shown(outputs, kind):
    return [one.data[kind] for one in outputs if kind in one.get("data", {})]


def test_a_config_is_composed(outputs):
    assert text_of(outputs["compose"]) == "128\n"


def test_progress_and_the_run_are_shown_as_html(outputs):
    *told, table = shown(outputs["train"], "text/html")
    assert any("mlp" in one for one in told)
    assert any("step 20/20" in one for one in told)
    assert "<th>status</th><td>completed</td>" in table
    assert "<th>test/acc</th>" in table


def test_curves_are_a_picture(outputs):
    (picture,) = shown(outputs["plot"], "image/png")
    assert len(picture) > 5000


def test_a_sweep_is_its_table(outputs):
    table = shown(outputs["sweep"], "text/html")[-1]
    assert table.count("<td>completed</td>") == 2
    assert "<th>val/loss</th>" in table


def test_a_killed_run_is_resumed_to_its_end(outputs):
    assert text_of(outputs["killed"]) == "-9\n"
    assert text_of(outputs["resumed"]) == "completed 20\n"
