"""A composed config, and the jobs of a request."""

from dataclasses import dataclass
from typing import cast

from omegaconf import DictConfig, OmegaConf, open_dict

from leyden.config.origin import Origins


@dataclass(frozen=True)
class Job:
    """One composed config.

    Attributes:
        cfg: Without Hydra's own node.
        overrides: What was typed or swept.
        choices: The option taken of each group.
        origins: Tells where a key was set; None once a launcher has carried the job elsewhere.
    """

    cfg: DictConfig
    overrides: tuple[str, ...]
    choices: dict[str, str]
    origins: Origins | None = None

    @classmethod
    def from_hydra(
        cls, cfg: DictConfig, hydra: DictConfig, origins: Origins | None = None
    ) -> "Job":
        """A job from what Hydra composed.

        Args:
            cfg: The config; a `hydra` node in it is left out.
            hydra: Hydra's own node.
            origins: See above.
        """
        own = cfg.copy()
        # Unresolved: an override's text may hold an interpolation.
        typed = cast(list[str], OmegaConf.to_container(hydra.overrides.task, resolve=False))
        overrides = tuple(text.lstrip("+") for text in typed)
        with open_dict(own):
            own.pop("hydra", None)
            _insist(own.trainer, overrides)
        choices = {
            group: option
            for group, option in hydra.runtime.choices.items()
            if option is not None and not group.startswith("hydra/")
        }
        return cls(own, overrides, choices, origins)


def _insist(trainer: DictConfig, overrides: tuple[str, ...]) -> None:
    """Lets a trainer option like `smoke` win over an experiment, but not over the command line."""
    typed = {override.partition("=")[0] for override in overrides}
    for key, value in (trainer.pop("insist", None) or {}).items():
        if f"trainer.{key}" not in typed:
            trainer[key] = value


@dataclass(frozen=True)
class Plan:
    """The jobs of a request.

    Attributes:
        jobs: One, or all of a sweep.
        is_sweep: Whether a sweep was asked for, by the command line or by the experiment.
        swept: Keys in which the jobs differ.
    """

    jobs: tuple[Job, ...]
    is_sweep: bool
    swept: tuple[str, ...] = ()
