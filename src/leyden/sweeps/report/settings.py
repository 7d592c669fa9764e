"""The settings that all jobs of a sweep share."""

from collections.abc import Mapping
from typing import Any

from leyden.sweeps.report.document import Paragraph, Part, Section, Table
from leyden.sweeps.report.results import Results

VERSIONS = ("leyden", "python", "torch", "pytorch-lightning", "hydra-core", "numpy")
FLAGS = ("deterministic", "matmul_precision", "cudnn_benchmark")


def settings(results: Results) -> Section:
    """What was typed and chosen for all jobs alike and where they ran; and what differs."""
    found = [_facts(job.run) for job in results.jobs if job.run]
    axes = results.record.axes
    typed = [text.partition("=") for text in results.record.overrides if "=" in text]
    shared = {key: value for key, _, value in typed if key not in axes}
    differing = []
    for key in dict.fromkeys(key for facts in found for key in facts):
        values = {facts.get(key) for facts in found}
        if len(values) == 1:
            shared.setdefault(key, str(found[0][key]))
        elif key not in axes:
            differing.append(key)
    parts: list[Part] = []
    if differing:
        text = f"Between jobs differ, beside the axes: {', '.join(differing)}."
        parts.append(Paragraph(text, is_warning=True))
    if shared:
        rows: list[list[object]] = [[key, value] for key, value in shared.items()]
        parts.append(Table(["setting", "value"], rows))
    return Section("Settings shared by all jobs", parts)


def _facts(run: Mapping[str, Any]) -> dict[str, str]:
    """Options by group, the code and the machine of a run, as far as its record has them."""
    facts = {str(group): str(option) for group, option in (run.get("choices") or {}).items()}
    if run.get("device"):
        facts["device"] = str(run["device"])
    facts |= {name: str(value) for name, value in _kept(run.get("flags"), FLAGS).items()}
    git = run.get("git") or {}
    if git.get("sha"):
        facts["git"] = f"{git['sha']}{' with changes' if git.get('dirty') else ''}"
    versions = _kept(run.get("versions"), VERSIONS)
    return facts | {f"{name} version": str(value) for name, value in versions.items()}


def _kept(values: Mapping[str, Any] | None, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values} if values else {}
