"""What a user sees of a repetition: whether it is the same, and if not, why."""

from typing import Any

from leyden.analysis.reproduce import Reproduction
from leyden.cli.console import results, say
from leyden.cli.diff_table import cells, diff_lines, unknown_lines
from leyden.cli.terminal import show_failure, terminal_width


def show_reproduction(outcome: Reproduction) -> None:
    """The answer in a line, the numbers that differ, and what else does."""
    console = results()
    if outcome.missing:
        show_failure(outcome.record)
    for line in answer(outcome):
        say(console, line)
    different = [section for section in outcome.surroundings if section.rows]
    if different:
        say(console, "Between the run (A) and its repetition (B) there differ:")
        for line in diff_lines(different, width=terminal_width()):
            say(console, line)
    elif not outcome.is_equal and not outcome.missing:
        same = all(section.is_equal for section in outcome.surroundings)
        say(
            console,
            "Code, versions, device and data are the same: an operation is not deterministic;"
            " type trainer.deterministic=true when a run begins."
            if same
            else "What is recorded of code, versions, device and data is the same.",
        )
    for line in unknown_lines(outcome.surroundings):
        say(console, line)


def answer(outcome: Reproduction) -> list[str]:
    """Equal, or the first step that is not, or else the final metrics that are not."""
    steps, metrics = outcome.losses.num_equal, outcome.metrics
    if outcome.is_equal:
        rest = "" if metrics is None else f", and in all {metrics.num_equal} final metrics"
        return [f"equal to the bit at all {steps} recorded steps{rest}"]
    lines = [
        f"not equal: the loss {where} {_was(*values)}; {steps} recorded steps before it are equal"
        for where, values in outcome.losses.rows.items()
    ]
    if outcome.missing:
        lines.append(
            f"not equal: {outcome.missing} recorded steps were not reached, {steps} are equal"
        )
    if not lines and metrics is not None:
        lines.append(f"not equal: the losses of all {steps} recorded steps are, but of the metrics")
        lines += [f"  {name} {_was(*values)}" for name, values in metrics.rows.items()]
    if outcome.changed_on_the_way:
        changes = " ".join(outcome.changed_on_the_way)
        lines.append(f"the run was resumed under another config: {changes}")
    return lines


def _was(before: Any, now: Any) -> str:
    shown = cells(before, now)
    return f"was {shown[0]}, now it is {shown[1]}"
