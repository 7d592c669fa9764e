"""The report's beginning: the best configuration, how to run it, and what the sweep took."""

from collections import Counter

from leyden.sweeps.report.command import job_command
from leyden.sweeps.report.document import Command, Paragraph, Part, Section
from leyden.sweeps.report.results import Configuration, Results
from leyden.sweeps.report.statistics import METHOD, differences, half_width, verdict
from leyden.terminal import format_number

CENSORED = (
    "Only completed jobs enter the statistics: what a pruned job would have reached is not known, "
    "and what a failed one reached is not its end."
)


def answer(results: Results) -> Section:
    """One sentence, one command, and the counts."""
    parts: list[Part] = [Paragraph(best_sentence(results))]
    if results.scored:
        best = min(
            results.scored[0].completed, key=lambda job: results.objective.sign * (job.score or 0.0)
        )
        parts += [Paragraph(f"Its best job is number {best.number}, again by:")]
        parts += [Command(job_command(results.record, best))]
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
        return f"{sentence}; there is no other configuration to compare it with."
    second, p = scored[1], differences(scored)[1]
    distance = f"{format_number(abs(second.mean - best.mean))} behind{_relative(best, second)}"
    return f"{sentence}; the runner-up, “{second.label}”, is {distance}: {_judgement(p)}."


def _mean_and_noise(configuration: Configuration) -> str:
    count, mean = len(configuration.scores), format_number(configuration.mean)
    lost = len(configuration.jobs) - count
    missing = f", {lost} more without a value" if lost else ""
    half = half_width(configuration.scores)
    if half is None:
        return f"{mean} (one job{missing})"
    return f"{mean} ± {half:.2g} (95 % interval of the mean of {count} jobs{missing})"


def _relative(best: Configuration, second: Configuration) -> str:
    return f" ({100 * abs(second.mean / best.mean - 1):.1f} %)" if best.mean else ""


def _judgement(p: float | None) -> str:
    if p is None:
        return "the noise is unknown without repeats of both, so this may be chance"
    small = "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"
    return f"{verdict(p)} ({small})" if p >= 0.05 else f"more than noise ({small})"


def _counts(results: Results) -> str:
    states = Counter(job.entry.state for job in results.jobs)
    counted = ", ".join(f"{count} {state}" for state, count in states.most_common())
    seconds = sum(job.entry.seconds or 0.0 for job in results.jobs)
    flops = [job.cost("flops") for job in results.jobs if job.run]
    known = [count for count in flops if count is not None]
    at_least = "at least " if len(known) < len(flops) else ""
    total = f"{len(results.jobs)} jobs: {counted}. Together {format_number(seconds)} s"
    return f"{total} and {at_least}{sum(known):.3g} FLOPs of training."


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
