"""A sweep by Hydra's own sweeper and launcher: `leyden train -m`."""

from functools import partial
from pathlib import Path
from typing import cast

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from leyden.config.compose import hydra_loader, hydra_overrides
from leyden.config.fit import fit_plan
from leyden.config.job import Job, Plan
from leyden.config.request import Request
from leyden.runs.folder import claim_folder, config_digest, job_name, new_folder
from leyden.terminal import show_job
from leyden.train import train


def run_sweep(request: Request, plan: Plan, *, command: list[str]) -> tuple[Path, bool]:
    """Runs every job, each in its own folder within the sweep's.

    Args:
        request: What was asked for.
        plan: Its jobs, all checked.
        command: What the user typed, for the records.

    Returns:
        The sweep's folder, and whether the user stopped it.

    Raises:
        ConfigError: Jobs that do not fit their data. None was started.
    """
    fit_plan(plan)
    first = plan.jobs[0]
    if first.cfg.run_dir is not None:
        folder = claim_folder(Path(first.cfg.run_dir))
    else:
        folder = new_folder(first.cfg.name or first.choices.get("experiment") or "sweep")
    overrides = hydra_overrides(request)
    with hydra_loader(request):
        hydra = GlobalHydra.instance().hydra
        assert hydra is not None
        try:
            hydra.multirun(
                config_name=request.config_name,
                task_function=partial(
                    run_job, sweep=folder, swept=plan.swept, total=len(plan.jobs), command=command
                ),
                overrides=[*overrides, f"hydra.sweep.dir='{folder}'"],
            )
        except KeyboardInterrupt:
            return folder, True
    return folder, False


def run_job(
    cfg: DictConfig, *, sweep: Path, swept: tuple[str, ...], total: int, command: list[str]
) -> float | None:
    """One job. Its end, good or bad, is in its record, so that the others go on.

    Returns:
        The best value of the monitored metric.

    Raises:
        KeyboardInterrupt: The user stopped it, and with it the sweep.
    """
    hydra = cast(DictConfig, HydraConfig.get())
    job = Job.from_hydra(cfg, hydra)
    name = job_name(job.overrides, swept, config_digest(job.cfg))
    show_job(hydra.job.num + 1, total, name)
    record = train(job, command=command, folder=sweep / name)
    if record.status == "interrupted":
        raise KeyboardInterrupt
    value: float | None = record.best["value"]
    return value
