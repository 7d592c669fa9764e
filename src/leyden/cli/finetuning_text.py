"""What a user sees of a fine-tuning at its start: initial weights, what is trained, rates."""

from typing import TYPE_CHECKING

from leyden.cli.console import messages, say, say_rows, say_wrapped
from leyden.formatting import format_number

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from leyden.run.record import Record
    from leyden.training.build import RunObjects

LISTED = 12
"""Rows of the table of what was not taken; the record has all."""


def show_finetuning(
    record: "Record", cfg: "DictConfig", experiment: "RunObjects", *, is_fresh: bool
) -> None:
    """The initial weights, the parameters that are trained, and their learning rates."""
    if record.initial_weights is not None and is_fresh:
        show_initial_weights(record)
    _show_frozen(cfg, experiment)
    _show_rates(cfg, experiment)


def show_initial_weights(record: "Record") -> None:
    """Where the weights come from, and which of them the network did not take."""
    content, console = record.initial_weights, messages()
    assert content is not None
    not_taken = content["not_taken"]
    missing = sum(ours is not None for _, ours in not_taken.values())
    prefix = f", its names without {content['prefix']}" if content.get("prefix") else ""
    of_all = f"{content['taken']} of the network's {content['taken'] + missing} tensors"
    say_wrapped(console, f"weights {content['source']}: {of_all}{prefix}", indent=2, hanging=8)
    if not not_taken:
        return
    rows = [
        (f"          {name}", *map(_shape, shapes))
        for name, shapes in list(not_taken.items())[:LISTED]
    ]
    say_rows(console, rows, heading=("          not taken", "in the file", "in the network"))
    if len(not_taken) > LISTED:
        more = len(not_taken) - LISTED
        say(console, f"          and {more} others; initial_weights in run.json lists all")


def _shape(shape: list[int] | None) -> str:
    if shape is None:
        return "-"
    return " x ".join(map(str, shape)) or "a number"


def _show_frozen(cfg: "DictConfig", experiment: "RunObjects") -> None:
    from leyden.data import DataModule
    from leyden.models.parameter_count import count_parameters
    from leyden.planning.finetuning import frozen_until
    from leyden.planning.steps import planned_steps

    frozen = frozen_until(cfg)
    if not frozen:
        return
    count, data = count_parameters(experiment.weighted), experiment.data
    said = [one if step is None else f"{one} until step {step:,}" for one, step in frozen.items()]
    text = f"trained {count.trainable:,} of {count.total:,} parameters; frozen: {', '.join(said)}"
    say_wrapped(messages(), text, indent=2, hanging=8)
    steps = planned_steps(cfg, data) if isinstance(data, DataModule) else cfg.trainer.max_steps
    late = [one for one, step in frozen.items() if step and steps and step >= steps]
    if late:
        words = f"the run has {steps:,} steps: {', '.join(late)} stays frozen"
        say_wrapped(messages(), words, style="yellow", indent=10)


def _show_rates(cfg: "DictConfig", experiment: "RunObjects") -> None:
    from leyden.optim.rates import rate_factors
    from leyden.planning.finetuning import rate_keys

    given = {key: value for key, value in rate_keys(cfg).items() if value is not None}
    if not given:
        return
    factors = rate_factors(experiment.weighted, **given)
    low, high = min(factors, key=lambda name: factors[name]), max(factors, key=factors.__getitem__)
    text = (
        f"rates   lr x {format_number(factors[low])} ({low}) to"
        f" x {format_number(factors[high])} ({high})"
    )
    say_wrapped(messages(), text, indent=2, hanging=8)
