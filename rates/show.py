"""What `rates list`, `rates show`, `--dry-run` and `rates store info` print."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rates.catalogue import Located
from rates.claim import PROFILES, Check, Claim, Comparison, Quantity, case_label
from rates.expression import Number
from rates.plan import ClaimPlan, Options, needed, plan
from rates.planning import detectable_deviation
from rates.store import Info

_EXPECTED = {"refuted": "must be refuted by", "consistent": "must stay consistent in",
             "invalid": "must come out invalid in", "faster": "must be faster than guaranteed in"}  # fmt: skip


def print_list(located: Sequence[Located]) -> None:
    """Print one line a claim: a table on a terminal, columns between tabs anywhere else."""
    rows = [(i.address, str(i.claim.law), str(i.claim.law.direction), _cited(i.claim), i.claim.source.evidence)
            for i in located]  # fmt: skip
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(row))
        return
    table = _table("claim", "law", "direction", "source", "evidence")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def print_claim(located: Located, options: Options) -> None:
    """Print a theorem as it is checked, and the plan at the profile of the options."""
    claim, console = located.claim, _console()
    console.print(f"[bold]{escape(located.address)}[/]\n")
    console.print(Padding(Text(claim.statement), (0, 0, 0, 2)))
    if claim.remark:
        console.print(Padding(Text(claim.remark, style="dim"), (1, 0, 0, 2)))
    console.print()
    facts = Table.grid(padding=(0, 2))
    for name, lines in _facts(claim):
        facts.add_row(Text(name, style="dim"), Text("\n".join(lines)))
    console.print(facts)
    if claim.checks:
        console.print(_checks(claim))
    if claim.controls:
        console.print(_controls(claim))
    [planned] = plan([located], options)
    for line in plan_lines(planned, options.profile):
        console.print(Text(line), soft_wrap=True)
    if claim.source.bibtex:
        console.print(Text(f"\n{claim.source.bibtex}"), soft_wrap=True)
    console.print()


def plan_lines(planned: ClaimPlan, profile: str) -> Iterator[str]:
    """Yield the plan of a claim: looks, level, replicates, seconds, and what each check will be able to see."""
    claim = planned.located.claim
    measured = [t for t in planned.trials if t.measured]
    yield f"plan of the {profile} profile: level {planned.alpha:g}"
    if measured:
        looks = measured[0].schedule
        shown = ", ".join(str(look) for look in looks.looks)
        yield f"  looks at {shown} replicates, level {looks.alpha_look:.2g} for each result at each look"
        yield f"  at most {planned.replicates} replicates a case, {_time(planned.seconds)} on one core with controls"
        yield from _detectable(planned)
    elif any(t.followed for t in planned.trials):
        yield "  nothing random: the curve is computed and followed"
    left = sorted({f"{c.name} ({c.profile})" for c in claim.checks if not c.runs_in(profile) and not c.undecidable})
    left += [f"control {c.name} ({c.profile})" for c in claim.controls if _later(c.profile, profile)]
    if left:
        yield f"  left to other profiles: {', '.join(left)}"


def print_plans(plans: Sequence[ClaimPlan]) -> None:
    """Print what a run would measure, one line a claim."""
    table = _table("claim", "cases", "controls", "looks", "replicates", "seconds", "level")
    for planned in plans:
        looks = next((t.schedule.looks for t in planned.trials if t.measured), ())
        controls = sum(t.control is not None for t in planned.trials)
        table.add_row(
            Text(planned.located.address), str(len(planned.cases)), str(controls), ", ".join(map(str, looks)) or "none",
            str(planned.replicates), _time(planned.seconds), f"{planned.alpha:g}",
        )  # fmt: skip
    _console().print(table)


def print_store(name: str, info: Info) -> None:
    """Print how much a store holds."""
    console = _console()
    console.print(Text(f"{name}: {info.measurements} measurements of {info.cells} cells, {info.bytes / 1e6:.1f} MB,"
                       f" {info.seconds:.0f} s of measuring"), soft_wrap=True)  # fmt: skip
    if info.created is not None:
        oldest, newest = (time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) for at in info.created)
        console.print(Text(f"from {oldest} to {newest}, {len(info.fingerprints)} versions of code"), soft_wrap=True)
    for claim, count in info.claims.items():
        console.print(Text(f"  {claim}  {count}"), soft_wrap=True)


def _facts(claim: Claim) -> Iterator[tuple[str, list[str]]]:
    law, experiment, curve = claim.law, claim.experiment, claim.curve
    yield "law", [f"{law}   ({law.form}, {law.direction})"]
    yield "source", [str(claim.source)]
    if claim.conditions:
        yield (
            "conditions",
            [
                f"{c.relation}   ({'required' if c.required else 'assumed by the source only'}){c.because}"
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
    try:
        slope = claim.law.slope(claim.formula_parameters(case))
    except ValueError as error:
        return f"{label}   ({error})"
    return f"{label}   → {claim.law.form} with slope {slope} = {float(slope):.4g}"


def _checks(claim: Claim) -> Table:
    table = _table("check", "margin", "made of", "window", "profile", title="checks")
    for check in claim.checks:
        margin, window = check.margin, check.x or (claim.experiment.x if claim.experiment else ())
        budget = f"tolerance {margin.tolerance:g}" + (f" + bias {margin.bias:g}" if margin.bias else "")
        only = f" where {check.only}" if check.only else ""
        decided = f"cannot be decided: {check.undecidable}" if check.undecidable else check.profile
        made_of = f"{budget} ({margin.note})" if margin.note else budget
        table.add_row(
            *(Text(cell) for cell in (check.name + only, f"{margin.total:g}", made_of, _numbers(window), decided))
        )
    return table


def _controls(claim: Claim) -> Table:
    table = _table("control", "sets", "what must happen", title="controls")
    for control in claim.controls:
        changed = ", ".join(f"{name}={value}" for name, value in control.set.items())
        instead = f", giving {control.predicted:g}" if control.predicted is not None else ""
        where = f" at {case_label(control.case)}" if control.case is not None else ""
        must = f"{_EXPECTED[control.expect]} {control.comparison} {control.quantity}{where}{instead}"
        table.add_row(Text(control.name), Text(changed), Text(f"{must}: {control.why}" if control.why else must))
    return table


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


def _cited(claim: Claim) -> str:
    source = claim.source
    names = [author.split()[-1] for author in source.authors.split(", ") if author]
    paper = f"{' & '.join(names[:2])}{' et al.' if len(names) > 2 else ''} {source.year or ''}".strip()
    return ", ".join(part for part in (paper, source.statement.partition(";")[0]) if part) or "no source"


def _numbers(values: Sequence[float]) -> str:
    if len(values) <= 4:
        return ", ".join(f"{v:g}" for v in values)
    return f"{values[0]:g}, {values[1]:g}, …, {values[-1]:g} ({len(values)} points)"


def _later(profile: str, than: str) -> bool:
    return PROFILES.index(profile) > PROFILES.index(than)


def _time(seconds: float | None) -> str:
    return "an unknown time" if seconds is None else f"{seconds:.2g} s" if seconds < 100 else f"{seconds:.0f} s"


def _table(*columns: str, title: str | None = None) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns if title is None else (title, *columns[1:]):
        table.add_column(column, overflow="fold")
    return table


def _console() -> Console:
    """Return a console that does not break lines where nobody looks at a terminal."""
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=160)
