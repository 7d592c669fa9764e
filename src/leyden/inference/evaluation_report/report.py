"""A test of a run with a page about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leyden.errors import ConfigError, Problem
from leyden.events import Event, Note, Observer
from leyden.files.atomic import write_atomically
from leyden.files.disk_space import require_space
from leyden.inference.evaluate import Tested, evaluated_run
from leyden.inference.evaluation_report.columns import TableColumn, columns_of, with_missing
from leyden.inference.evaluation_report.document import Document, Paragraph, Section
from leyden.inference.evaluation_report.outputs import OutputCollector, TestedSamples, samples_of
from leyden.inference.evaluation_report.page import GENERATOR, page_of
from leyden.inference.evaluation_report.sections import (
    class_mistakes,
    class_sections,
    metrics_section,
    number_mistakes,
    number_sections,
    slices_section,
)
from leyden.inference.load import calibration_of
from leyden.run.record import now
from leyden.run.test_uses import read_test_uses

NAME = "report.html"


@dataclass(frozen=True)
class Evaluation:
    """A test, and the page about it, which is not written yet.

    Attributes:
        metrics: The metrics by name.
        intervals: 95 % intervals of those that have one.
        text: Content of the page.
        path: File of the page.
    """

    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    text: str
    path: Path

    def write(self) -> None:
        """Writes the page, whole or not at all.

        Raises:
            OSError: It can't be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, self.text)


def evaluate_with_report(
    folder: Path,
    overrides: list[str],
    *,
    observer: Observer,
    on: Sequence[str] = (),
    output: Path | None = None,
) -> Evaluation:
    """Tests a run's checkpoint, and makes a page about how it does.

    Args:
        folder: Folder of the run.
        overrides: See `evaluate`.
        observer: See `evaluate`.
        on: See `evaluate`.
        output: Folder of the page; None: `evaluation` in the folder of the run.

    Raises:
        ConfigError: See `evaluate`; or the task has no page, or there is another one.
        Diverged: A metric is NaN or infinite.
    """
    page = (output or folder / "evaluation") / NAME
    _require_place(page)
    collector, notes = OutputCollector(), list[str]()

    def noting(event: Event) -> None:
        if isinstance(event, Note):
            notes.append(event.text)
        observer(event)

    tested = evaluated_run(folder, overrides, observer=noting, on=on, watchers=[collector])
    samples = samples_of(tested, collector)
    document = document_of(folder, tested, samples, on, notes)
    return Evaluation(tested.metrics, tested.intervals, page_of(document), page)


def _require_place(page: Path) -> None:
    """Raises `ConfigError` where the page can't be, or would take the place of something else."""
    require_space(page.parent, key="--output", num_parameters=0)
    if page.exists() and GENERATOR not in page.read_text(encoding="utf-8", errors="replace"):
        message = f"has another {NAME}, which is not of `leyden eval`; name another folder"
        raise ConfigError([Problem("--output", message, str(page.parent))])


def document_of(
    folder: Path, tested: Tested, samples: TestedSamples, on: Sequence[str], notes: list[str]
) -> Document:
    """All that the page says.

    Args:
        folder: Folder of the run.
        tested: The run that was tested.
        samples: Its samples.
        on: Files that it was tested on; none: its test part.
        notes: What was said of the data meanwhile.
    """
    columns = _columns(tested, samples)
    sections = [_notes_section(folder, tested, samples, notes), metrics_section(tested)]
    if samples.spec.task_name == "classification":
        sections += [*class_sections(samples), class_mistakes(tested, samples, columns)]
    else:
        sections += [*number_sections(samples), number_mistakes(tested, samples, columns)]
    if columns:
        sections.append(slices_section(samples, columns))
    what = "new data" if on else "its test part"
    return Document(
        f"{folder.resolve().name} on {what}",
        _facts(folder, tested, samples, on),
        [section for section in sections if section.parts],
    )


def _columns(tested: Tested, samples: TestedSamples) -> list[TableColumn]:
    inputs = samples.inputs() if samples.spec.kind == "table" else None
    if inputs is None or inputs.ndim != 2:
        return []
    preparation = None if tested.prepared is None else tested.prepared.preparation
    is_missing = getattr(samples.part, "is_missing", None)  # of the run's own table
    columns = columns_of(inputs, preparation, samples.spec.feature_names)
    return columns if is_missing is None else with_missing(columns, is_missing[: len(samples)])


def _facts(
    folder: Path, tested: Tested, samples: TestedSamples, on: Sequence[str]
) -> dict[str, str]:
    whole = len(samples) if samples.part is None else len(samples.part)
    count = f"{len(samples):,} samples"
    if whole > len(samples):
        count = f"the first {len(samples):,} of {whole:,} samples"
    facts = {
        "run": str(folder.resolve()),
        "checkpoint": tested.checkpoint.name,
        "tested on": f"{', '.join(on)}: {count}" if on else f"{count} of the test part",
    }
    if tested.overrides:
        facts["changed keys"] = " ".join(tested.overrides)
    if not on:
        facts["test part"] = f"used {len(read_test_uses(folder)):,} times so far"
    return {**facts, "made": now()}


def _notes_section(
    folder: Path, tested: Tested, samples: TestedSamples, notes: list[str]
) -> Section:
    """What a reader should know first."""
    said = [Paragraph(note, note.startswith("warning: ")) for note in notes]
    report = getattr(tested.data, "report", None)
    said += [Paragraph(f"warning: {one}", True) for one in getattr(report, "warnings", [])]
    if samples.spec.task_name == "classification" and calibration_of(folder) is not None:
        words = (
            "This run has a correction of its probabilities, calibration.json, which `leyden"
            " predict` uses. Metrics and probabilities here are without it."
        )
        said.append(Paragraph(words))
    return Section("Notes", list(said))
