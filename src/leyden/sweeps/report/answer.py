"""The report's beginning: the question, the answer in a few sentences, a picture, a command."""

from collections import Counter

from leyden.config.test_part import is_of_test_part
from leyden.formatting import format_number, format_seconds
from leyden.sweeps.objective import half_width
from leyden.sweeps.report.baselines import standing_of
from leyden.sweeps.report.cross_validation import (
    configuration_command,
    is_cross_validated,
    repeat_word,
)
from leyden.sweeps.report.details import best_job
from leyden.sweeps.report.document import CommandBlock, Paragraph, Part, Picture, Section
from leyden.sweeps.report.interactive import overview_figure
from leyden.sweeps.report.jobs import job_command
from leyden.sweeps.report.overview import draw_overview, overview_caption, overview_rows
from leyden.sweeps.report.pruned import pruned_parts
from leyden.sweeps.report.question import question
from leyden.sweeps.report.results import Configuration, Results
from leyden.sweeps.report.selection import expected_words
from leyden.sweeps.report.statistics import Comparison, compare
from leyden.sweeps.report.style import png

MOST_NAMED = 4


def answer(results: Results) -> Section:
    """The question, the best configuration and what it beats, a picture, a command, the cost."""
    scored = results.scored
    parts: list[Part] = [Paragraph(question(results)), Paragraph(best_sentence(results))]
    objective = results.objective
    if is_of_test_part(objective.metric):
        text = (
            f"The jobs were compared by {objective.metric}, so the test part chose the best. What "
            "it says of the best is then too good: no part is left that judges it fairly."
        )
        parts.append(Paragraph(text, is_warning=True))
    if scored:
        beside = standing_of(results, scored[0])
        said = ["" if beside is None else beside.sentence, expected_words(scored, objective)]
        text = " ".join(one for one in said if one)
        is_warning = beside is not None and not beside.beats_trivial
        parts += [Paragraph(text, is_warning=is_warning)] if text else []
    parts += pruned_parts(results)
    if len(overview_rows(results)) > 1:
        parts.append(_picture(results))
    if scored:
        parts += _again(results, scored[0])
    return Section("Answer", [*parts, Paragraph(counts(results))])


def _again(results: Results, best: Configuration) -> list[Part]:
    """What to type to run the best again: its best job, or all its folds."""
    if not is_cross_validated(results):
        job = best_job(results, best)
        said, command = f"Its best job is number {job.number}", job_command(results.record, job)
        return [Paragraph(f"{said}, again by:"), CommandBlock(command)]
    text = (
        "The answer is the configuration, by its mean over the folds, and not the job of one fold."
        " All its folds again by:"
    )
    command = configuration_command(results.record, best)
    return [Paragraph(text), CommandBlock(command)]


def _picture(results: Results) -> Picture:
    caption = overview_caption(results)
    return Picture("answer.png", caption, png(draw_overview(results)), overview_figure(results))


def best_sentence(results: Results) -> str:
    """The best configuration with its interval, the runner-up, and what can't be told apart."""
    metric, scored = results.objective.metric, results.scored
    if not scored:
        return f"No job completed with a value of {metric}: there is no answer yet."
    best, compared = scored[0], compare(scored)
    count = len(results.configurations)
    of = f" of {count} configurations" if count > 1 else ""
    sentence = (
        f"Best{of} is “{best.label}”: {metric} {_mean_and_noise(best, repeat_word(results))}."
    )
    if len(scored) == 1:
        others = "was trained to its end" if results.pruned else "has a value"
        return f"{sentence} No other configuration {others}, to compare it with."
    second = scored[1]
    distance = f"{format_number(abs(second.mean - best.mean))} behind{_relative(best, second)}"
    runner_up = f"The runner-up, “{second.label}”, is {distance}: {_judgement(compared[1])}."
    return f"{sentence} {runner_up}{_rest(scored, compared)}"


def _rest(scored: list[Configuration], compared: list[Comparison]) -> str:
    """Which of those after the runner-up can't be told apart from the best."""
    pairs = list(zip(scored, compared, strict=True))[2:]
    near = [one.label for one, found in pairs if found.p is not None and not found.is_told_apart]
    worse = sum(found.is_told_apart for _, found in pairs)
    also = compared[1].p is not None and not compared[1].is_told_apart
    text = ""
    if near:
        more = f" and {len(near) - MOST_NAMED} more" if len(near) > MOST_NAMED else ""
        named = "; ".join(f"“{label}”" for label in near[:MOST_NAMED])
        verb = "is" if len(near) == 1 else "are"
        text += f" Not told apart from the best {verb} {'also ' * also}{named}{more}."
    if worse:
        others = "other is" if worse == 1 else "others are"
        text += f" {worse} {others} worse by more than noise."
    return text


def _mean_and_noise(configuration: Configuration, repeats: str) -> str:
    count, mean = len(configuration.scores), format_number(configuration.mean)
    lost = len(configuration.jobs) - count
    missing = f", {lost} more not completed" if lost else ""
    half = half_width(configuration.scores)
    if half is None:
        return f"{mean} (one job{missing})"
    return f"{mean} ± {half:.2g} (95 % interval of the mean of {count} {repeats}{missing})"


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


def counts(results: Results) -> str:
    """Jobs by state, seconds and FLOPs."""
    states = Counter(job.entry.state for job in results.jobs)
    counted = ", ".join(f"{count} {state}" for state, count in states.most_common())
    seconds = sum(job.entry.seconds or 0.0 for job in results.jobs)
    flops = [job.cost("flops") for job in results.jobs if job.run]
    known = [count for count in flops if count is not None]
    at_least = "at least " if len(known) < len(flops) else ""
    total = (
        f"Cost: {len(results.jobs)} jobs ({counted or 'none'}), {format_seconds(seconds)} together"
    )
    return f"{total}, {at_least}{sum(known):.3g} FLOPs in training steps."
