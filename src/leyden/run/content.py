"""What `run.json` has to be, whoever wrote it. See `Record` for what the keys mean."""

from pathlib import Path
from typing import Any, NotRequired, Required, TypedDict, cast

from leyden.files.json_file import mismatch, read_json


class Best(TypedDict):
    """The best value of the monitored metric."""

    metric: str | None
    value: float | None
    step: NotRequired[int | None]
    checkpoint: NotRequired[str | None]


class ProcessMark(TypedDict):
    """What tells a process from all others."""

    host: str
    boot: NotRequired[str | None]
    pid: int
    started: int | None


class Error(TypedDict):
    """What ended a run."""

    type: str
    message: str
    where: NotRequired[str]


class Resumption(TypedDict):
    """When and how a run was resumed."""

    at: str
    command: list[str]
    changes: list[str]


class Size(TypedDict):
    """Numbers of parameters, of which `total` is known."""

    total: int


class Flops(TypedDict):
    """FLOPs."""

    per_step: int | None
    total: int | None


class DataColumn(TypedDict, total=False):
    """A column of a table, see `leyden.data.report.Column`."""

    name: Required[str]
    kind: Required[str]
    role: str
    example: str
    distinct: int
    missing: dict[str, int]
    made: str
    filled: str
    reason: str
    problem: str


class DataContent(TypedDict, total=False):
    """What was read of the data, see `leyden.data.report.DataReport`."""

    parts: dict[str, int]
    split: str
    classes: dict[str, dict[str, int]]
    source: dict[str, str]
    columns: list[DataColumn]
    rows_left_out: dict[str, int]
    files_left_out: dict[str, int]
    notes: list[str]
    warnings: list[str]


class BaselineContent(TypedDict, total=False):
    """What a simple model reaches on the data, see `leyden.baselines`."""

    name: Required[str]
    is_trivial: Required[bool]
    metrics: Required[dict[str, float]]
    train_samples: int
    seconds: float


class MembershipContent(TypedDict, total=False):
    """What an attack by the loss reaches, see `leyden.privacy.membership`."""

    auc: Required[float]
    low: Required[float]
    high: Required[float]
    advantage: Required[float]
    samples: tuple[int, int]
    advantage_bound: float


class PrivacyContent(TypedDict, total=False):
    """What a private training guarantees, see `leyden.privacy.guarantee`."""

    epsilon: Required[float]
    delta: Required[float]
    accountant: Required[str]
    conversion: Required[str]
    method: str
    noise_multiplier: float
    max_grad_norm: float
    sample_rate: float
    sampling: str
    steps: int
    covers: str
    not_covered: str
    by_accountant: dict[str, float]
    membership: MembershipContent


class InitialWeightsContent(TypedDict, total=False):
    """What a run began with, see `Record`."""

    source: Required[str]
    sha256: Required[str]
    taken: Required[int]
    prefix: str
    not_taken: Required[dict[str, tuple[list[int] | None, list[int] | None]]]


class KnownContent(TypedDict, total=False):
    """Keys of a run's record; a reader that needs one asks whether it is there."""

    experiment: str | None
    overrides: list[str]
    choices: dict[str, str]
    config_digest: str
    seed: int
    command: list[str]
    params: Size
    flops: Flops
    schema: int
    status: str
    started: str | None
    ended: str | None
    seconds: float | None
    train_seconds: float | None
    steps: int | None
    samples: int | None
    tokens: int | None
    throughput: float | None
    peak_memory_bytes: int | None
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    baselines: list[BaselineContent] | None
    best: Best
    monitored: list[tuple[int, float]]
    git: dict[str, Any]
    versions: dict[str, str]
    device: str | None
    flags: dict[str, Any] | None
    data: dict[str, str | None] | None
    data_report: DataContent | None
    losses: dict[str, str]
    passed_over: list[tuple[int, int]]
    resume: dict[str, str] | None
    initial_weights: InitialWeightsContent | None
    privacy: PrivacyContent | None
    given: list[str]
    reused_from: str | None
    resumed: list[Resumption]
    process: ProcessMark | None
    error: Error | None


LISTED = ("status", "metrics", "best", "overrides", "started", "process")
"""Keys without which a record is none."""


def read_content(path: Path, *, needed: tuple[str, ...] = LISTED) -> dict[str, Any]:
    """The content of a `run.json`; keys of other versions are left as they are.

    Args:
        path: Path of the file.
        needed: Keys that it must have.

    Raises:
        OSError: It can't be read, or is a link or no regular file.
        ValueError: It is no run's record; the message says why.
    """
    content = read_json(path)
    said = mismatch(content, KnownContent)
    if said is None and "losses" in content:
        said = _unreadable_loss(content["losses"])
    if said is not None:
        raise ValueError(said)
    missing = [key for key in needed if key not in content]
    if missing:
        raise ValueError(f"has no `{missing[0]}`")
    return cast(dict[str, Any], content)


def _unreadable_loss(losses: dict[str, str]) -> str | None:
    for step, loss in losses.items():
        try:
            if not step.isascii() or not step.isdecimal() or len(step) > MOST_DIGITS:
                return "`losses` has a step that is no number"
            float.fromhex(loss)
        except (ValueError, OverflowError, TypeError):
            return f"`losses.{step}` is no number"
    return None


MOST_DIGITS = 18  # of a step
