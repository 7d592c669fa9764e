"""What a user sees: a few lines when a run starts, a table when it ends, one line an error.

Standard output has results only, so that it can be read by other programs; all else goes to
standard error.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from leyden.cli.console import messages, results, say, say_rows, say_wrapped
from leyden.cli.finetuning_text import show_finetuning
from leyden.cli.layout import Column, lay_out
from leyden.cli.privacy_text import show_privacy, show_privacy_plan
from leyden.distributed.torchrun import is_first
from leyden.errors import Problem
from leyden.formatting import format_number, printed, shown_path
from leyden.planning.batch import batch_split_of

BASELINES = {
    "persistence": "the last value again",
    "ar": "the best autoregressive model of up to as many lags",
}

MACRO = frozenset({"test/precision", "test/recall", "test/f1"})
"""Means over the classes, each of which weighs alike."""

EXACT_ENOUGH = 0.05
"""Relative difference from `params=` that is not reported."""

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from pytorch_lightning import LightningDataModule

    from leyden.callbacks.step_profile import StepTimes
    from leyden.data import DataModule
    from leyden.data.report import DataReport
    from leyden.run.record import Record
    from leyden.training.build import RunObjects


def show_start(
    record: "Record", cfg: "DictConfig", experiment: "RunObjects", *, is_fresh: bool
) -> None:
    """What runs, how big it is, on what, and where it goes."""
    from leyden.data import DataModule
    from leyden.data.capabilities import report_of

    choices, trainer, console = record.choices, experiment.trainer, messages()
    size = f"{record.params['total']:,} parameters"
    knobs = [f"{name} {cfg.model[name]}" for name in ("width", "depth") if name in cfg.model]
    size += f" ({', '.join(knobs)})" if knobs else ""
    model = " ".join(filter(None, (choices["model"], cfg.model.get("name"))))
    say(console, (model, "bold"), " on ", (choices["data"], "bold"), f": {size}")
    wanted = cfg.params
    if wanted is not None and abs(record.params["total"] - wanted) > EXACT_ENOUGH * wanted:
        say(console, f"          no width comes nearer to params={wanted:g}", style="yellow")
    if isinstance(experiment.data, DataModule):
        _show_parts(experiment.data)
    else:
        show_data(report_of(experiment.data))
    if "optimizer" in choices:
        is_leydens = isinstance(experiment.data, DataModule)
        batch = f"batch {batch_split_of(cfg)}" if is_leydens else "batches as they come"
        by = choices["optimizer"]
        if "scheduler" in choices:  # a LightningModule may take the optimizer alone
            by += f", {choices['scheduler']} schedule"
        say(console, f"  optim   {by}, {batch}, seed {cfg.seed}")
    else:
        say(console, f"  seed    {cfg.seed}")
    device = trainer.strategy.root_device
    several = f", {cfg.trainer.strategy}" if trainer.world_size > 1 else ""
    compiled = ", compiled" if cfg.compile else ""
    say(console, f"  device  {device.type}, {cfg.trainer.precision}{several}{compiled}")
    if cfg.get("privacy") is not None:
        show_privacy_plan(cfg, experiment)
    show_finetuning(record, cfg, experiment, is_fresh=is_fresh)
    say(console, f"  folder  {shown_path(record.folder)}")


def _show_parts(data: "DataModule") -> None:
    """How large the parts of a data set of Leyden's are, and what is to be beaten on them."""
    parts, spec, console = data.splits, data.spec, messages()
    say(
        console,
        f"  data    {len(parts.train):,} training, {len(parts.val):,} validation,"
        f" {len(parts.test):,} test samples",
    )
    show_data(data.report)
    for model, error in spec.baseline_rmse.get("test", {}).items():
        say(console, f"          test rmse to beat: {format_number(error)} ({BASELINES[model]})")
    if spec.unigram_nats is not None:
        say(console, f"          unigram entropy {spec.unigram_nats:.3f} nats a token")


def show_data(report: "DataReport", *, indent: int = 10) -> None:
    """What was read, left out and guessed of the data; warnings in full."""
    console = messages()
    for line in report.lines():
        is_warning = line.startswith("warning: ")
        say_wrapped(console, line, indent=indent, style="yellow" if is_warning else "")


def show_data_sets(data_sets: Iterable[tuple[str, "LightningDataModule"]]) -> None:
    """What was read of the data sets of several jobs, each once.

    Args:
        data_sets: For each job the option of the group `data`, and the data set.
    """
    from leyden.data.capabilities import report_of

    reports = [(name, report_of(data)) for name, data in data_sets]
    different = {id(report): (name, report) for name, report in reports if report.parts}
    for name, report in different.values():
        sizes = ", ".join(f"{size:,} {part}" for part, size in report.parts.items())
        say(messages(), (f"data {name}", "bold"), f": {sizes} samples" if sizes else "")
        show_data(report, indent=2)


def show_note(text: str) -> None:
    """A line on standard error, wrapped between words where possible."""
    say_wrapped(messages(), text)


def show_step_times(times: "StepTimes") -> None:
    """Shows where the time of a step goes."""
    console, each = messages(), 1e3 * times.seconds / times.steps
    say(console, f"where a step's time goes: {times.steps} steps, {each:.2f} ms each")
    say_rows(console, times.shares)
    heading = ("largest operations", "of all", "calls")
    say_rows(console, times.operations, heading=heading)
    say(console, f"trace  {shown_path(times.trace)} (open it at ui.perfetto.dev)")


def show_resume(step: int) -> None:
    """That a run does not begin anew."""
    say(messages(), f"  goes on from step {step:,}")


def show_early_stop(monitor: str, patience: int) -> None:
    """Shows that a run ended before its planned end."""
    say(messages(), f"stopped early: {monitor} was no better for {patience} validations")


def show_end(record: "Record") -> None:
    """Test metrics, baselines and time of a finished run."""
    rows = []
    for name, value in record.metrics.items():
        if name.startswith(("test/", "test_")):
            rows.append((name, _with_interval(value, record.intervals.get(name)), _kind_of(name)))
    best = record.best
    is_tested = bool(rows)
    if best["value"] is not None:
        is_kept = best["checkpoint"] is not None
        kept = "; tested" if is_kept and is_tested else "; kept" if is_kept else ""
        number = f"{format_number(best['value'])} at step {best['step']}{kept}"
        rows.append((f"best {best['metric']}", number, ""))
    if best["value"] is None and is_tested:
        is_validated = any(name.startswith("val") for name in record.metrics)
        why = "no metric selects" if is_validated else "there was no validation"
        rows.append(("tested", f"the last weights; {why}", ""))
    rows.append(("fit", f"{record.train_seconds:.1f} s, {record.steps:,} steps", ""))
    say_rows(
        results(), [(name, " ".join(filter(None, (value, kind)))) for name, value, kind in rows]
    )
    show_privacy(record)
    show_baselines(record)


def _with_interval(value: float, interval: Sequence[float] | None) -> str:
    """A test metric with its 95 % interval over the samples of the test part."""
    number = format_number(value)
    if interval is None:
        return number
    low, high = interval
    return f"{number} ({format_number(low)} to {format_number(high)})"


def _kind_of(name: str) -> str:
    """What a metric is a mean of, where the name does not tell."""
    return "macro" if name in MACRO else ""


def show_baselines(record: "Record") -> None:
    """What simple models reach on the test part, and how the run stands to them."""
    from leyden.baselines.judgement import baselines_in, standing

    best = record.best
    found = standing(
        {**record.metrics, **({best["metric"]: best["value"]} if best["metric"] else {})},
        record.intervals,
        baselines_in(record.baselines or ()),
        monitor=best["metric"],
    )
    if found is None:
        return
    metric = found.metric
    rows = [(f"  {one.name}", format_number(one.metrics[metric])) for one in found.baselines]
    say_rows(results(), [(f"baselines, {metric}", ""), *rows])
    say_wrapped(messages(), found.sentence, style="" if found.beats_trivial else "yellow")


def show_problems(problems: Iterable[Problem]) -> None:
    """Each problem in a line, and that nothing happened; said by one process for all."""
    if not is_first():
        return
    console = messages()
    for problem in problems:
        say_wrapped(console, str(problem), mark=("error: ", "bold red"))
    say(console, "Nothing was started, nothing written.")


def show_user_error(error: Exception) -> None:
    """An error in the user's own code outside a run."""
    from leyden.config.user_code import in_a_line

    say(messages(), ("failed: ", "bold red"), in_a_line(error))


def show_failure(record: "Record") -> None:
    """What became of a run that did not complete, and where to read more."""
    from leyden.run.record import error_line

    error = record.error or {"type": "unknown", "message": ""}
    reason = error["message"].strip().partition("\n")[0]
    is_gone = error["type"] in ("CheckpointError", "Unusable")  # the latter by earlier versions
    if record.status in ("failed", "oom") and not is_gone:
        reason = error_line(error)
    say(messages(), (f"{record.status}: ", "bold red"), reason)
    words = f"  log     {shown_path(record.folder / 'train.log')}"
    if record.status in ("interrupted", "failed", "oom") and not is_gone:
        words += f"; go on: leyden resume {shown_path(record.folder)}"
    say(messages(), words)


def show_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """A table of results; on a terminal it has the columns that fit, in a pipe all of them."""
    cells = [printed(row) for row in rows]
    layout = lay_out(columns, cells, width=terminal_width())
    console = results()
    heading, *lines = layout.lines
    say(console, heading, style="bold")
    for line in lines:
        say(console, line)
    if layout.same:
        show_note(f"in all rows: {', '.join(' '.join(pair) for pair in layout.same.items())}")
    if layout.left_out:
        show_note(f"columns left out: {', '.join(layout.left_out)}")


def terminal_width() -> int | None:
    """Cells in a line of the terminal that results go to; None where they go elsewhere.

    Colours may be forced upon a pipe; its lines stay whole nevertheless.
    """
    return results().width if sys.stdout.isatty() else None


def show_metrics(
    metrics: dict[str, float], intervals: Mapping[str, Sequence[float]] | None = None
) -> None:
    """A row a metric, with its 95 % interval where some have one.

    Args:
        metrics: Values by name.
        intervals: Low and high end by the name of the metric.
    """
    columns = [Column("metric"), Column("value", is_number=True)]
    rows = [[name, format_number(value)] for name, value in metrics.items()]
    if known := {name: ends for name, ends in (intervals or {}).items() if name in metrics}:
        columns.append(Column("95 % interval"))
        for row in rows:
            row.append(" to ".join(map(format_number, known.get(row[0], ()))))
    show_table(columns, rows)
