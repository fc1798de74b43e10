"""Views: what every output (pages, Markdown, JUnit, terminal) asks of a run, read from its document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rates import result
from rates.result import Outcome, worst

Row = Mapping[str, Any]

_AMBIGUOUS = re.compile(r"__|--|_/|/_|-:|:-")
_UNJUDGED = (Outcome.PRE_ASYMPTOTIC, Outcome.UNDECIDABLE)
_SEVERITY = (Outcome.ERROR, Outcome.REFUTED, Outcome.INVALID, Outcome.INCONCLUSIVE, *_UNJUDGED, Outcome.CONSISTENT)


@dataclass(frozen=True)
class ClaimView:
    """One claim: its outcome, what the catalogue says about it, and its results."""

    address: str
    outcome: Outcome
    catalogue: Row
    results: tuple[Row, ...]
    history: tuple[Row, ...] = ()

    @property
    def chapter(self) -> str:
        """The first part of the address."""
        return re.split(r"[/:]", self.address, maxsplit=1)[0]

    @property
    def kinds(self) -> tuple[str, str, str]:
        """Form and direction of the law, and whether its experiment is statistical, deterministic or not there."""
        law, experiment = self.catalogue["law"], self.catalogue["experiment"]
        measured = [row for row in self.results if row["comparison"] != "curve-law"]
        if experiment is None and not measured:
            return law["form"], law["direction"], "curve-only"
        alone = experiment is None and max(row["replicates"] for row in measured) == 1
        exact = alone or (experiment is not None and experiment["numerical_error"] is not None)
        return law["form"], law["direction"], "deterministic" if exact else "statistical"

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices that it was measured on; a curve, which is always computed on the CPU, counts only if alone."""
        measured = [row for row in self.results if row["comparison"] != "curve-law"]
        return tuple(sorted({str(row["device"]) for row in measured or self.results}))

    @property
    def distance(self) -> float | None:
        """How far the headline's estimate is from its prediction, in margins; None where there is none."""
        row = self.headline
        if row is None or row["estimate"] is None or row["predicted"] is None or not row["margin"]:
            return None
        return abs(float(row["estimate"]) - float(row["predicted"])) / float(row["margin"])

    @property
    def slug(self) -> str:
        """A file name for the address."""
        return slug(self.address)

    @cached_property
    def cases(self) -> dict[str, tuple[Row, ...]]:
        """The results by case label, in the order of the run."""
        found: dict[str, list[Row]] = {}
        for row in self.results:
            found.setdefault(case_text(row), []).append(row)
        return {label: tuple(rows) for label, rows in found.items()}

    @property
    def controls(self) -> tuple[tuple[Row, Row], ...]:
        """Every control with the result that it belongs to."""
        return tuple((row, control) for row in self.results for control in row["controls"])

    @property
    def caught(self) -> int:
        """How many controls came out as expected."""
        return sum(bool(control["as_expected"]) for _, control in self.controls)

    @property
    def headline(self) -> Row | None:
        """The result that stands for the claim, as `rates.result.standing_for` says."""
        kinds = [(row["outcome"], row["comparison"], row["quantity"]) for row in self.results]
        index = result.standing_for(kinds, self.outcome)
        return None if index is None else self.results[index]

    @property
    def reason(self) -> str:
        """Why the claim is not consistent, in one sentence; empty where it is."""
        if self.outcome is Outcome.CONSISTENT:
            return ""
        missed = [f"“{control['name']}”" for _, control in self.controls if not control["as_expected"]]
        rows = [row for row in self.results if row["outcome"] == self.outcome]
        if not rows and missed:
            return f"cannot be told from: {', '.join(missed)}"
        if not rows:
            pending = sorted({row["outcome"] for row in self.results if row["outcome"] in _UNJUDGED})
            return f"no judged result involves the experiment{': ' + ', '.join(pending) if pending else ''}"
        first = min(rows, key=telling)
        where = f"{case_text(first)}: " if case_text(first) and len(self.cases) > 1 else ""
        return f"{where}{first['reason']}"

    @property
    def replicates(self) -> int:
        """The largest number of replicates of a result."""
        return max((int(row["replicates"]) for row in self.results), default=0)

    @property
    def seconds(self) -> float:
        """Seconds of the measurements, controls included; comparisons of one case share theirs."""
        measured = sum(max((float(row["seconds"]) for row in rows), default=0.0) for rows in self.cases.values())
        return measured + sum(float(control["seconds"]) for _, control in self.controls)

    @property
    def reproduce(self) -> str:
        """The command that reproduces the headline result."""
        return str(self.headline["reproduce"]) if self.headline else ""

    @property
    def commands(self) -> tuple[str, ...]:
        """Every command that reproduces a result, once, the headline's first."""
        found = [self.reproduce, *(str(row["reproduce"]) for row in self.results)]
        return tuple(dict.fromkeys(command for command in found if command))


@dataclass(frozen=True)
class Report:
    """A run as its document tells it."""

    document: Row
    claims: tuple[ClaimView, ...]

    @property
    def outcome(self) -> Outcome | None:
        """The worst outcome of a claim, None where nothing was judged."""
        return worst(claim.outcome for claim in self.claims)

    @property
    def counts(self) -> dict[Outcome, int]:
        """Number of claims by outcome, worst first, outcomes that occur only."""
        counts = {outcome: sum(claim.outcome is outcome for claim in self.claims) for outcome in _SEVERITY}
        return {outcome: count for outcome, count in counts.items() if count}

    def beside(self, claim: ClaimView) -> tuple[ClaimView | None, ClaimView | None]:
        """Return the claims before and after one, in the order of the run."""
        at = self.claims.index(claim)
        return self.claims[at - 1] if at else None, self.claims[at + 1] if at + 1 < len(self.claims) else None

    @property
    def worst_claim(self) -> ClaimView | None:
        """The claim to look at first, None where there are no claims."""
        return min(self.claims, key=lambda claim: _SEVERITY.index(claim.outcome), default=None)


def report_view(document: Row) -> Report:
    """Return the view of a valid document."""
    claims = []
    for address, outcome in document["claims"].items():
        rows = tuple(row for row in document["results"] if row["claim"] == address)
        history = tuple(document.get("history", {}).get(address, ()))
        claims.append(ClaimView(address, Outcome(outcome), document["catalogue"][address], rows, history))
    return Report(document, tuple(claims))


def slug(address: str) -> str:
    """Return a file name for an address, `ntk__averaged-sgd--risk`, with a hash where two could collide."""
    name = address.replace("/", "__").replace(":", "--")
    clean = re.sub(r"[^A-Za-z0-9_.-]", "-", name).lstrip(".-")[:120]
    if clean == name and not _AMBIGUOUS.search(address):
        return clean
    return f"{clean or 'claim'}-{hashlib.blake2b(address.encode(), digest_size=4).hexdigest()}"


def case_text(row: Row) -> str:
    """Return the case of a result as text, `d=2, r=3/4`."""
    return ", ".join(f"{name}={row['case'][name]}" for name in sorted(row["case"]))


def severity(outcome: str) -> int:
    """Return the rank of an outcome, 0 the worst, for sorting."""
    return _SEVERITY.index(Outcome(outcome))


def telling(row: Row) -> int:
    """Return the rank of a result among those of its claim, 0 for the one that a single line shows."""
    return result.telling(row["comparison"], row["quantity"])
