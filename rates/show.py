"""What `rates show` and `--dry-run` print: a theorem as it is checked, and the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rates.catalogue import Located
from rates.claim import PROFILES, Check, Claim, Comparison, Quantity, case_label
from rates.cost import cost
from rates.expression import Number
from rates.law import Form
from rates.listing import console, table
from rates.plan import ClaimPlan, Options, needed, plan
from rates.planning import detectable_deviation

_EXPECTED = {"refuted": "must be refuted by", "consistent": "must stay consistent in",
             "invalid": "must come out invalid in", "faster": "must be faster than guaranteed in"}  # fmt: skip


def print_claim(located: Located, options: Options) -> None:
    """Print a theorem as it is checked, and the plan at the profile of the options."""
    claim, out = located.claim, console()
    out.print(f"[bold]{escape(located.address)}[/]\n")
    out.print(Padding(Text(claim.statement), (0, 0, 0, 2), expand=False))
    if claim.remark:
        out.print(Padding(Text(claim.remark, style="dim"), (1, 0, 0, 2), expand=False))
    out.print()
    facts = Table.grid(padding=(0, 2))
    for name, lines in _facts(claim):
        facts.add_row(Text(name, style="dim"), Text("\n".join(lines)))
    out.print(facts)
    if claim.checks:
        out.print(_checks(claim))
    if claim.controls:
        out.print(_controls(claim))
    [planned] = plan([located], options)
    for line in plan_lines(planned, options.profile):
        out.print(Text(line), soft_wrap=True)
    if claim.source.bibtex:
        out.print(Text(f"\n{claim.source.bibtex}"), soft_wrap=True)
    out.print()


def plan_lines(planned: ClaimPlan, profile: str) -> Iterator[str]:
    """Yield the plan of a claim: looks, level, replicates, what that costs, and what each check will be able to see."""
    claim = planned.located.claim
    measured = [t for t in planned.trials if t.measured]
    yield f"plan of the {profile} profile: level {planned.alpha:g}"
    if measured:
        looks = measured[0].schedule
        shown = ", ".join(str(look) for look in looks.looks)
        yield f"  looks at {shown} replicates, level {looks.alpha_look:.2g} for each result at each look"
        seconds = f", {_time(planned.seconds)} on one core with controls" if planned.seconds is not None else ""
        yield f"  at most {planned.replicates} replicates a case{seconds}"
        yield f"  that is {_cost(planned)}"
        yield from _detectable(planned)
    elif any(t.followed for t in planned.trials):
        yield "  nothing random: the curve is computed and followed"
        yield f"  that is {_cost(planned)}"
    left = sorted({f"{c.name} ({c.profile})" for c in claim.checks if not c.runs_in(profile) and not c.undecidable})
    left += [f"control {c.name} ({c.profile})" for c in claim.controls if _later(c.profile, profile)]
    if left:
        yield f"  left to other profiles: {', '.join(left)}"


def print_plans(plans: Sequence[ClaimPlan]) -> None:
    """Print what a run would measure, one line a claim, and what all of it costs."""
    made = table("claim", "cases", "controls", "looks", "replicates", "seconds", "level")
    for planned in plans:
        looks = next((t.schedule.looks for t in planned.trials if t.measured), ())
        controls = sum(t.control is not None for t in planned.trials)
        made.add_row(
            Text(planned.located.address), str(len(planned.cases)), str(controls), ", ".join(map(str, looks)) or "none",
            str(planned.replicates), _time(planned.seconds), f"{planned.alpha:g}",
        )  # fmt: skip
    out, timed, untimed = console(), cost(plans).seconds, cost(plans).untimed
    out.print(made)
    missing = f", without {_count(untimed, 'claim')} that no pilot timed" if untimed else ""
    out.print(Text(f"in all {_cost(*plans)}, {_time(timed)} on one core{missing}"), soft_wrap=True)


def _cost(*plans: ClaimPlan) -> str:
    """Return what plans cost, time apart."""
    price = cost(plans)
    size = f"{price.bytes / 1e6:.1f} MB" if price.bytes >= 1e5 else f"{price.bytes / 1e3:.1f} kB"
    rows, cells = _count(price.measurements, "measurement"), _count(price.cells, "cell")
    return f"{rows} of {cells} in {_count(price.calls, 'call')}, {size} in an empty store"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _facts(claim: Claim) -> Iterator[tuple[str, list[str]]]:
    law, experiment, curve = claim.law, claim.experiment, claim.curve
    yield "law", [f"{law}   ({law.form}, {law.direction})"]
    yield (
        "source",
        [
            str(claim.source).removeprefix("no paper; ")
            if claim.source.title or claim.source.statement
            else "none given"
        ],
    )
    if claim.conditions:
        yield (
            "conditions",
            [
                f"{c.text}   ({'required' if c.required else 'assumed by the source only'}){c.because}"
                for c in claim.conditions
            ],
        )
    yield "cases", [_case(claim, case) for case in claim.cases]
    if curve is not None:
        yield "curve", [curve.statement or curve.function.__name__]
    if experiment is not None:
        kind = "deterministic" if experiment.deterministic else f"batches of {experiment.block}"
        yield "experiment", [f"{experiment.measure.__name__} at {law.variable} = {_numbers(experiment.x)}, {kind}"]


def _case(claim: Claim, case: Mapping[str, Number]) -> str:
    label = case_label(case) or "the only one"
    given = claim.formula_parameters(case)
    try:
        if claim.law.form in (Form.PLATEAU, Form.IDENTITY):
            return f"{label}   → value {claim.law.level(given):.4g}"
        slope = claim.law.slope(given)
    except ValueError as error:
        return f"{label}   ({error})"
    exactly = "" if slope.is_integer else f" = {float(slope):.4g}"
    return f"{label}   → slope {slope}{exactly}"


def _checks(claim: Claim) -> Table:
    made = table("check", "margin", "made of", "window", "profile", title="checks")
    for check in claim.checks:
        margin, window = check.margin, check.x or (claim.experiment.x if claim.experiment else ())
        budget = f"tolerance {margin.tolerance:g}" + (f" + bias {margin.bias:g}" if margin.bias else "")
        only = f" where {check.only}" if check.only else ""
        decided = f"cannot be decided: {check.undecidable}" if check.undecidable else check.profile
        made_of = f"{budget} ({margin.note})" if margin.note else budget
        made.add_row(
            *(Text(cell) for cell in (check.name + only, f"{margin.total:g}", made_of, _numbers(window), decided))
        )
    return made


def _controls(claim: Claim) -> Table:
    made = table("control", "sets", "what must happen", title="controls")
    for control in claim.controls:
        changed = ", ".join(f"{name}={value}" for name, value in control.set.items())
        instead = f", giving {control.predicted:g}" if control.predicted is not None else ""
        where = f" at {case_label(control.case)}" if control.case is not None else ""
        must = f"{_EXPECTED[control.expect]} {control.comparison} {control.quantity}{where}{instead}"
        made.add_row(Text(control.name), Text(changed), Text(f"{must}: {control.why}" if control.why else must))
    return made


def _detectable(planned: ClaimPlan) -> Iterator[str]:
    """Yield, a check, the replicates that it needs and the deviation that the last look refutes with power 0.999."""
    claim = planned.located.claim
    experiment = claim.experiment
    if experiment is None or experiment.deterministic:
        return
    if experiment.pilot is None:
        yield "  no pilot was given, so that power is not known before"
        return
    for trial in [t for t in planned.trials if t.control is None and t.measured][:1]:
        for check in trial.measured:
            sd = experiment.pilot.slope if check.quantity is Quantity.SLOPE else experiment.pilot.level
            level, last = trial.schedule.alpha_look, trial.schedule.looks[-1]
            seen = detectable_deviation(sd, last, check.margin.total, level)
            yield (f"  {check.name}: {needed(check, claim, experiment.pilot, level)} replicates show agreement;"
                   f" {last} refute a deviation of {seen:.3g}{_against(check)} (power 0.999)")  # fmt: skip


def _against(check: Check) -> str:
    return " from the law" if check.comparison is Comparison.EXPERIMENT_LAW else " from the curve"


def _numbers(values: Sequence[float]) -> str:
    if len(values) <= 4:
        return ", ".join(f"{v:g}" for v in values)
    return f"{values[0]:g}, {values[1]:g}, …, {values[-1]:g} ({len(values)} points)"


def _later(profile: str, than: str) -> bool:
    return PROFILES.index(profile) > PROFILES.index(than)


def _time(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.2g} s" if seconds < 100 else f"{seconds:.0f} s"
