"""The report's beginning: the best configuration, how to run it, and what the sweep took."""

from collections import Counter
from statistics import fmean

from leyden.formatting import format_number
from leyden.sweeps.objective import half_width, reduced
from leyden.sweeps.report.curves import monitored_name
from leyden.sweeps.report.document import CommandBlock, Paragraph, Part, Section
from leyden.sweeps.report.jobs import JobResult, job_command
from leyden.sweeps.report.results import Configuration, Results
from leyden.sweeps.report.statistics import METHOD, Comparison, compare
from leyden.sweeps.report.tables import pruned_words

CENSORED = (
    "Means, intervals and tests are of completed jobs: what a pruned job would have reached is not "
    "known, and what a failed one reached is not its end."
)


def answer(results: Results) -> Section:
    """One sentence, one command, and the counts."""
    parts: list[Part] = [Paragraph(best_sentence(results))]
    if results.scored:
        best = min(
            results.scored[0].completed, key=lambda job: results.objective.sign * (job.score or 0.0)
        )
        parts += [Paragraph(f"Its best job is number {best.number}, again by:")]
        parts += [CommandBlock(job_command(results.record, best))]
    parts += pruned_parts(results)
    parts += [Paragraph(_counts(results)), Paragraph(_what_counts(results))]
    if any(len(configuration.scores) > 1 for configuration in results.scored):
        parts.append(Paragraph(METHOD))
    return Section("Answer", parts)


def best_sentence(results: Results) -> str:
    """The best configuration, its mean and interval, and the distance to the runner-up."""
    metric, scored = results.objective.metric, results.scored
    if not scored:
        return f"No job completed with a value of {metric}: there is no answer yet."
    best = scored[0]
    sentence = f"Best is “{best.label}”, with {metric} {_mean_and_noise(best)}"
    if len(scored) == 1:
        others = "was trained to its end" if results.pruned else "has a value"
        return f"{sentence}; no other configuration {others}, to compare it with."
    second, compared = scored[1], compare(scored)[1]
    distance = f"{format_number(abs(second.mean - best.mean))} behind{_relative(best, second)}"
    return f"{sentence}; the runner-up, “{second.label}”, is {distance}: {_judgement(compared)}."


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


def _mean_and_noise(configuration: Configuration) -> str:
    count, mean = len(configuration.scores), format_number(configuration.mean)
    lost = len(configuration.jobs) - count
    missing = f", {lost} more not completed" if lost else ""
    half = half_width(configuration.scores)
    if half is None:
        return f"{mean} (one job{missing})"
    return f"{mean} ± {half:.2g} (95 % interval of the mean of {count} jobs{missing})"


def _relative(best: Configuration, second: Configuration) -> str:
    return f" ({100 * abs(second.mean / best.mean - 1):.1f} %)" if best.mean else ""


def _judgement(compared: Comparison) -> str:
    p, least = compared.p, compared.detectable
    if p is None and min(compared.repeats) > 1:
        return "no repeat differs from another, so the noise is unknown and this may be chance"
    if p is None:
        return "the noise is unknown without repeats of both, so this may be chance"
    small = "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"
    if compared.is_told_apart:
        return f"more than noise ({small})"
    could_have = f"a difference of {format_number(least)} or more could have been"
    return f"the two {compared.verdict} ({small}); {could_have}"


def _counts(results: Results) -> str:
    states = Counter(job.entry.state for job in results.jobs)
    counted = ", ".join(f"{count} {state}" for state, count in states.most_common())
    seconds = sum(job.entry.seconds or 0.0 for job in results.jobs)
    flops = [job.cost("flops") for job in results.jobs if job.run]
    known = [count for count in flops if count is not None]
    at_least = "at least " if len(known) < len(flops) else ""
    total = f"{len(results.jobs)} jobs: {counted}. Together they took {format_number(seconds)} s"
    return f"{total} from start to end, and {at_least}{sum(known):.3g} FLOPs in training steps."


def _what_counts(results: Results) -> str:
    objective = results.objective
    reduced = {"best": "the best", "last": "the last"}.get(
        str(objective.reduce), f"the mean of the last {objective.reduce}"
    )
    better = "less" if objective.mode == "min" else "more"
    repeated = ", ".join(results.record.repeated)
    folded = f" Jobs that differ only in {repeated} are folded to a mean." if repeated else ""
    return (
        f"The objective is {objective.metric}, where monitored {reduced} of a job's validations; "
        f"{better} is better.{folded} {CENSORED}"
    )
