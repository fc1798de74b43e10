"""From the records of a study to its verdicts: wrong outcomes, each claim, inconclusives, uniformity."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from rates.claim import POWER
from rates.flake.counting import LEVEL, Rate, Uniformity, rate, uniformity
from rates.flake.records import ControlRow, PValue, Record, ResultRow, Study, StudyError, finite
from rates.holm import adjusted
from rates.result import Outcome

EXACT = 0.1  # a curve counts as exact where it is known to a tenth of the standard error
FEWEST = 8  # p-values that a distribution is asked for
_UNJUDGED = (Outcome.PRE_ASYMPTOTIC, Outcome.UNDECIDABLE)
_BROKEN = (Outcome.ERROR, Outcome.INVALID)


@dataclass(frozen=True)
class Verdict:
    """Whether one thing is as planned, in a sentence."""

    name: str
    ok: bool
    sentence: str


@dataclass(frozen=True)
class ClaimRow:
    """A claim over its runs, `wrong`, `undecided` and `errors` counting runs; p-values corrected over claims.

    `checks` and `controls` are those that are measured and judged in one run.
    """

    claim: str
    random: bool
    checks: int
    controls: int
    wrong: Rate
    undecided: Rate
    errors: int
    seconds: float
    p_wrong: float = 1.0
    p_undecided: float = 1.0


@dataclass(frozen=True)
class CheckRow:
    """The p-values of one check in one case; `exact_to` in standard errors, `p_holm` over all such rows."""

    claim: str
    case: str
    check: str
    exact_to: float
    found: Uniformity
    p_holm: float = 1.0


@dataclass(frozen=True)
class LeftOut:
    """A check whose p-values are not asked for, and why."""

    claim: str
    case: str
    check: str
    reason: str


@dataclass(frozen=True)
class Oddity:
    """Something in one run that was not consistent, with the seed that brings it back."""

    claim: str
    seed: int
    what: str
    outcome: str
    reason: str


@dataclass(frozen=True)
class Summary:
    """What a study came to; `set_aside` counts runs of earlier versions of the code."""

    study: str
    profile: str
    starts: tuple[Mapping[str, Any], ...]
    set_aside: int
    claims: tuple[ClaimRow, ...]
    refuted: Rate
    missed: Rate
    wrong: Rate
    checks: tuple[CheckRow, ...]
    pools: Mapping[str, Uniformity]
    left_out: tuple[LeftOut, ...]
    oddities: tuple[Oddity, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def ok(self) -> bool:
        """Whether all is as planned."""
        return all(verdict.ok for verdict in self.verdicts)


def summarise(study: Study, *, at_least: int = 20) -> Summary:
    """Return the summary of a study; StudyError where nothing was run, ValueError for a number that makes no sense."""
    if at_least < 0:
        raise ValueError(f"the least runs of a claim must be at least 0, got {at_least}")
    by_claim: dict[str, list[Record]] = defaultdict(list)
    last = {record.claim: record.fingerprint for record in study.records}
    for record in study.records:
        if record.fingerprint == last[record.claim]:
            by_claim[record.claim].append(record)
    if not by_claim:
        raise StudyError(f"the study {study.name!r} has no runs yet")
    claims = _corrected([_claim(records) for records in by_claim.values()])
    kept = [record for records in by_claim.values() for record in records]
    noisy = [record for record in kept if record.random]
    alpha = max(record.alpha for record in kept)
    judged = [control for record in noisy for control in record.controls if _measured_control(control)]
    checks, left_out, pools = _uniformity(by_claim)
    refuted = rate(sum(_refuted(r) for r in noisy), len(noisy), alpha)
    missed = rate(sum(map(_is_wrong, judged)), len(judged), alpha)
    wrong = rate(sum(map(is_wrong, noisy)), len(noisy), alpha)
    verdicts = (
        _coverage(claims, at_least), _pooled(wrong, claims), _each(claims), _decided(claims), _uniform(checks, pools),
    )  # fmt: skip
    oddities = tuple(oddity for record in kept for oddity in _oddities(record))
    return Summary(study.name, study.profile, study.starts, len(study.records) - len(kept), claims, refuted, missed,
                   wrong, checks, pools, left_out, oddities, verdicts)  # fmt: skip


def as_json(summary: Summary) -> str:
    """Return a summary as JSON text."""
    return json.dumps(finite({"schema": 1, "level": LEVEL} | asdict(summary)), ensure_ascii=False, indent=1) + "\n"


def is_wrong(record: Record) -> bool:
    """Return whether a run called something true refuted, or something false consistent."""
    return _refuted(record) or any(map(_is_wrong, record.controls))


def is_undecided(record: Record) -> bool:
    """Return whether a run left a check or a control open that it should have decided."""
    checks = any(row.outcome == Outcome.INCONCLUSIVE for row in record.results)
    return checks or any(_is_open(control) for control in record.controls)


def is_broken(record: Record) -> bool:
    """Return whether a run, or something in it, ended in an error or found its law inapplicable."""
    controls = any(c.outcome in _BROKEN and not c.as_expected for c in record.controls)
    return bool(record.error) or controls or any(row.outcome in _BROKEN for row in record.results)


def _refuted(record: Record) -> bool:
    return any(row.outcome == Outcome.REFUTED for row in record.results)


def _is_wrong(control: ControlRow) -> bool:
    """A sabotage that passes, or something that theory allows and that is refuted."""
    opposite = Outcome.CONSISTENT if control.expected == Outcome.REFUTED else Outcome.REFUTED
    return not control.as_expected and control.outcome == opposite


def _is_open(control: ControlRow) -> bool:
    return not control.as_expected and control.outcome not in _BROKEN and not _is_wrong(control)


def _measured(row: ResultRow) -> bool:
    return row.comparison != "curve-law" and row.outcome not in _UNJUDGED


def _measured_control(control: ControlRow) -> bool:
    return control.comparison != "curve-law" and control.replicates > 0 and control.outcome not in _UNJUDGED


def _claim(records: Sequence[Record]) -> ClaimRow:
    first = records[0]
    checks = max(sum(map(_measured, r.results)) for r in records)
    controls = max(sum(map(_measured_control, r.controls)) for r in records)
    promised = (checks + controls) * (1 - POWER)
    seconds = sum(r.seconds for r in records) / len(records)
    return ClaimRow(
        first.claim, first.random, checks, controls, rate(sum(map(is_wrong, records)), len(records), first.alpha),
        rate(sum(map(is_undecided, records)), len(records), promised), sum(map(is_broken, records)), seconds,
    )  # fmt: skip


def _corrected(rows: Sequence[ClaimRow]) -> tuple[ClaimRow, ...]:
    """Correct over the random claims; what has no randomness is no further chance of a false alarm."""
    noisy = [row for row in rows if row.random]
    names = [row.claim for row in noisy]
    wrong = dict(zip(names, adjusted([row.wrong.p for row in noisy]), strict=True))
    undecided = dict(zip(names, adjusted([row.undecided.p for row in noisy]), strict=True))
    return tuple(
        replace(
            row,
            p_wrong=wrong.get(row.claim, row.wrong.p),
            p_undecided=undecided.get(row.claim, row.undecided.p),
        )
        for row in rows
    )


def _uniformity(
    by_claim: Mapping[str, Sequence[Record]],
) -> tuple[tuple[CheckRow, ...], tuple[LeftOut, ...], dict[str, Uniformity]]:
    """Return each check's p-values, what is left out, and the pools.

    Runs are independent, and so are cases and claims: streams are named by claim and case. A level and a slope of
    one run share their noise, so each of them has a pool of its own, inside which all p-values are independent.
    """
    found: dict[tuple[str, str, str], list[PValue]] = defaultdict(list)
    for claim, records in by_claim.items():
        for p in (p for record in records for p in record.p_values):
            found[claim, p.case, p.check].append(p)
    rows, left_out = [], []
    pooled: dict[str, list[float]] = defaultdict(list)
    for (claim, case, check), values in found.items():
        numbers = [v.p for v in values if v.p is not None]
        exact_to = median([v.exact_to / v.standard_error for v in values if v.standard_error] or [float("inf")])
        reason = _why_not(values, len(numbers), exact_to)
        if reason:
            left_out.append(LeftOut(claim, case, check, reason))
            continue
        rows.append(CheckRow(claim, case, check, exact_to, uniformity(numbers)))
        pooled[check] += numbers
    p_holm = adjusted([row.found.p for row in rows])
    corrected = tuple(replace(row, p_holm=p) for row, p in zip(rows, p_holm, strict=True))
    return corrected, tuple(left_out), {check: uniformity(numbers) for check, numbers in pooled.items()}


def _why_not(values: Sequence[PValue], numbers: int, exact_to: float) -> str:
    without = [v.reason for v in values if v.p is None]
    if without:  # leaving out the runs that gave none would select
        return f"{len(without)} of {len(values)} runs give no p-value: {without[0]}"
    if exact_to > EXACT:
        return f"the curve is exact to {exact_to:.2g} standard errors only"
    return f"{numbers} runs are too few" if numbers < FEWEST else ""


def _coverage(claims: Sequence[ClaimRow], at_least: int) -> Verdict:
    short = [row.claim for row in claims if row.random and row.wrong.count < at_least]
    broken = [row.claim for row in claims if row.errors]
    noisy = [row.wrong.count for row in claims if row.random]
    sentence = (
        f"{sum(noisy)} runs of {len(noisy)} random claims, {min(noisy, default=0)} to {max(noisy, default=0)} each"
    )
    if short:
        sentence += f"; fewer than {at_least}: {', '.join(short)}"
    if broken:
        sentence += f"; errors: {', '.join(broken)}"
    return Verdict("coverage", not short and not broken and bool(noisy), sentence)


def _pooled(wrong: Rate, claims: Sequence[ClaimRow]) -> Verdict:
    fixed = sum(row.wrong.hits for row in claims if not row.random)
    low, high = wrong.interval
    sentence = (
        f"{wrong.hits} of {wrong.count} runs with a wrong outcome, a rate in [{low:.2%}, {high:.2%}] against"
        f" {wrong.nominal:.2%} nominal; {fixed} among claims without randomness"
    )
    return Verdict("wrong outcomes", wrong.p >= LEVEL and fixed == 0, sentence)


def _each(claims: Sequence[ClaimRow]) -> Verdict:
    above = [row for row in claims if row.p_wrong < LEVEL]
    names = ", ".join(f"{row.claim} ({row.wrong.hits} of {row.wrong.count})" for row in above)
    least = min(claims, key=lambda row: row.p_wrong)
    sentence = f"above its level: {names}" if above else f"no claim is above its level (smallest p {least.p_wrong:.2g})"
    return Verdict("each claim", not above, sentence)


def _decided(claims: Sequence[ClaimRow]) -> Verdict:
    noisy = [row for row in claims if row.random]
    hits, count = sum(row.undecided.hits for row in noisy), sum(row.undecided.count for row in noisy)
    planned = sum(row.undecided.count * row.undecided.nominal for row in noisy)
    above = [row.claim for row in claims if row.p_undecided < LEVEL]
    sentence = f"{hits} of {count} runs left something open, {planned:.1f} at most by plan"
    if above:
        sentence += f"; more often than planned: {', '.join(above)}"
    return Verdict("inconclusives", not above, sentence)


def _uniform(checks: Sequence[CheckRow], pools: Mapping[str, Uniformity]) -> Verdict:
    if not checks:
        return Verdict("uniformity", True, "not judged: no check has an exact curve and enough runs")
    level = LEVEL / 2  # for the checks, and as much for the pools: together they are one verdict
    off = [f"{row.claim} {row.check} ({row.case})" for row in checks if row.p_holm < level]
    pooled = adjusted([pool.p for pool in pools.values()])
    off += [f"all of {check}" for check, p in zip(pools, pooled, strict=True) if p < level]
    count = sum(pool.count for pool in pools.values())
    least = min(1.0, 2 * min([*pooled, *(row.p_holm for row in checks)]))
    state = f"not uniform: {', '.join(off)}" if off else f"uniform (smallest corrected p {least:.2g})"
    return Verdict("uniformity", not off, f"{count} p-values of {len(checks)} checks at fixed replicates are {state}")


def _oddities(record: Record) -> Iterable[Oddity]:
    if record.error:
        yield Oddity(record.claim, record.seed, "the run", "error", record.error)
    for row in record.results:
        if row.outcome not in (Outcome.CONSISTENT, *_UNJUDGED):
            what = f"{row.case}: {row.comparison} {row.quantity}"
            yield Oddity(record.claim, record.seed, what, row.outcome, row.reason)
    for control in record.controls:
        if not control.as_expected:
            what = f"{control.case}: control {control.name}"
            yield Oddity(record.claim, record.seed, what, control.outcome, control.reason)
