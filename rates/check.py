"""Checking claims: from the plan through the sweep to a run with its outcomes."""

from __future__ import annotations

import secrets
import shlex
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rates.catalogue import Located, find
from rates.claim import PROFILES, Check, Claim
from rates.engines import Elastic, require_engine
from rates.environment import check_device, describe, single_thread
from rates.history import counts, past, record
from rates.interrupt import terminable
from rates.plan import ClaimPlan, Options, UsageError, plan
from rates.result import ClaimRun, ControlResult, Outcome, Result, Run, claim_outcome
from rates.session import Event, Found, Session
from rates.settings import DEFAULT_STORE, cores
from rates.store import Store, StoreError
from rates.sweep import Sweeper, engine

FRESH = "fresh"


def check(
    claims: Claim | str | Sequence[Claim | str] = (),
    *,
    options: Options | None = None,
    engine_name: str = "processes",
    jobs: int | None = None,
    store: str | Path | None = DEFAULT_STORE,
    on_event: Callable[[Event], None] | None = None,
) -> Run:
    """Measure and decide claims, given as addresses, files or `Claim` objects (all of the catalogue if none).

    `store=None` keeps nothing. UsageError, UnknownClaim, BrokenCatalogue, StoreError, EngineError and
    ValueError carry one sentence each; Interrupted says what was kept.
    """
    start = time.perf_counter()
    chosen = options or Options()
    jobs = cores() if jobs is None else jobs
    check_device(chosen.device)
    require_engine(engine_name, jobs)
    located = locate(claims)
    if not located:
        raise UsageError("there is nothing to check")
    addresses = [item.address for item in located]
    twice = sorted({address for address in addresses if addresses.count(address) > 1})
    if twice:
        raise UsageError(f"two claims have the address {twice[0]}: give one of them another name")
    plans = plan(located, chosen)
    if any(not item.origin for item in located):
        engine_name, jobs = "serial", 1  # a claim that lives in this process only is measured here
    if all(not item.origin for item in located):
        store = None  # nothing of it could be recognised in a later run
    session = Session(plans, chosen, on_event or (lambda event: None))
    with Store.open(store) as kept:
        with terminable(), engine(engine_name, jobs) as executor:
            session.run(Sweeper(kept, executor, jobs, chosen.timeout))
        runs = tuple(_claim_run(p, session, chosen) for p in plans)
        with single_thread():  # as it was measured
            workers = executor.workers if isinstance(executor, Elastic) else jobs
            kind = engine_name.partition(":")[0]  # the address of a machine is not published
            environment = describe(chosen.device) | {"engine": kind, "jobs": workers}
        pages = {address: page for item in located for address, page in item.pages.items()}
        run = Run(runs, environment, chosen.profile, chosen.seed, chosen.device, time.perf_counter() - start, pages)
        return _with_history(kept, run, {p.located.address for p in plans if p.located.origin} - session.cut, chosen)


def _with_history(store: Store, run: Run, whole: Collection[str], options: Options) -> Run:
    """Return the run with what the store remembers of its claims; those of `whole` are remembered in their turn.

    A memory that cannot be written, on a full disk say, takes nothing from the run: the environment says so.
    """
    if not counts(options):
        whole = ()
    try:
        if not options.settings:  # with other parameters it is another question
            run = replace(run, claims=tuple(replace(c, history=past(store, c.address)) for c in run.claims))
        record(store, replace(run, claims=tuple(c for c in run.claims if c.address in whole)))
    except StoreError as error:
        return replace(run, environment={**run.environment, "history": f"not kept: {error}"})
    return run


def locate(claims: Claim | str | Sequence[Claim | str]) -> list[Located]:
    """Return claims with their addresses; a `Claim` object is called `memory:<name>`."""
    items: list[Any] = [claims] if isinstance(claims, Claim | str) or not isinstance(claims, Iterable) else list(claims)
    if not items:
        return find()
    given: dict[str, Located] = {}
    for item in items:
        if not isinstance(item, Claim | str):
            raise UsageError(f"claims are given as addresses, files or Claim objects, got {item!r}")
        if isinstance(item, Claim):
            found = given.setdefault(item.name, Located(f"memory:{item.name}", item, ""))
            if found.claim is not item:
                raise UsageError(f"two claims are named {item.name!r}: the name tells them apart")
    targets = [item for item in items if isinstance(item, str)]
    return [*given.values(), *(find(targets) if targets else [])]


def seed_from(text: str, option: str = "--seed") -> int:
    """Return a root seed: a whole number as given, or a new one for `fresh`; UsageError names the option."""
    if text == FRESH:
        return secrets.randbits(32)
    if not text.isdecimal():
        raise UsageError(f"{option} {text}: a whole number from 0 on, or fresh, was expected")
    return int(text)


def _claim_run(p: ClaimPlan, session: Session, options: Options) -> ClaimRun:
    claim = p.located.claim
    mine = [f for f in session.found if f.trial.located is p.located]
    reproduce = _reproduce(p.located, options)
    results: list[Result] = []
    values: dict[str, Any] = {}
    judged = any(claim.checks_for(case, options.profile) for case in p.cases)
    for found in (f for f in mine if f.trial.control is None):
        # Where the profile decides nothing of a claim, each of its checks says which profile does.
        checks = claim.checks_for(found.trial.case, options.profile if judged else PROFILES[-1])
        results += _results(claim, checks, found, mine, options, reproduce)
        if found.values is not None:
            values[found.trial.label] = found.values
    outcome = claim_outcome(results, has_experiment=claim.experiment is not None)
    return ClaimRun(p.located.address, claim, outcome, tuple(results), values)


def _results(
    claim: Claim, checks: Sequence[Check], found: Found, mine: Sequence[Found], options: Options, reproduce: str
) -> list[Result]:
    """Return one result a check for one case, in their order."""
    trial = found.trial
    left = sorted({f"{c.name} is decided in the {c.profile} profile" for c in claim.checks
                   if c.applies(trial.case) and c not in checks})  # fmt: skip
    notes = [f"assumed by the source, not met here: {c.text} ({c.given(trial.parameters)}){c.because}"
             for c in claim.conditions if not c.required and not c.holds(trial.parameters)]  # fmt: skip
    rows = []
    for check in checks:
        controls = tuple(
            _control_result(f, check)
            for f in mine
            if f.trial.control is not None and f.trial.label == trial.label and _answers(f, check)
        )
        rows.append(_result(claim, check, found, controls, (*notes, *left), options, reproduce))
    return rows


def _answers(found: Found, check: Check) -> bool:
    control = found.trial.control
    return control is not None and (control.comparison, control.quantity) == (check.comparison, check.quantity)


def _result(
    claim: Claim, check: Check, found: Found, controls: tuple[ControlResult, ...], notes: tuple[str, ...],
    options: Options, reproduce: str,
) -> Result:  # fmt: skip
    trial, experiment = found.trial, claim.experiment
    judged = found.judged.get(check.name)
    measured = check in trial.measured
    outcome, reason = _outcome(check, found, options.profile)
    return Result(
        claim=trial.located.address, case={n: str(v) for n, v in trial.case.items()},
        comparison=str(check.comparison), quantity=str(check.quantity), direction=str(claim.law.direction),
        form=str(claim.law.form), outcome=outcome, predicted=judged.predicted if judged else None,
        estimate=judged.estimate if judged else None, interval=judged.interval if judged else None,
        margin=check.margin.total, alpha=trial.schedule.alpha_look if measured else 0.0,
        replicates=0 if not measured or found.values is None else len(found.values),
        points=judged.points if judged else (), seconds=found.measure_seconds if measured else found.curve_seconds,
        device=experiment.runs_on(options.device) if experiment and measured else "cpu",
        dtype=experiment.dtype if experiment and measured else "float64", seed=options.seed,
        reason=reason, reproduce=reproduce, controls=controls,
        notes=(*notes, *(judged.notes if judged else ()), *((check.margin.note,) if check.margin.note else ())),
        local_slopes=judged.local_slopes if judged else (), faster=judged.decision.faster if judged else None,
        parts_off=(judged.parts_off or {}) if judged else {}, law=claim.law, parameters=trial.parameters,
    )  # fmt: skip


def _outcome(check: Check, found: Found, profile: str) -> tuple[Outcome, str]:
    if found.trial.broken:
        return Outcome.INVALID, found.trial.broken
    if check.undecidable:
        return Outcome.UNDECIDABLE, check.undecidable
    if not check.runs_in(profile):
        return Outcome.INCONCLUSIVE, f"this is decided in the {check.profile} profile: add --profile {check.profile}"
    if found.error is not None:
        return Outcome.ERROR, found.error
    judged = found.judged.get(check.name)
    if judged is None:
        return Outcome.INCONCLUSIVE, "nothing was measured"
    return judged.decision.outcome, judged.decision.reason


def _control_result(found: Found, check: Check) -> ControlResult:
    control = found.trial.control
    assert control is not None
    judged = found.judged.get(check.name)
    outcome, reason = _outcome(check, found, check.profile)
    faster = judged is not None and judged.decision.faster is not None
    # Where the check itself is not judged, neither are its controls: others have to carry the claim.
    unjudged = outcome in (Outcome.PRE_ASYMPTOTIC, Outcome.UNDECIDABLE)
    as_expected = unjudged or str(outcome) == control.expect or (control.expect == "faster" and faster)
    if not as_expected and control.expect == "refuted" and outcome is not Outcome.ERROR:
        reason = f"cannot be told from: {control.name}; {reason}"
    return ControlResult(
        name=control.name, expected=control.expect, outcome=outcome, comparison=str(control.comparison),
        quantity=str(control.quantity), estimate=judged.estimate if judged else None, reason=reason,
        interval=judged.interval if judged else None, predicted=control.predicted,
        replicates=0 if found.values is None else len(found.values), seconds=found.seconds,
        as_expected=as_expected,
    )  # fmt: skip


def _reproduce(located: Located, options: Options) -> str:
    """Return the one command that gives the same numbers again."""
    if not located.origin:
        given = {"profile": options.profile, "seed": options.seed, "family_level": options.family_level,
                 "case": options.case, "device": None if options.device == "cpu" else options.device,
                 "settings": dict(options.settings) or None}  # fmt: skip
        said = ", ".join(f"{name}={value!r}" for name, value in given.items() if value is not None)
        return f"Options({said}) on the claim {located.claim.name!r}"
    target = located.address
    if located.origin.endswith(".py"):
        file = Path(located.origin)
        shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else Path(file.name)
        target = f"{shown}:{located.claim.name}"
    words = ["rates", "check", target, "--profile", options.profile, "--seed", str(options.seed)]
    if options.family_level is not None:
        words += ["--family-level", repr(options.family_level)]
    if options.case is not None:
        words += ["--case", options.case]
    if options.device != "cpu":
        words += ["--device", options.device]
    for name, value in options.settings.items():
        words += ["--set", f"{name}={value}"]
    return shlex.join(words)
