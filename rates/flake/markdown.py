"""The report of a study in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rates.flake.counting import LEVEL, TAILS, Rate, Uniformity
from rates.flake.summary import ClaimRow, Summary

_MOST_ODDITIES = 20


def as_markdown(summary: Summary) -> str:
    """Return the report: verdicts, pooled rates, a row a claim, the uniformity of p-values, and what was odd."""
    return "\n".join(_lines(summary)) + "\n"


def _lines(summary: Summary) -> Iterator[str]:
    yield f"## Flake rate: {'as planned' if summary.ok else 'NOT as planned'}"
    yield ""
    yield from _conditions(summary)
    yield ""
    yield from (f"- {'✓' if v.ok else '✗'} **{v.name}**: {v.sentence}" for v in summary.verdicts)
    yield ""
    yield (
        f"Each verdict has the level {LEVEL:g} (Holm over claims; for uniformity one half of it goes to the checks, the"
        " other to the pools); intervals are exact, 95 %."
    )
    yield ""
    yield "| wrong outcomes, pooled over the random claims | wrong | of | rate in | nominal |"
    yield "|---|---:|---:|---|---:|"
    yield _pooled("runs in which a true result is refuted", summary.refuted)
    yield _pooled("controls with the opposite outcome", summary.missed)
    yield _pooled("runs with either", summary.wrong)
    yield ""
    yield (
        "The controls of one run share its noise, so that the second interval is too narrow where anything is wrong;"
        " the others count independent runs. Nominal is the level of a claim in a run: a control comes on top."
    )
    yield ""
    yield from _claims(summary.claims)
    yield ""
    yield from _uniformity(summary)
    yield from _odd(summary)


def _conditions(summary: Summary) -> Iterator[str]:
    environment = summary.starts[-1].get("environment", {})
    commit = str(environment.get("commit") or "unknown")[:7] + (" with changes" if environment.get("dirty") else "")
    hours = sum(row.seconds * row.wrong.count for row in summary.claims) / 3600
    yield (
        f"Profile {summary.profile}, fresh root seeds drawn from the name `{summary.study}`, {hours:.1f} h of workers"
        f" ({environment.get('jobs', '?')} at a time, {environment.get('cpu', '?')}), commit {commit}."
    )
    if summary.set_aside:
        yield f"{summary.set_aside} runs of earlier versions of the code are set aside."


def _claims(rows: Sequence[ClaimRow]) -> Iterator[str]:
    yield "| claim | s a run | runs | wrong | p | inconclusive | planned at most | p | errors |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for row in rows:
        if row.random:
            yield (
                f"| `{row.claim}` | {row.seconds:.1f} | {row.wrong.count} | {row.wrong.hits} | {row.p_wrong:.2g}"
                f" | {row.undecided.hits} | {row.undecided.count * row.undecided.nominal:.2f}"
                f" | {row.p_undecided:.2g} | {row.errors} |"
            )
    fixed = [row for row in rows if not row.random]
    if fixed:
        failed = [f"`{row.claim}`" for row in fixed if row.wrong.hits or row.undecided.hits or row.errors]
        state = f"not consistent: {', '.join(failed)}" if failed else "all consistent"
        yield ""
        yield f"{len(fixed)} claims have no randomness: a seed changes nothing, one run is enough ({state})."
    yield ""
    yield (
        "A run is inconclusive if any of its checks or controls is left open; planned at most is"
        " (checks + controls) × 0.001 × runs, the power at exact agreement. p are exact binomial, Holm over claims."
    )


def _uniformity(summary: Summary) -> Iterator[str]:
    yield "### p-values against exact curves, at the replicates of the first look"
    yield ""
    yield f"| pool | p-values | distance | 99 % band | p | {' | '.join(f'below {t:g}' for t in TAILS)} |"
    yield f"|---|---:|---:|---:|---:|{'---|' * len(TAILS)}"
    yield from (_pool(check, pool) for check, pool in summary.pools.items())
    yield ""
    yield (
        "Two-sided, H₀: the deviation from the curve is 0. Runs, cases and claims have random streams of their own, so"
        " the p-values of a pool are independent; a level and a slope of one run are not, and are not pooled. The"
        " distance (Kolmogorov–Smirnov) is blind in the tails, which have columns of their own: the share of p-values"
        " with its interval."
    )
    yield ""
    yield "| claim | case | check | runs | curve exact to (s.e.) | distance | p | p (Holm) |"
    yield "|---|---|---|---:|---:|---:|---:|---:|"
    short = _short_cases(summary)
    for row in summary.checks:
        yield (
            f"| `{row.claim}` | {short[row.claim, row.case]} | {row.check} | {row.found.count} | {row.exact_to:.1g}"
            f" | {row.found.distance:.3f} | {row.found.p:.2g} | {row.p_holm:.2g} |"
        )
    if summary.left_out:
        yield ""
        yield "Left out:"
        yield ""
        yield from (
            f"- `{row.claim}`, {short[row.claim, row.case]}, {row.check}: {row.reason}" for row in summary.left_out
        )


def _short_cases(summary: Summary) -> dict[tuple[str, str], str]:
    """Return each case with only those parameters that tell the cases of its claim apart."""
    cases = {(row.claim, row.case) for row in summary.checks} | {(row.claim, row.case) for row in summary.left_out}
    short = {}
    for claim, case in cases:
        others = [set(label.split(", ")) for name, label in cases if name == claim]
        common = set.intersection(*others) if len(others) > 1 else set()
        short[claim, case] = ", ".join(part for part in case.split(", ") if part not in common)
    return short


def _odd(summary: Summary) -> Iterator[str]:
    if not summary.oddities:
        return
    yield ""
    yield "### What was not consistent"
    yield ""
    yield "Each comes back with `rates check CLAIM --seed SEED`."
    yield ""
    yield "| claim | seed | what | outcome | reason |"
    yield "|---|---:|---|---|---|"
    for row in summary.oddities[:_MOST_ODDITIES]:
        yield f"| `{row.claim}` | {row.seed} | {_cell(row.what)} | {row.outcome} | {_cell(row.reason)} |"
    if len(summary.oddities) > _MOST_ODDITIES:
        yield ""
        yield f"{len(summary.oddities) - _MOST_ODDITIES} more are in the JSON file."


def _pooled(what: str, found: Rate) -> str:
    return f"| {what} | {found.hits} | {found.count} | {_interval(found)} | {found.nominal:.2%} |"


def _pool(check: str, found: Uniformity) -> str:
    tails = " | ".join(f"{t.hits / t.count:.2%} {_interval(t)}" for t in found.tails)
    return f"| {check} | {found.count} | {found.distance:.3f} | {found.band:.3f} | {found.p:.2g} | {tails} |"


def _interval(found: Rate) -> str:
    return f"[{found.interval[0]:.2%}, {found.interval[1]:.2%}]"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
