"""A composed config."""

from dataclasses import dataclass, replace

from omegaconf import DictConfig, open_dict

from leyden.config.origin import Origins
from leyden.config.quoting import with_text_form
from leyden.config.renamed import rename_keys
from leyden.config.smoke import shrink
from leyden.config.sweep_space import Assignment
from leyden.errors import Problem

SET_BY_A_BUDGET = ("max_steps", "max_tokens")
NOT_OF_A_JOB = ("sweep.", "hydra.", "hydra/")


@dataclass(frozen=True)
class Job:
    """One composed config.

    Attributes:
        cfg: Without Hydra's own node.
        overrides: What was typed or swept.
        choices: The option taken of each group.
        origins: Tells where a key was set; None of a config that was read from a run's folder.
        assignment: What of it is particular to this job of a sweep.
        notes: What was changed of it, for the user.
    """

    cfg: DictConfig
    overrides: tuple[str, ...]
    choices: dict[str, str]
    origins: Origins | None
    assignment: Assignment
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What sets it apart from the other jobs of a sweep."""
        return " ".join(self.assignment.overrides()) or "of the base config"

    def located(self, problem: Problem) -> Problem:
        """A problem of this config with where its key was set."""
        found = self.origins.of(problem.key) if self.origins else None
        message = with_text_form(problem.key, problem.message, self.overrides)
        return replace(problem, message=message, origin=problem.origin or found)

    @classmethod
    def from_config(
        cls,
        cfg: DictConfig,
        choices: dict[str, str],
        typed: list[str],
        origins: Origins,
        assignment: Assignment,
    ) -> "Job":
        """A job from what Hydra composed.

        Args:
            cfg: The config, with the node `sweep`, which is no part of a job.
            choices: Option taken of each group.
            typed: Overrides of the job.
            origins: Tells where a key was set.
            assignment: What is particular to the job.
        """
        bare = [text.lstrip("+") for text in typed]
        overrides = tuple(text for text in bare if not text.startswith(NOT_OF_A_JOB))
        with open_dict(cfg):
            cfg.pop("sweep")
            for group in ("logger", "callbacks"):  # as `logger=null` and `~logger` leave it
                if cfg.get(group) is None:
                    cfg[group] = {}
            renamed = rename_keys(cfg)
            _name_datasets(cfg)
            given = {override.partition("=")[0] for override in overrides}
            _apply_forced(cfg.trainer, given)
            shrunk = shrink(cfg, given) if cfg.trainer.pop("shrinks", False) else ()
            notes = (*renamed, *shrunk)
        return cls(cfg, overrides, choices, origins, assignment, notes)


def _name_datasets(cfg: DictConfig) -> None:
    """Says what wraps plain torch datasets, where `data` holds them by the names of their parts."""
    data = cfg.get("data")
    if isinstance(data, DictConfig) and "train" in data and "_target_" not in data:
        data["_target_"] = "leyden.data.TorchDatasets"


def _apply_forced(trainer: DictConfig, typed: set[str]) -> None:
    """Lets a trainer option like `smoke` win over an experiment, but not over the command line."""
    is_budgeted = any(key.partition(".")[0] == "budget" for key in typed)
    for key, value in (trainer.pop("force", None) or {}).items():
        if f"trainer.{key}" not in typed and not (is_budgeted and key in SET_BY_A_BUDGET):
            trainer[key] = value
