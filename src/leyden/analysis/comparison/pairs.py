"""The jobs of a comparison: pairs of base and variant on one seed, until the answer is known."""

from collections import deque
from collections.abc import Iterator

from leyden.analysis.comparison.sequential import LEAST_PAIRS, Reason, Verdict, verdict_of
from leyden.config.job import Job
from leyden.config.sweep_space import Assignment
from leyden.planning.cache import Cache
from leyden.planning.resolve import ResolvedConfig, resolve_job
from leyden.sweeps.jobs import JobFolders, assignment_of
from leyden.sweeps.launchers import JobSpec, Launcher
from leyden.sweeps.record import DONE, FAILED, JobEntry, Objective

Pair = tuple[JobEntry, JobEntry]


class PairedJobs:
    """Pairs of jobs, as many as are needed; see `leyden.sweeps.jobs.Jobs`.

    Args:
        folders: Makes the jobs' folders.
        launcher: Runs the jobs; its slots say how many pairs are under way together.
        change: Keys and values of the variant.
        first_seed: Seed of the first pair; each pair has the next one.
        most_pairs: Number of the last pair.
        delta: Differences up to this size don't matter; None: the user has not said.
        budget: Seconds of all jobs together, those of earlier starts included; None: no limit.
    """

    def __init__(
        self,
        folders: JobFolders,
        launcher: Launcher,
        change: Assignment,
        *,
        first_seed: int,
        most_pairs: int,
        delta: float | None,
        budget: float | None,
    ) -> None:
        self.folders = folders
        self.launcher = launcher
        self.change = change
        self.first_seed = first_seed
        self.most_pairs = most_pairs
        self.delta = delta
        self.budget = budget
        self.cache = Cache()
        self.pairs: list[Pair] = []
        self.waiting: deque[JobEntry] = deque()
        self.known = {tuple(entry.overrides): entry for entry in folders.record.jobs}
        while any(tuple(words) in self.known for words in self._words(len(self.pairs))):
            self._add_pair()

    @property
    def objective(self) -> Objective:
        """What is compared."""
        return self.folders.record.objectives[0]

    def next(self) -> tuple[JobEntry, JobSpec | None] | None:
        self._extend()
        if not self.waiting:
            return None
        entry = self.waiting.popleft()
        return entry, self.folders.prepared(entry, lambda: self._composed(entry))

    def left(self) -> int:
        return len(self.waiting)

    def again(self, entry: JobEntry) -> None:
        self.waiting.append(entry)

    def ended(self, entry: JobEntry) -> None:
        """Nothing: the entries tell it."""

    def close(self) -> None:
        """Nothing is held."""

    def verdict(self) -> Verdict | None:
        """What the pairs say that are complete; None where there should be another one."""
        differences = list(self.differences())
        ended: Reason | None = None
        if any(entry.state in FAILED for entry in self.entries):
            ended = "failures"
        elif self.is_spent(len(differences)):
            ended = "budget"
        return verdict_of(
            differences,
            sign=self.objective.sign,
            most_pairs=self.most_pairs,
            delta=self.delta,
            ended=ended,
        )

    @property
    def entries(self) -> Iterator[JobEntry]:
        """The jobs of all pairs."""
        return (entry for pair in self.pairs for entry in pair)

    def differences(self) -> Iterator[float]:
        """Variant less base, of each pair whose jobs are both completed, by seed."""
        for base, variant in self.pairs:
            if base.state in DONE and variant.state in DONE:
                values = base.objective[0], variant.objective[0]
                if values[0] is not None and values[1] is not None:
                    yield values[1] - values[0]

    def is_spent(self, count: int) -> bool:
        """Whether a further pair would take more than the budget, as the pairs before it took."""
        if self.budget is None or not count:
            return False
        spent = sum(entry.seconds or 0.0 for entry in self.entries)
        return spent + spent / count > self.budget

    def _extend(self) -> None:
        """Adds pairs while the answer is open, and as many are not under way yet."""
        if self.waiting or self.verdict() is not None:
            return
        open_pairs = sum(not all(e.state in DONE for e in pair) for pair in self.pairs)
        at_a_time = max(1, min(LEAST_PAIRS, self.launcher.slots // 2))
        wanted = max(LEAST_PAIRS - len(self.pairs), at_a_time - open_pairs)
        for _ in range(min(wanted, self.most_pairs - len(self.pairs))):
            self._add_pair()

    def _composed(self, entry: JobEntry) -> tuple[Job, ResolvedConfig]:
        job = self.folders.sweep.job(assignment_of(entry))
        return job, resolve_job(job, cache=self.cache)

    def _words(self, number: int) -> tuple[list[str], list[str]]:
        """What is particular to the two jobs of a pair."""
        seed = {"seed": str(self.first_seed + number)}
        changed = Assignment({**self.change.values, **seed})
        return Assignment(seed).overrides(), changed.overrides()

    def _add_pair(self) -> None:
        base, variant = (self._entry(words) for words in self._words(len(self.pairs)))
        self.pairs.append((base, variant))

    def _entry(self, words: list[str]) -> JobEntry:
        """The entry of a job, an earlier start's where there is one; it waits unless it is done."""
        entry = self.known.get(tuple(words))
        if entry is None:
            entry = JobEntry(words)
            self.folders.record.jobs.append(entry)
        if entry.state not in (*DONE, *FAILED, "running"):
            entry.state, entry.attempts = "pending", 0
            self.waiting.append(entry)
        return entry
