"""Collecting: whole checks with fresh seeds in a few long-lived workers, for as long as there is time."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from rates.catalogue import Located, find, load
from rates.check import check
from rates.engines import EngineError, engine
from rates.environment import describe, single_thread
from rates.fingerprint import fingerprint
from rates.flake.records import ControlRow, Record, ResultRow, Writer
from rates.flake.schedule import Standing, next_claim, root_seed
from rates.flake.uniformity import p_values
from rates.plan import Options, plan
from rates.result import ClaimRun
from rates.tasks import sentence

_MOST_LOST = 3  # times in a row that workers are lost, and not one run comes back
_KILLED = "the run, alone, took its worker process down: it was killed or ran out of memory"


@dataclass(frozen=True)
class Ask:
    """One run for a worker."""

    origin: str
    address: str
    run: int
    seed: int
    profile: str
    fingerprint: str


def collect(
    path: Path,
    targets: Sequence[str] = (),
    *,
    study: str = "flake",
    profile: str = "quick",
    seconds: float = 3600.0,
    runs: int | None = None,
    jobs: int = 2,
    at_least: int = 20,
    tell: Callable[[str], None] = lambda _: None,
) -> int:
    """Add runs to the file until time is up or every claim has `runs` of them; return how many were added.

    What has begun when time is up is finished. Of runs that lost their worker each is run again alone, and one that
    loses it again is recorded as an error. StudyError, UnknownClaim, EngineError and ValueError carry one sentence.
    """
    if not study.strip():
        raise ValueError("the name of a study, from which its seeds are drawn, is empty")
    if not seconds >= 0:
        raise ValueError(f"the seconds must be a number from 0 on, got {seconds:g}")
    for what, number, least in (("most runs", runs, 1), ("least runs", at_least, 0)):
        if number is not None and number < least:
            raise ValueError(f"the {what} of a claim must be at least {least}, got {number}")
    located = {item.address: item for item in find(targets)}
    environment = describe() | {"jobs": jobs}
    with Writer(path, study, profile, {"environment": environment}) as writer:
        desk = _Desk(located, study, profile, writer.records)
        deadline, added, lost = time.monotonic() + seconds, 0, 0
        out: dict[Future[Record], Ask] = {}
        with engine("processes", jobs) as executor:
            while True:
                while len(out) < jobs and time.monotonic() < deadline:
                    ask = desk.next(at_least, runs)
                    if ask is None:
                        break
                    out[executor.submit(run_once, ask)] = ask
                if not out:
                    return added
                records, suspects = _finished(out)
                lost += bool(suspects)
                if lost > _MOST_LOST and not records:
                    last = suspects[-1].address
                    raise EngineError(f"workers were lost {lost} times in a row, the last time with a run of {last}")
                for record in chain(records, (_alone(executor, ask) for ask in suspects)):
                    lost, added = lost if record.error == _KILLED else 0, added + 1
                    writer.append(record)
                    desk.done(record)
                    tell(f"{record.claim} run {record.run}: {record.outcome}, {record.seconds:.1f} s")


def _finished(out: dict[Future[Record], Ask]) -> tuple[list[Record], list[Ask]]:
    """Wait, and take from `out` what has finished: the records, and the runs that lost their worker."""
    done = wait(out, return_when=FIRST_COMPLETED).done
    if any(isinstance(future.exception(), BrokenExecutor) for future in done):
        done = wait(out).done  # a pool that breaks fails all that is out, though not in one moment: that is one loss
    records, suspects = [], []
    for future in done:
        ask = out.pop(future)
        try:
            records.append(future.result())
        except BrokenExecutor:
            suspects.append(ask)
    return records, suspects


def _alone(executor: Executor, ask: Ask) -> Record:
    """Run what may have taken a worker down while nothing else runs; EngineError if no worker can be started."""
    try:
        executor.submit(os.getpid).result()
    except BrokenExecutor as error:
        raise EngineError(f"no worker process can be started: {sentence(error)}") from error
    start = time.monotonic()  # the time of a process that is gone is not known
    try:
        return executor.submit(run_once, ask).result()
    except BrokenExecutor:
        located = Located(ask.address, load(ask.origin, ask.address), ask.origin)
        alpha = plan([located], Options(profile=ask.profile, seed=ask.seed))[0].alpha
        return _broken(ask, is_random(located), alpha, time.monotonic() - start, _KILLED)


class _Desk:
    """What has been done and what is under way; the one thing that changes while a study goes on."""

    def __init__(self, located: dict[str, Located], study: str, profile: str, records: Sequence[Record]) -> None:
        self._located, self._study, self._profile = located, study, profile
        self._prints = {address: fingerprint(item.origin) for address, item in located.items()}
        self._taken: dict[str, set[int]] = defaultdict(set)
        self._seconds: dict[str, list[float]] = defaultdict(list)
        plans = plan(list(located.values()), Options(profile=profile))
        self._planned = {p.located.address: p.seconds or 0.0 for p in plans}
        for record in records:
            if record.fingerprint == self._prints.get(record.claim):
                self._taken[record.claim].add(record.run)
                self.done(record)

    def next(self, at_least: int, most: int | None) -> Ask | None:
        """Take the next run: of the claim whose turn it is, the first number that it has not."""
        address = next_claim([self._standing(name) for name in self._located], at_least, most)
        if address is None:
            return None
        run = next(i for i in count() if i not in self._taken[address])
        self._taken[address].add(run)
        seed = root_seed(self._study, run)
        return Ask(self._located[address].origin, address, run, seed, self._profile, self._prints[address])

    def done(self, record: Record) -> None:
        """Learn what a run costs."""
        self._seconds[record.claim].append(record.seconds)

    def _standing(self, address: str) -> Standing:
        spent = self._seconds[address]
        cost = sum(spent) / len(spent) if spent else self._planned[address]
        return Standing(address, is_random(self._located[address]), len(self._taken[address]), cost)


def is_random(located: Located) -> bool:
    """Return whether a seed can change anything about a claim."""
    experiment = located.claim.experiment
    return experiment is not None and not experiment.deterministic


def run_once(ask: Ask) -> Record:
    """Check one claim with one seed, in this process; what breaks down becomes an outcome."""
    start = time.process_time()  # of this process alone: what a run costs does not depend on the company
    located = Located(ask.address, load(ask.origin, ask.address), ask.origin)
    random = is_random(located)
    options = Options(profile=ask.profile, seed=ask.seed)
    planned = plan([located], options)[0]
    try:
        target = f"{ask.origin}:{located.claim.name}" if ask.origin.endswith(".py") else ask.address
        found = check(target, options=options, engine_name="serial", jobs=1, store=None).claims[0]
        with single_thread():
            uniform = p_values(planned, found.values)
    except Exception as error:
        return _broken(ask, random, planned.alpha, time.process_time() - start, sentence(error))
    results, controls = _rows(found)
    return Record(ask.address, ask.run, ask.seed, ask.fingerprint, random, planned.alpha, str(found.outcome),
                  time.process_time() - start, results, controls, uniform)  # fmt: skip


def _broken(ask: Ask, random: bool, alpha: float, seconds: float, error: str) -> Record:
    return Record(ask.address, ask.run, ask.seed, ask.fingerprint, random, alpha, "error", seconds, error=error)


def _rows(found: ClaimRun) -> tuple[tuple[ResultRow, ...], tuple[ControlRow, ...]]:
    results = tuple(
        ResultRow(r.case_label, r.comparison, r.quantity, str(r.outcome), r.estimate, r.interval, r.margin, r.alpha,
                  r.replicates, "" if r.outcome == "consistent" else r.reason)
        for r in found.results
    )  # fmt: skip
    controls = tuple(
        ControlRow(r.case_label, c.name, c.comparison, c.quantity, c.expected, str(c.outcome), c.as_expected,
                   c.replicates, "" if c.as_expected else c.reason)
        for r in found.results
        for c in r.controls
    )  # fmt: skip
    return results, controls
