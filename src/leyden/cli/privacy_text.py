"""What a user sees of a private training: its plan at the start, what it has spent at the end."""

from typing import TYPE_CHECKING

from leyden.cli.console import messages, results, say, say_rows

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from leyden.run.record import Record
    from leyden.training.build import RunObjects


def show_privacy_plan(cfg: "DictConfig", experiment: "RunObjects") -> None:
    """How a training is private, and how far its budget goes."""
    from leyden.data import DataModule
    from leyden.planning.steps import planned_steps

    keys, console, data = cfg.privacy, messages(), experiment.data
    budget = "" if keys.epsilon is None else f", epsilon at most {keys.epsilon:g}"
    noise = f"noise {keys.noise_multiplier:g}, samples clipped at {keys.max_grad_norm:g}"
    say(console, f"  privacy dp_sgd, {noise}{budget} (delta {keys.delta:g}, {keys.accountant})")
    planned = planned_steps(cfg, data) if isinstance(data, DataModule) else None
    allowed = experiment.trainer.max_steps
    if planned is not None and 0 < allowed < planned:
        words = f"the budget is spent after step {allowed:,} of {planned:,}; the run stops there"
        say(console, f"          {words}", style="yellow")
    if cfg.init_from is not None or cfg.model.get("weights") is not None:
        words = "what the initial weights have seen is not counted: epsilon is of this run alone"
        say(console, f"          {words}", style="yellow")


def show_privacy(record: "Record") -> None:
    """What a private training has spent, and what an attack on it reaches."""
    spent = record.privacy
    if spent is None:
        return
    each = [f"{name} {value:.3f}" for name, value in spent.get("by_accountant", {}).items()]
    by = f", by {', '.join(each)}" if each else ""
    rows = [
        ("epsilon", f"{spent['epsilon']:.3f} with delta {spent['delta']:g}{by}"),
        ("conversion", f"{spent['accountant']}: {spent['conversion']}"),
    ]
    if "membership" in spent:
        rows.append(("membership", membership_words(spent["membership"])))
    say_rows(results(), rows)


def membership_words(found: dict[str, float]) -> str:
    """What an attack by the loss reaches, in a line."""
    interval = f"{found['low']:.3f} to {found['high']:.3f}"
    words = f"an attack by the loss has AUC {found['auc']:.3f} ({interval}); 0.5 tells nothing"
    if "advantage_bound" not in found:
        return words
    bound = f"epsilon allows no attack more than {found['advantage_bound']:.3f}"
    return f"{words}; advantage {found['advantage']:.3f}, {bound}"
