"""What wandb and MLflow have of a run, by their own messages and client."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

from leyden.compat.wandb import STEP, parsed, read_records

QUICK = (
    *("trainer.max_epochs=1", "trainer.log_every_n_steps=1", "trainer.val_check_interval=5"),
    *("model.width=8", "baselines=null"),
)
STEPS = 22


def segments(folder):
    """The parts of a run that wandb has, in their order."""
    return [segment(path) for path in sorted(Path(folder).glob("wandb/offline-run-*/*.wandb"))]


def segment(path):
    """Group, name, config, summary and points (step, name, value) of a file of wandb's."""
    found = SimpleNamespace(config={}, summary={}, points=[], is_ended=False)
    for record in map(parsed, read_records(path.read_bytes())):
        if record.HasField("run"):
            found.group, found.name = record.run.run_group, record.run.display_name
            found.project = record.run.project
        for item in [*record.run.config.update, *record.config.update]:
            found.config[item.key or "/".join(item.nested_key)] = json.loads(item.value_json)
        for item in record.summary.update:
            found.summary["/".join(item.nested_key) or item.key] = json.loads(item.value_json)
        row = {
            "/".join(i.nested_key) or i.key: json.loads(i.value_json) for i in record.history.item
        }
        if row:
            found.points += [(row[STEP], name, value) for name, value in row.items()]
        found.is_ended |= record.HasField("exit")
    return found


def steps(points, name):
    """The steps of a curve, in their order."""
    return sorted(step for step, one, _ in points if one == name)


def twice(points):
    """What is said of a step more than once."""
    own = {STEP, "_step", "_runtime", "_timestamp"}
    counted = Counter((step, name) for step, name, _ in points if name not in own)
    return [which for which, count in counted.items() if count > 1]


def record_of(folder):
    return json.loads((Path(folder) / "run.json").read_text())


def killed(warm, *words, step):
    """Trains in a process of its own, which is killed before a step."""
    environment = {**os.environ, "LEYDEN_FAULT": f"SIGKILL@step:{step}"}
    process = warm.start("train", *words, folder=Path.cwd(), environment=environment)
    _, err = process.communicate()
    assert process.returncode == -9, err


def without_network(*words):
    """Trains in a process that has no network; None where this machine does not allow it."""
    namespace = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    try:
        allowed = subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode
    except FileNotFoundError:
        return None
    if allowed:
        return None
    command = [*namespace, sys.executable, "-m", "leyden", "train", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)
