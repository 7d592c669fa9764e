"""What a user sees: a few lines when a run starts, a table when it ends, one line an error.

Standard output has results only, so that it can be read by other programs; all else goes to
standard error.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from leyden.config.batch import split_of
from leyden.config.problem import Problem
from leyden.layout import Column, lay_out
from leyden.processes.torchrun import is_first

BASELINES = {
    "persistence": "the last value again",
    "ar": "the best autoregressive model of up to as many lags",
}

EXACT_ENOUGH = 0.05
"""A model's size may differ by this from what was wanted without a word."""

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from leyden.config.build import Experiment
    from leyden.runs.record import Record


def messages() -> Console:
    """The console for everything but results."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def results() -> Console:
    """The console for results."""
    return Console(highlight=False, soft_wrap=True)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Says on a terminal that work goes on, and leaves no trace."""
    console = messages()
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def show_start(record: "Record", cfg: "DictConfig", experiment: "Experiment") -> None:
    """What runs, how big it is, on what, and where it goes."""
    choices, data, trainer = record.choices, experiment.data, experiment.trainer
    parts, console = data.parts, messages()
    size = f"{record.params['total']:,} parameters"
    knobs = [f"{name} {cfg.model[name]}" for name in ("width", "depth") if name in cfg.model]
    size += f" ({', '.join(knobs)})" if knobs else ""
    console.print(f"[bold]{choices['model']}[/] on [bold]{choices['data']}[/]: {size}")
    wanted = cfg.params
    if wanted is not None and abs(record.params["total"] - wanted) > EXACT_ENOUGH * wanted:
        console.print(f"          [yellow]no width comes nearer to params={wanted:g}[/]")
    console.print(
        f"  data    {len(parts.train):,} training, {len(parts.val):,} validation,"
        f" {len(parts.test):,} test samples"
    )
    if data.stands_in:
        console.print("          [yellow]not on this machine: random samples of its shape[/]")
    for note in parts.notes:
        console.print(f"          {printable(note)}")
    for model, error in data.spec.baseline_rmse.get("test", {}).items():
        console.print(f"          test rmse to beat: {format_number(error)} ({BASELINES[model]})")
    if data.spec.unigram_nats is not None:
        console.print(f"          unigram entropy {data.spec.unigram_nats:.3f} nats a token")
    console.print(
        f"  optim   {choices['optimizer']}, {choices['scheduler']} schedule,"
        f" batch {split_of(cfg)}, seed {cfg.seed}"
    )
    device = trainer.strategy.root_device
    several = f", {cfg.trainer.strategy}" if trainer.world_size > 1 else ""
    compiled = ", compiled" if cfg.compile else ""
    console.print(f"  device  {device.type}, {cfg.trainer.precision}{several}{compiled}")
    if cfg.init_from is not None:
        console.print(f"  weights from {printable(cfg.init_from)}")
    console.print(f"  folder  {shown_path(record.folder)}")


def show_note(text: str) -> None:
    """A line beside the results; a terminal's end comes between words, as far as it can."""
    console = messages()
    console.print(Text(on_terminal(console, printable(text))))


def on_terminal(console: Console, text: str) -> str:
    """Text with line ends between words, if it goes to a terminal; elsewhere in one line.

    A word that is longer than a line, such as a path, stays whole.
    """
    if not console.is_terminal:
        return text
    return fill(text, console.width, break_long_words=False, break_on_hyphens=False)


def show_resume(step: int) -> None:
    """That a run does not begin anew."""
    messages().print(f"  goes on from step {step:,}")


def show_stop(experiment: "Experiment") -> None:
    """That a run ended before its planned end."""
    for callback in experiment.trainer.early_stopping_callbacks:
        if callback is not None and callback.stopped_epoch > 0:
            messages().print(
                f"stopped early: {callback.monitor} was no better for"
                f" {callback.patience} validations"
            )


def show_end(record: "Record") -> None:
    """Test metrics and time of a finished run."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for name, value in record.metrics.items():
        if name.startswith("test/"):
            table.add_row(Text(printable(name)), format_number(value))
    best = record.best
    if best["value"] is not None:
        kept = "; tested" if best["checkpoint"] is not None else ""
        number = f"{format_number(best['value'])} at step {best['step']}{kept}"
        table.add_row(Text(printable(f"best {best['metric']}")), number)
    if best["value"] is None:
        table.add_row("tested", "the last weights; there was no validation")
    table.add_row("fit", f"{record.train_seconds:.1f} s, {record.steps:,} steps")
    results().print(table)


def show_problems(problems: Iterable[Problem]) -> None:
    """Each problem in a line, and that nothing happened; said by one process for all."""
    if not is_first():
        return
    console = messages()
    for problem in problems:
        text = Text(on_terminal(console, f"error: {printable(str(problem))}"))
        text.stylize("bold red", 0, len("error:"))
        console.print(text)
    console.print("Nothing was started, nothing written.")


def show_user_error(error: Exception) -> None:
    """An error in the user's own code outside a run."""
    from leyden.config.user_code import in_a_line

    messages().print(Text.assemble(("failed: ", "bold red"), printable(in_a_line(error))))


def show_failure(record: "Record") -> None:
    """What became of a run that did not complete, and where to read more."""
    from leyden.runs.record import error_line

    error = record.error or {"type": "unknown", "message": ""}
    reason = printable(error["message"].strip().partition("\n")[0])
    is_gone = error["type"] == "Unusable"
    if record.status in ("failed", "oom") and not is_gone:
        reason = printable(error_line(error))
    messages().print(Text.assemble((f"{record.status}: ", "bold red"), reason))
    words = f"  log     {shown_path(record.folder / 'train.log')}"
    if record.status in ("interrupted", "failed", "oom") and not is_gone:
        words += f"; go on: leyden resume {shown_path(record.folder)}"
    messages().print(words)


def show_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """A table of results; on a terminal it has the columns that fit, in a pipe all of them."""
    cells = [printed(row) for row in rows]
    layout = lay_out(columns, cells, width=terminal_width())
    console = results()
    heading, *lines = layout.lines
    console.print(Text(heading, style="bold"))
    for line in lines:
        console.print(Text(line))
    if layout.same:
        show_note(f"in all rows: {', '.join(' '.join(pair) for pair in layout.same.items())}")
    if layout.left_out:
        show_note(f"too narrow for: {', '.join(layout.left_out)}")


def terminal_width() -> int | None:
    """Cells in a line of the terminal that results go to; None where they go elsewhere.

    Colours may be forced upon a pipe; its lines stay whole nevertheless.
    """
    return results().width if sys.stdout.isatty() else None


def show_metrics(metrics: dict[str, float]) -> None:
    """A row a metric."""
    rows = [[name, format_number(value)] for name, value in metrics.items()]
    show_table([Column("metric"), Column("value", is_number=True)], rows)


def format_number(value: Any) -> str:
    """Four significant digits, or all before the point; a dash for what is not known."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def format_flops(count: int | None) -> str:
    """As 1.234e+09; a dash where it is not known."""
    return "-" if count is None else f"{count:.3e}"


def format_bytes(count: int | None) -> str:
    """As 12.3 MB; a dash where it is not known."""
    if count is None:
        return "-"
    power = min(4, max(1, (len(str(count)) - 1) // 3))
    return f"{count / 1000**power:,.1f} {' kMGT'[power]}B"


def format_seconds(seconds: float | None) -> str:
    """As 4.1 s, 3.2 min, 5.0 h or 2.1 d; a dash where it is not known."""
    if seconds is None:
        return "-"
    units = {"d": 86400, "h": 3600, "min": 60}
    unit, size = next((pair for pair in units.items() if seconds >= pair[1]), ("s", 1))
    return f"{seconds / size:,.1f} {unit}"


def format_time_range(seconds: Sequence[float] | None) -> str:
    """As 7.1-12 s or 50 s-1.2 min; a dash where it is not known.

    Args:
        seconds: The least and the most.
    """
    if seconds is None:
        return "-"
    (low, unit), (high, last_unit) = map(_two_digits, seconds)
    if (low, unit) == (high, last_unit):
        return f"{low} {unit}"
    return f"{low}-{high} {unit}" if unit == last_unit else f"{low} {unit}-{high} {last_unit}"


def _two_digits(seconds: float) -> tuple[str, str]:
    number, _, unit = format_seconds(seconds).partition(" ")
    value = float(number.replace(",", ""))
    return (f"{value:.1f}" if value < 10 else f"{value:,.0f}"), unit


def shown_path(path: Path) -> str:
    """Relative to the current folder where it lies below it."""
    absolute = path.absolute()
    return os.path.relpath(absolute) if absolute.is_relative_to(Path.cwd()) else str(absolute)


def printed(cells: Iterable[str]) -> list[str]:
    """Cells of a table, see `printable`."""
    return list(map(printable, cells))


def printable(text: str) -> str:
    """Without the control characters that would steer the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
