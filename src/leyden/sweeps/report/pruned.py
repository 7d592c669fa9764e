"""What was pruned, beside the best of what was trained to its end."""

from statistics import fmean

from leyden.formatting import format_number
from leyden.sweeps.objective import reduced
from leyden.sweeps.report.curves import monitored_name
from leyden.sweeps.report.document import CommandBlock, Paragraph, Part
from leyden.sweeps.report.jobs import JobResult, job_command
from leyden.sweeps.report.results import Results
from leyden.sweeps.report.tables import pruned_words


def pruned_parts(results: Results) -> list[Part]:
    """The best of what was pruned, beside the best of what was trained to its end."""
    if not results.pruned:
        return []
    first, metric = results.pruned[0], results.objective.metric
    job = min(first.pruned, key=lambda job: results.objective.sign * (job.reached or 0.0))
    count, reached = len(results.pruned), job.reached or 0.0
    configurations = "configuration was" if count == 1 else "configurations were"
    text = (
        f"{count} {configurations} pruned and not trained to the end. The best of them, "
        f"“{first.label}”, had {metric} {format_number(reached)} when it was "
        f"{pruned_words([job])}{_beside_best(results, job)}."
    )
    if results.scored and not _is_better(results, reached, results.scored[0].mean):
        return [Paragraph(text)]
    text += " Whether it is the best is not known before it is trained to its end, which this does:"
    return [Paragraph(text, is_warning=True), CommandBlock(job_command(results.record, job))]


def _beside_best(results: Results, job: JobResult) -> str:
    """How the best configuration stands beside a pruned job, at its end and at the same step."""
    if not results.scored:
        return ""
    best, reached, step = results.scored[0], job.reached or 0.0, job.last_step
    word = "better" if _is_better(results, reached, best.mean) else "worse"
    text = f"; that is {format_number(abs(reached - best.mean))} {word} than “{best.label}” ended"
    earlier = [
        [value for at, value in one.monitored.items() if step is not None and at <= step]
        for one in best.completed
    ]
    if results.objective.metric != monitored_name(results) or not all(earlier):
        return text
    then = fmean(reduced(values, results.objective) for values in earlier)
    return f"{text}, which had {format_number(then)} by that step"


def _is_better(results: Results, value: float, other: float) -> bool:
    sign = results.objective.sign
    return sign * value < sign * other
