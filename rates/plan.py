"""The plan of a check, made before anything runs: variants, curves, levels and looks."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rates.catalogue import Located
from rates.claim import LEVELS, POWER, PROFILES, Check, Claim, Comparison, Control, Quantity, case_label
from rates.experiment import Pilot, knobs
from rates.expression import Number, exact
from rates.law import Direction
from rates.planning import Schedule, required_replicates, schedule, widened

_CONTROL_REACH = 4  # a control may ask for this many times the claim's replicates


class UsageError(ValueError):
    """Something was asked for that cannot be done; the message is one sentence."""


@dataclass(frozen=True)
class Options:
    """What a run is asked to do.

    `settings` are the `--set` values: a parameter of the case, or a knob of the experiment or curve.
    `family_level` is split over the claims from the start. `budget` is in seconds, for the run; `timeout` is for
    one call of an experiment or curve, None for no limit. `case` is the label of the one case to run: levels and
    looks stay those of all cases, so that its numbers are the same as in a whole run.
    """

    profile: str = "quick"
    settings: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
    seed: int = 0
    controls: bool = True
    budget: float | None = None
    family_level: float | None = None
    timeout: float | None = 600.0
    case: str | None = None

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise UsageError(f"unknown profile {self.profile!r}: use {', '.join(PROFILES)}")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise UsageError(f"a seed must be a whole number from 0 on, got {self.seed!r}")
        if self.budget is not None and not self.budget > 0:
            raise UsageError(f"a budget must be a positive number of seconds, got {self.budget!r}")
        if self.timeout is not None and not self.timeout > 0:
            raise UsageError(f"a timeout must be a positive number of seconds, got {self.timeout!r}")
        if self.family_level is not None and not 0 < self.family_level < 0.5:
            raise UsageError(f"a family level must lie between 0 and 0.5, got {self.family_level!r}")


@dataclass(frozen=True)
class Trial:
    """One variant (the claim itself, or a control) of one case, and the checks that it has to answer.

    `settings` are what experiment and curve get on top of the case. `measured` are the checks that need the
    experiment, `followed` those that need only the curve.
    """

    located: Located
    case: Mapping[str, Number]
    settings: Mapping[str, Any]
    control: Control | None
    measured: tuple[Check, ...]
    followed: tuple[Check, ...]
    schedule: Schedule
    alpha: float

    @property
    def parameters(self) -> dict[str, Number]:
        """What the law and its conditions see: the case, not the sabotage."""
        overrides = {} if self.control is not None else self.settings
        return self.located.claim.formula_parameters(self.case, overrides)

    @property
    def broken(self) -> str:
        """Why there is nothing to measure: a required condition that does not hold.

        A control may leave the region on purpose and is measured all the same, unless that is what it shows or
        the claim itself has nothing to measure.
        """
        settings = self.settings
        if self.control is not None and self.control.expect != "invalid":
            settings = {n: v for n, v in settings.items() if n not in self.control.set}
        return self.located.claim.broken(self.case, settings)

    @property
    def label(self) -> str:
        """The case as text."""
        return case_label(self.case)


@dataclass(frozen=True)
class ClaimPlan:
    """All trials of a claim, those of the claim itself first."""

    located: Located
    cases: tuple[Mapping[str, Number], ...]
    settings: Mapping[str, Any]
    alpha: float
    trials: tuple[Trial, ...]

    @property
    def replicates(self) -> int:
        """The most replicates that one case can ask for."""
        return max((t.schedule.looks[-1] for t in self.trials if t.measured and t.control is None), default=0)

    @property
    def seconds(self) -> float | None:
        """Seconds of one core at most: the claim to its last look, controls, which are clear, to their first.

        None without a pilot that timed it.
        """
        experiment = self.located.claim.experiment
        if experiment is None or experiment.pilot is None or not experiment.pilot.seconds:
            return None
        looks = [t.schedule.looks[0 if t.control else -1] for t in self.trials if t.measured]
        return sum(looks) * experiment.pilot.seconds


def plan(claims: Sequence[Located], options: Options) -> tuple[ClaimPlan, ...]:
    """Return the plan of every claim; UsageError for a setting that no claim knows or that is not a number."""
    _check_settings(claims, options.settings)
    alpha = LEVELS[options.profile]
    if options.family_level is not None:
        alpha = min(alpha, options.family_level / len(claims))
    return tuple(_named_plan(located, options, alpha) for located in claims)


def _named_plan(located: Located, options: Options, alpha: float) -> ClaimPlan:
    try:
        return _plan_claim(located, options, alpha)
    except ValueError as error:
        raise UsageError(f"{located.address}: {error}") from error


def _plan_claim(located: Located, options: Options, alpha: float) -> ClaimPlan:
    claim = located.claim
    cases, settings = _with_settings(claim, options.settings)
    checks = {case_label(case): claim.checks_for(case, options.profile) for case in cases}
    statistical = sum(len(_measured(found)) for found in checks.values())
    looks = _schedule(claim, [c for found in checks.values() for c in _measured(found)], alpha, max(statistical, 1))
    trials = [
        Trial(located, case, settings, None, _measured(found), _followed(found), looks, alpha)
        for case in cases
        for found in [checks[case_label(case)]]
    ]
    if options.controls:
        longer = _control_schedule(claim, looks, alpha)
        trials += _control_trials(located, cases, settings, options, longer, alpha)
    if options.case is not None:
        trials = [trial for trial in trials if trial.label == options.case]
        known = "; ".join(case_label(case) or "the only one, without a name" for case in cases)
        cases = tuple(case for case in cases if case_label(case) == options.case)
        if not cases:
            raise UsageError(f"there is no case {options.case!r}: known are {known}")
    return ClaimPlan(located, cases, settings, alpha, tuple(trials))


def _control_trials(
    located: Located, cases: Sequence[Mapping[str, Number]], settings: Mapping[str, Any], options: Options,
    looks: Schedule, alpha: float,
) -> Iterator[Trial]:  # fmt: skip
    for control in located.claim.controls:
        case, profile = _control_case(located.claim, control, cases, options.settings), options.profile
        found = [
            check
            for check in located.claim.checks_for(case, profile)
            if (check.comparison, check.quantity) == (control.comparison, control.quantity)
        ]
        if PROFILES.index(control.profile) > PROFILES.index(profile) or not (found or control.expect == "invalid"):
            continue
        turned = {**settings, **control.set}
        yield Trial(located, case, turned, control, _measured(found[:1]), _followed(found[:1]), looks, alpha)


def _control_case(
    claim: Claim, control: Control, cases: Sequence[Mapping[str, Number]], settings: Mapping[str, str]
) -> Mapping[str, Number]:
    """Return the case of a control with the settings of the run in it."""
    wanted = control.case if control.case is not None else claim.cases[0]
    names = {name for case in claim.cases for name in case}
    label = case_label({**wanted, **{n: v for n, v in settings.items() if n in names}})
    return next(case for case in cases if case_label(case) == label)


def _measured(checks: Sequence[Check]) -> tuple[Check, ...]:
    return tuple(c for c in checks if c.comparison is not Comparison.CURVE_LAW and not c.undecidable)


def _followed(checks: Sequence[Check]) -> tuple[Check, ...]:
    return tuple(c for c in checks if c.comparison is Comparison.CURVE_LAW and not c.undecidable)


def _schedule(claim: Claim, checks: Sequence[Check], alpha: float, results: int) -> Schedule:
    """Return the looks that give every check its planned power at exact agreement."""
    experiment = claim.experiment
    if experiment is None or experiment.deterministic:
        return Schedule((1,), alpha / results)
    if experiment.pilot is None or not checks:
        return schedule(None, alpha, results, experiment.block)
    pilot = experiment.pilot

    def required(level: float) -> int:
        return max(needed(check, claim, pilot, level) for check in checks)

    return schedule(required, alpha, results, experiment.block)


def _control_schedule(claim: Claim, looks: Schedule, alpha: float) -> Schedule:
    """Return the looks of a control: further than the claim's, since a sabotage may be noisier than the truth.

    A control answers one check, so its level is split over looks only; a clear one stops at the first.
    """
    if claim.experiment is None or claim.experiment.deterministic:
        return looks
    return schedule(_CONTROL_REACH * looks.looks[-1], alpha, 1, claim.experiment.block)


def needed(check: Check, claim: Claim, pilot: Pilot, level: float) -> int:
    """Return the replicates that give a check power 0.999 at exact agreement, with its tolerance as the room."""
    sd = pilot.slope if check.quantity is Quantity.SLOPE else pilot.level
    against_law = check.comparison is Comparison.EXPERIMENT_LAW or check.quantity is Quantity.BOUND
    direction = claim.law.direction if against_law else Direction.SHARP
    if check.margin.tolerance <= 0:
        raise UsageError(f"the margin of {check.name} has no tolerance, no number of replicates decides it")
    enough = required_replicates(sd, check.margin.tolerance, level, power=POWER, direction=direction)
    return enough if check.quantity is Quantity.SLOPE else widened(enough, level, pilot.skewness)


def _with_settings(
    claim: Claim, settings: Mapping[str, str]
) -> tuple[tuple[Mapping[str, Number], ...], dict[str, Any]]:
    """Return the cases with the settings that are parameters, each case once, and the knobs among the settings."""
    names = {name for case in claim.cases for name in case}
    cases: dict[str, Mapping[str, Number]] = {}
    for case in claim.cases:
        changed = {**case, **{n: v for n, v in settings.items() if n in names}}
        cases.setdefault(case_label(changed), changed)
    defaults = _knobs(claim)
    turned = {n: _converted(n, v, defaults[n]) for n, v in settings.items() if n in defaults and n not in names}
    return tuple(cases.values()), turned


def _knobs(claim: Claim) -> dict[str, Any]:
    turned = {name: value for function in claim.functions for name, value in knobs(function).items()}
    return {name: value for name, value in turned.items() if name not in ("device", "dtype")}


def _converted(name: str, text: str, default: Any) -> Any:
    if isinstance(default, str):
        return text
    try:
        value = exact(text)
    except ValueError as error:
        raise UsageError(f"--set {name}={text}: a number was expected") from error
    return bool(value) if isinstance(default, bool) else int(value) if value.is_integer else float(value)


def _check_settings(claims: Sequence[Located], settings: Mapping[str, str]) -> None:
    known = {name for item in claims for case in item.claim.cases for name in case}
    words = {n for item in claims for case in item.claim.cases for n, v in case.items() if not _is_number(v)}
    known |= {name for item in claims for name in _knobs(item.claim)}
    for name, text in settings.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known)) or 'none'}"
            raise UsageError(f"--set {name}: no claim here has a parameter of that name; {hint}")
        in_case = any(name in case for item in claims for case in item.claim.cases)
        if in_case and name not in words and not _is_number(text):
            raise UsageError(f"--set {name}={text}: a number was expected")


def _is_number(value: Number) -> bool:
    try:
        exact(value)
    except ValueError:
        return False
    return True
