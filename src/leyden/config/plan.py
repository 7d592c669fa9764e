"""What was asked for: the jobs, and of a sweep what it varies and how it is to be run."""

from dataclasses import dataclass

from omegaconf import DictConfig

from leyden.config.axes import Assignment, Axes
from leyden.config.composer import Composer
from leyden.config.job import Job
from leyden.config.request import Request


@dataclass(frozen=True)
class Settings:
    """How a sweep is run; see `SweepKeys`."""

    retry: int
    fail_fast: bool
    on_drift: str
    report: bool


@dataclass(frozen=True)
class Sweep:
    """What all jobs of a sweep share.

    Attributes:
        request: The command line.
        composer: Composes its jobs.
        fixed: Overrides of every job.
        axes: What is varied.
        settings: How it is run.
        launcher: Node of Hydra's config that names the launcher.
        searcher: Node that names the search; None where every combination is a job.
    """

    request: Request
    composer: Composer
    fixed: tuple[str, ...]
    axes: Axes
    settings: Settings
    launcher: DictConfig
    searcher: DictConfig | None = None

    def job(self, assignment: Assignment) -> Job:
        """A job of the sweep."""
        return self.composer.job(self.fixed, assignment)


@dataclass(frozen=True)
class Plan:
    """The jobs of a request.

    Attributes:
        jobs: One, or all of a sweep; of a search, one for each end of each axis.
        sweep: What they share; None for a single run.
    """

    jobs: tuple[Job, ...]
    sweep: Sweep | None = None

    @property
    def swept(self) -> tuple[str, ...]:
        """Keys in which the jobs differ."""
        return () if self.sweep is None else self.sweep.axes.keys
