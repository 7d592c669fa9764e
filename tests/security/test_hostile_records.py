"""Records of another shape: a reader says which file it leaves out and why, and reads the rest."""

import json
import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from leyden.analysis.diff import facts
from leyden.analysis.reproduce import read_before
from leyden.cli.runs_table import show_runs
from leyden.cli.sweep_summary import show_sweep, show_sweeps
from leyden.errors import ConfigError
from leyden.run.changes import read_code
from leyden.run.checkpoint_file import read_marker
from leyden.run.content import KnownContent
from leyden.run.listing import find_runs, last_logged
from leyden.run.record import NOT_WRITTEN, Record
from leyden.sweeps.record import JobEntry, Objective, SweepContent, SweepRecord, find_sweeps
from leyden.sweeps.report.answer import answer
from leyden.sweeps.report.best_test import best_test
from leyden.sweeps.report.results import read_results
from leyden.sweeps.report.settings import settings as shared_settings
from leyden.sweeps.report.tables import (
    configurations_table,
    failures_table,
    jobs_table,
    shown_configurations_table,
    shown_jobs_table,
)
from leyden.training.resume import job_of

LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([10**400, 10**30, -1, "../x", "/etc", "running", "failed", "completed"])
)
VALUE = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
KEEP = object()
QUICK = settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def places(node, path=()):
    """The paths of all values within a value."""
    yield path
    inner = node.items() if isinstance(node, dict) else ()
    for key, value in enumerate(node) if isinstance(node, list) else inner:
        yield from places(value, (*path, key))


def changed(node, path, value):
    """A copy with another value at a path; without that key for KEEP."""
    if not path:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    if value is KEEP and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(copy[path[0]], path[1:], value)
    return copy


def damaged(content):
    """The content with a value of another kind somewhere, as bytes; or no such content at all."""
    text = json.dumps(content).encode()
    somewhere = st.sampled_from([path for path in places(content) if path])
    return (
        st.builds(lambda path, value: changed(content, path, value), somewhere, VALUE).map(
            lambda found: json.dumps(found).encode()
        )
        | somewhere.map(lambda path: json.dumps(changed(content, path, KEEP)).encode())
        | VALUE.map(lambda value: json.dumps(value).encode())
        | st.integers(0, len(text)).map(lambda end: text[:end])
        | st.sampled_from([b"[" * 100_000, b"\xff\xfe{}", b"{" + text, b"\0" * 50, b"1" * 5000])
        | st.binary(max_size=20)
    )


RUN = {
    "experiment": None,
    "overrides": ["seed=1"],
    "choices": {"model": "mlp", "data": "digits"},
    "config_digest": "ab",
    "seed": 1,
    "command": ["leyden", "train"],
    "params": {"total": 100},
    "flops": {"per_step": 10, "total": 1000},
    "schema": 1,
    "status": "completed",
    "started": "2026-01-01T00:00:00+00:00",
    "ended": "2026-01-01T00:00:01+00:00",
    "seconds": 1.0,
    "train_seconds": 0.5,
    "steps": 2,
    "metrics": {"val/loss": 1.0, "test/acc": 0.5},
    "best": {"metric": "val/loss", "value": 1.0, "step": 2, "checkpoint": None},
    "monitored": [[1, 2.0], [2, 1.0]],
    "git": {"sha": None, "dirty": None},
    "versions": {"torch": "2"},
    "flags": {"threads": 1},
    "data": {"samples": "1 + 1 + 1", "content": "ab"},
    "losses": {"1": (1.5).hex()},
    "resumed": [{"at": "now", "command": ["leyden"], "changes": []}],
    "process": {"host": "elsewhere", "pid": 1, "started": 2},
    "error": {"type": "RuntimeError", "message": "m"},
}
SWEEP = {
    "name": "s",
    "experiment": None,
    "command": ["leyden", "train", "-m"],
    "overrides": ["seed=1,2"],
    "axes": ["seed", "model.width"],
    "repeated": ["seed"],
    "objectives": [{"metric": "val/loss", "mode": "min", "reduce": "best"}],
    "launcher": "local",
    "search": {"n_trials": 3},
    "jobs": [
        {
            "overrides": ["seed=1", "model.width=8"],
            "folder": "a",
            "digest": "ab",
            "state": "completed",
            "objective": [1.0],
            "failure": None,
            "error": None,
            "attempts": 1,
            "seconds": 1.0,
            "trial": 0,
        },
        {
            "overrides": ["seed=2", "model.width=8"],
            "folder": "b",
            "state": "failed",
            "failure": "exception",
            "error": {"type": "E", "message": "m", "where": "x.py:1"},
            "objective": [None],
        },
    ],
    "schema": 1,
    "status": "completed",
    "started": "2026-01-01T00:00:00+00:00",
    "ended": None,
    "process": {"host": "elsewhere", "pid": 1, "started": 2},
}


def refusal(read, folder: Path) -> list[str]:
    """What a reader says if it refuses a folder; nothing if it reads it."""
    try:
        read(folder)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def run_at(folder: Path, content: bytes = b"") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text("seed: 1\n")
    (folder / "run.json").write_bytes(content or json.dumps(RUN).encode())
    return folder


def test_the_shapes_have_the_keys_of_the_records():
    assert set(KnownContent.__annotations__) == set(Record.__dataclass_fields__) - {*NOT_WRITTEN}
    of_a_sweep = {*SweepRecord.__dataclass_fields__} - {"folder", "is_behind", "next_write"}
    assert set(SweepContent.__annotations__) == of_a_sweep
    assert set(SWEEP["jobs"][0]) == set(JobEntry.__dataclass_fields__)
    assert set(SWEEP["objectives"][0]) == set(Objective.__dataclass_fields__)


@QUICK
@given(damaged(RUN))
def test_a_damaged_record_of_a_run_is_left_out_with_a_word(tmp_path, content):
    run_at(tmp_path / "outputs" / "good")
    bad = run_at(tmp_path / "outputs" / "bad", content)
    records, left_out = find_runs(tmp_path / "outputs")
    assert str(tmp_path / "outputs" / "good") in {record["folder"] for record in records}
    assert len(records) + len(left_out) == 2
    assert all(str(bad) in line for line in left_out)
    show_runs(records, tmp_path)


@QUICK
@given(damaged(RUN))
def test_every_reader_of_a_runs_record_reads_it_or_refuses_it(tmp_path, content):
    folder = run_at(tmp_path / "bad", content)
    for read in (Record.read, lambda f: job_of(f, []), lambda f: facts(f, "A"), read_before):
        assert all(str(folder) in said for said in refusal(read, folder))


def read_a_sweep(folder: Path) -> None:
    results = read_results(folder)
    for part in (answer, best_test, shared_settings):
        part(results)
    for table in (
        jobs_table(results),
        shown_jobs_table(results),
        shown_configurations_table(results),
        configurations_table(results),
        failures_table(results),
    ):
        assert table.csv()
        assert table.cells is not None
    show_sweep(results.record)


@QUICK
@given(damaged(SWEEP))
def test_a_damaged_record_of_a_sweep_is_read_or_refused(tmp_path, content):
    good, bad = tmp_path / "good", tmp_path / "bad"
    for folder, text in ((good, json.dumps(SWEEP).encode()), (bad, content)):
        run_at(folder / "a")
        run_at(folder / "b")
        (folder / "sweep.json").write_bytes(text)
    records, left_out = find_sweeps(tmp_path)
    assert good in {record.folder for record in records}
    assert len(records) + len(left_out) == 2
    show_sweeps(records)
    said = refusal(read_a_sweep, bad)
    assert len(said) == len(left_out)
    assert all(str(bad) in line for line in said)


@QUICK
@given(damaged(RUN))
def test_a_report_leaves_out_what_a_damaged_record_of_a_job_says(tmp_path, content):
    run_at(tmp_path / "a", content)
    run_at(tmp_path / "b")
    (tmp_path / "sweep.json").write_text(json.dumps(SWEEP))
    read_a_sweep(tmp_path)


@QUICK
@given(damaged({"sha256": "ab", "size": 1, "step": 1, "config_digest": "ab", "score": 1.0}))
def test_a_damaged_marker_or_note_of_the_code_is_none(tmp_path, content):
    (tmp_path / "step-1.json").write_bytes(content)
    (tmp_path / "code.json").write_bytes(content)
    marker = read_marker(tmp_path / "step-1.ckpt")
    assert marker is None or isinstance(marker.step, int)
    assert all("damaged" in said for said in refusal(read_code, tmp_path))


@QUICK
@given(st.binary(max_size=60))
@example(b'step,train/loss\n1,"')
@example(b"step,train/loss\n1,1e999\n")
def test_a_damaged_table_of_a_run_that_goes_on_says_what_it_can(tmp_path, content):
    (tmp_path / "metrics.csv").write_bytes(content)
    step, loss = last_logged(tmp_path)
    assert (step is None) is (loss is None)
    assert step is None or content.count(b"\n") >= 2  # a heading and a whole row


@pytest.mark.parametrize("text", ["[]", '"x"', "{}", "[" * 100_000, '{"status": 1}', "{"])
def test_runs_lists_the_rest_and_says_what_it_left_out(leyden, tmp_path, text):
    run_at(tmp_path / "outputs" / "good")
    run_at(tmp_path / "outputs" / "bad", text.encode())
    for words in ((), ("--json",)):
        result = leyden("runs", *words)
        assert result.status == 0
        assert "good" in result.out
        assert "left out outputs/bad/run.json: " in result.err
    assert len(json.loads(result.out)) == 1


def unreadable(path: Path, kind: str) -> None:
    """Puts a thing that is no file in a file's place."""
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(os.path.relpath(path))
    elif kind == "folder":
        path.mkdir()
    else:
        outside = path.parent.parent / f"outside-{path.name}"
        outside.write_text(json.dumps(RUN))
        path.symlink_to(outside if kind == "link" else "/dev/zero")


WORDS = {
    "pipe": "is a named pipe",
    "socket": "is a socket",
    "link": "is a link that leads out",
    "device": "is a link that leads out",
}
KINDS = [*WORDS, "folder"]
if os.name == "nt":
    pytest.skip("there are no pipes in folders", allow_module_level=True)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", KINDS)
def test_runs_opens_nothing_but_files(leyden, tmp_path, kind):
    run_at(tmp_path / "outputs" / "good")
    for name in ("run.json", "sweep.json", "metrics.csv"):
        folder = run_at(tmp_path / "outputs" / name)
        unreadable(folder / name, kind)
    running = {**RUN, "status": "running"}
    run_at(tmp_path / "outputs" / "metrics.csv", json.dumps(running).encode())
    result = leyden("runs")
    assert result.status == 0, result.err
    assert "good" in result.out
    assert "outside" not in result.out


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", WORDS)
@pytest.mark.parametrize("name", ["run.json", "config.yaml", "code.json", "metrics.csv"])
def test_no_verb_opens_what_is_no_file(leyden, tmp_path, name, kind):
    folder = run_at(tmp_path / "run")
    unreadable(folder / name, kind)
    for words in (
        ["resume", "run"],
        ["eval", "run"],
        ["diff", "run", "run"],
        ["reproduce", "run"],
        ["generate", "run", "--prompt", "a"],
        ["export", "run", "--format", "hf", "--output", "out"],
        ["train", "run_dir=run"],
    ):
        result = leyden(*words)
        assert result.status == 2, words
        assert WORDS[kind] in result.err, words


SOURCE = Path(__file__).parents[2] / "src" / "leyden"
METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "touch"}
OTHERS = {
    "runs/files.py": "is the one place",
    "runs/temporary.py": "opens folders of its own",
    "runs/atomic.py": "makes new files alone",
    "runs/environment.py": "reads what the system says",
    "runs/process_mark.py": "reads what the system says",
    "runs/changes.py": "reads the code that runs",
    "sweeps/report/__init__.py": "writes into a folder that it has made",
    "sweeps/report/page.py": "reads files of its own package",
    "sweeps/report/tensorboard.py": "looks at a picture that it has made",
    "model_verbs.py": "closes standard output",
}
READS_RUNS = ("runs", "sweeps", "callbacks", "loggers", "processes", "stacking", "parallel")


def test_files_of_a_run_are_opened_at_one_place():
    """By `regular`, or by libraries after `reject_foreign_links` has looked."""
    import ast

    found = []
    paths = [path for folder in READS_RUNS for path in (SOURCE / folder).rglob("*.py")]
    for path in [*paths, *SOURCE.glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or path.relative_to(SOURCE).as_posix() in OTHERS:
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            is_method = isinstance(node.func, ast.Attribute)
            has_opener = "opener" in {word.arg for word in node.keywords}
            if (is_method and name in METHODS) or (name == "open" and not has_opener):
                found.append(f"{path.name}:{node.lineno}: {name}")
    assert found == []
