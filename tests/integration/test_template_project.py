"""A project in lightning-hydra-template's layout, unchanged: trained, swept, searched, resumed."""

import json
import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1] / "assets" / "template_project"


@pytest.fixture
def project(tmp_path):
    """The project, adopted; its model notes the folder that it is told."""
    shutil.copytree(PROJECT, tmp_path, dirs_exist_ok=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def run(warm, folder, *words):
    process = warm.start(*words, folder=folder)
    out, err = process.communicate()
    return process.wait(), out, err


@pytest.mark.slow
def test_a_project_is_trained_swept_and_searched_as_it_is(project, warm):
    status, out, _ = run(warm, project, "adopt")
    assert status == 0
    assert 'conf = "configs"' in out

    status, out, err = run(warm, project, "train", "experiment=example", "trainer.max_epochs=1")
    assert status == 0, err
    folder = project / out.splitlines()[-1]
    assert folder.parent == project / "logs" / "train"
    record = json.loads((folder / "run.json").read_text())
    assert record["status"] == "completed"
    assert record["seed"] == 12345
    assert record["experiment"] == "example"
    assert "test/acc" in record["metrics"]

    inner = project / "notebooks"
    status, out, err = run(warm, inner, "eval", str(folder), "--json")
    assert status == 0, err
    assert json.loads(out)["test/acc"] == pytest.approx(record["metrics"]["test/acc"])
    status, _, err = run(warm, inner, "resume", str(folder), "trainer.max_epochs=2")
    assert status == 0, err
    assert json.loads((folder / "run.json").read_text())["steps"] == 2 * record["steps"]
    assert folder.name in run(warm, inner, "runs")[1]

    words = ("-m", "model.optimizer.lr=0.001,0.01", "trainer.max_epochs=1", "logger=csv")
    status, out, err = run(warm, inner, "train", *words)
    assert status == 0, err
    jobs = json.loads((Path(out.splitlines()[-1]) / "sweep.json").read_text())["jobs"]
    assert [job["state"] for job in jobs] == ["completed", "completed"]
    status, _, err = run(warm, inner, "train", *words)
    assert status == 0
    assert "nothing to do" in err

    words = ("hparams_search=digits_optuna", "trainer.max_epochs=1", "task_name=search")
    status, out, err = run(warm, project, "train", *words)
    assert status == 0, err
    sweep = json.loads((project / out.splitlines()[-1] / "sweep.json").read_text())
    assert [job["state"] for job in sweep["jobs"]] == ["completed", "completed"]
    assert sweep["objectives"][0]["metric"] == "val/acc_best"


@pytest.mark.slow
def test_two_processes_and_the_folder_of_the_run(project, warm):
    (project / "src" / "notes.py").write_text(
        "from pathlib import Path\n\n"
        "from lightning import Callback\n\n\n"
        "class Notes(Callback):\n"
        "    def __init__(self, folder):\n"
        "        self.folder = Path(folder)\n\n"
        "    def on_fit_end(self, trainer, pl_module):\n"
        "        (self.folder / f'notes-{trainer.global_rank}.txt').write_text('there')\n"
    )
    (project / "configs" / "callbacks" / "notes.yaml").write_text(
        "defaults:\n  - default\n\nnotes:\n  _target_: src.notes.Notes\n"
        "  folder: ${paths.output_dir}\n"
    )
    assert run(warm, project, "adopt")[0] == 0
    words = ("trainer=ddp_sim", "trainer.max_epochs=1", "seed=1", "callbacks=notes")
    status, out, err = run(warm, project, "train", *words)
    assert status == 0, err
    folder = project / out.splitlines()[-1]
    assert {path.name for path in folder.glob("notes-*")} == {"notes-0.txt", "notes-1.txt"}
    assert "<run_dir>" in (folder / "config.yaml").read_text()
